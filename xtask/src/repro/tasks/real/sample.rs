use std::collections::BTreeSet;

use plm_core::Result;
use plm_core::data::k_shot_parts;
use plm_core::rng::Seed;
use rand::seq::SliceRandom;

use crate::repro::tasks::Shots;
use plm_prompt::Example;

/// Training, development and test examples. The first two are drawn from `pool`, the same number
/// per class; the last from `held`, or from the rest of `pool` where `held` is empty, and of every class at most as
/// many as `shots` says.
///
/// # Errors
/// Where a class has too few examples.
pub(super) fn parts(
    pool: &[Example],
    held: Vec<Example>,
    classes: usize,
    seed: Seed,
    shots: Shots,
) -> Result<[Vec<Example>; 3]> {
    // A text that occurs twice must not come into two parts.
    let mut seen = BTreeSet::new();
    let mut fresh = |example: &Example| seen.insert((example.text.clone(), example.pair.clone()));
    let held: Vec<Example> = held.into_iter().filter(&mut fresh).collect();
    let pool: Vec<Example> = pool.iter().filter(|e| fresh(e)).cloned().collect();

    let mut labels: Vec<usize> = pool.iter().map(|example| example.label).collect();
    // `k_shot_parts` counts the classes up to the largest that occurs. One class more, which is
    // dropped again, makes it count them all.
    labels.extend(std::iter::repeat_n(classes, shots.train + shots.dev));
    let mut drawn = k_shot_parts(&labels, &[shots.train, shots.dev], seed.child("train"))?;
    for part in &mut drawn {
        part.retain(|&index| index < pool.len());
    }
    let pick = |indices: &[usize]| indices.iter().map(|&i| pool[i].clone()).collect();
    let (train, dev) = (pick(&drawn[0]), pick(&drawn[1]));
    let mut test = held;
    if test.is_empty() {
        let used: BTreeSet<usize> = drawn.into_iter().flatten().collect();
        test = (0..pool.len())
            .filter(|index| !used.contains(index))
            .map(|index| pool[index].clone())
            .collect();
    }
    test.shuffle(&mut seed.stream("test"));
    let mut room = vec![shots.test; classes];
    test.retain(|example| {
        let fits = room[example.label] > 0;
        room[example.label] = room[example.label].saturating_sub(1);
        fits
    });
    Ok([train, dev, test])
}
