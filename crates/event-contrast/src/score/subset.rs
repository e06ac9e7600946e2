//! Parts of the training data, for low-data curves.

use std::collections::BTreeMap;

use plm_core::rng::Seed;
use rand::seq::SliceRandom;

use crate::{Error, Result};

/// The positions of a share of the examples in which classes keep their proportions, ascending.
///
/// The share is rounded to whole examples, at least one. Each class has at least one where there are
/// as many examples as classes, else the largest classes have one each. Which examples of a class
/// are drawn depends on the seed and on the class's place among the classes; with the same seed a
/// class's examples of a smaller share are among those of a larger one if it gets no fewer there.
///
/// # Errors
/// [`Error::Core`] where there is no example or the share is not above 0 and at most 1.
pub fn stratified_subset<L: Ord>(labels: &[L], share: f64, seed: Seed) -> Result<Vec<usize>> {
    if labels.is_empty() {
        return Err(Error::invalid(
            "labels",
            "none; give the labels of the examples",
        ));
    }
    if !(share > 0.0 && share <= 1.0) {
        let reason = format!("{share}; must be above 0 and at most 1");
        return Err(Error::invalid("share", reason));
    }
    let mut classes: BTreeMap<&L, Vec<usize>> = BTreeMap::new();
    for (at, label) in labels.iter().enumerate() {
        classes.entry(label).or_default().push(at);
    }
    let sizes: Vec<usize> = classes.values().map(Vec::len).collect();
    let total = ((share * labels.len() as f64).round() as usize).clamp(1, labels.len());
    let counts = apportion(&sizes, total);
    let mut drawn = Vec::with_capacity(total);
    for ((class, mut members), count) in classes.into_values().enumerate().zip(counts) {
        members.shuffle(&mut seed.at(class as u64).stream("low-data subset"));
        drawn.extend_from_slice(&members[..count]);
    }
    drawn.sort_unstable();
    Ok(drawn)
}

/// `total` examples divided among classes of these sizes in proportion, at least one each if there
/// are enough.
fn apportion(sizes: &[usize], total: usize) -> Vec<usize> {
    let n: usize = sizes.iter().sum();
    let due = |class: usize| total as f64 * sizes[class] as f64 / n as f64;
    if total < sizes.len() {
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by_key(|&class| std::cmp::Reverse(sizes[class]));
        let mut counts = vec![0; sizes.len()];
        order[..total].iter().for_each(|&class| counts[class] = 1);
        return counts;
    }
    let mut counts: Vec<usize> = (0..sizes.len())
        .map(|class| (due(class) as usize).clamp(1, sizes[class]))
        .collect();
    let mut sum: usize = counts.iter().sum();
    while sum != total {
        // One more where most is lacking, or one less where most is to spare.
        let (step, sign) = if sum < total { (1, 1.0) } else { (-1, -1.0) };
        let changeable = |&class: &usize| match step {
            1 => counts[class] < sizes[class],
            _ => counts[class] > 1,
        };
        let need = |class: usize| sign * (due(class) - counts[class] as f64);
        let Some(class) = (0..sizes.len())
            .filter(changeable)
            .reduce(|a, b| if need(b) > need(a) { b } else { a })
        else {
            break;
        };
        counts[class] = counts[class].saturating_add_signed(step);
        sum = sum.saturating_add_signed(step);
    }
    counts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shares_are_as_worked_by_hand() {
        assert_eq!(apportion(&[60, 30, 10], 10), [6, 3, 1]);
        // 4.5, 4.5, 1: the first of the two halves.
        assert_eq!(apportion(&[45, 45, 10], 10), [5, 4, 1]);
        // The small classes take theirs from the large one.
        assert_eq!(apportion(&[97, 1, 1, 1], 5), [2, 1, 1, 1]);
        assert_eq!(apportion(&[5, 9, 9], 2), [0, 1, 1]);
        assert_eq!(apportion(&[3, 2], 5), [3, 2]);
    }

    #[test]
    fn seeds_decide_which() {
        let labels: Vec<u32> = (0..1_000).map(|at| at % 4).collect();
        let draw = |share, seed| stratified_subset(&labels, share, Seed::new(seed)).unwrap();
        assert_eq!(draw(0.1, 1), draw(0.1, 1));
        assert_ne!(draw(0.1, 1), draw(0.1, 2));
        let large = draw(0.3, 1);
        assert!(draw(0.1, 1).iter().all(|at| large.contains(at)));
        assert_eq!(draw(1.0, 1), (0..1_000).collect::<Vec<_>>());
        assert_eq!(draw(1e-9, 1).len(), 1);
        for share in [0.0, -0.5, 1.5, f64::NAN] {
            assert!(stratified_subset(&labels, share, Seed::new(0)).is_err());
        }
        assert!(stratified_subset::<u8>(&[], 0.5, Seed::new(0)).is_err());
    }

    proptest! {
        #[test]
        fn classes_keep_their_proportions(
            labels in prop::collection::vec(0..6_u8, 1..80),
            share in 0.01..=1.0_f64,
            seed in 0..50_u64,
        ) {
            let drawn = stratified_subset(&labels, share, Seed::new(seed)).unwrap();
            let total = ((share * labels.len() as f64).round() as usize).max(1);
            prop_assert_eq!(drawn.len(), total);
            prop_assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]));
            let classes: std::collections::BTreeSet<_> = labels.iter().collect();
            let reached: std::collections::BTreeSet<_> = drawn.iter().map(|&at| labels[at]).collect();
            prop_assert_eq!(reached.len(), classes.len().min(total));
        }
    }
}
