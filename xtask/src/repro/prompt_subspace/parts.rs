//! Which tasks the search sees, and which examples measure what it found.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use plm_core::rng::Seed;
use plm_prompt::{Example, Task};
use rand::seq::SliceRandom;

use crate::repro::prompt::lab::Prepared;

/// `task` without the test examples whose texts `first`, the same task as the search and its prompt saw it,
/// has to train or to choose with: where a set has no test file, both are drawn from one file.
///
/// # Errors
/// Where no test example is left.
pub(super) fn unmet(task: &Task, first: &Task) -> Result<Task> {
    fn texts(example: &Example) -> (&str, Option<&str>) {
        (example.text.as_str(), example.pair.as_deref())
    }
    let met: BTreeSet<_> = first.train.iter().chain(&first.dev).map(texts).collect();
    let mut task = task.clone();
    task.test.retain(|example| !met.contains(&texts(example)));
    ensure!(
        !task.test.is_empty(),
        "task `{}`: the first draw has all other test examples",
        task.name
    );
    Ok(task)
}

/// Places of seen and unseen tasks: of shuffled kinds one task each is unseen, up to `count`; a kind
/// keeps at least one task.
pub(super) fn split(tasks: &[Prepared], count: usize, seed: Seed) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..tasks.len()).collect();
    order.shuffle(&mut seed.stream("unseen tasks"));
    let mut unseen: Vec<usize> = Vec::new();
    for &place in &order {
        let kind = &tasks[place].label.kind;
        let taken = unseen.iter().any(|&other| tasks[other].label.kind == *kind);
        let members = tasks.iter().filter(|task| task.label.kind == *kind).count();
        if unseen.len() < count && !taken && members > 1 {
            unseen.push(place);
        }
    }
    unseen.sort_unstable();
    let seen = (0..tasks.len()).filter(|place| !unseen.contains(place));
    (seen.collect(), unseen)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Texts = (&'static str, Option<&'static str>);

    fn examples(texts: &[Texts]) -> Vec<Example> {
        let example = |&(text, pair): &Texts| Example {
            text: text.to_owned(),
            pair: pair.map(str::to_owned),
            label: 0,
        };
        texts.iter().map(example).collect()
    }

    #[test]
    fn other_test_examples_are_none_that_the_search_had() {
        let draw = |train: &[Texts], dev: &[Texts], test: &[Texts]| Task {
            name: "films".to_owned(),
            kind: "sentiment".to_owned(),
            label_words: vec!["bad".to_owned()],
            train: examples(train),
            dev: examples(dev),
            test: examples(test),
        };
        let first = draw(
            &[("a", None), ("b", Some("x"))],
            &[("c", None)],
            &[("d", None)],
        );
        let other = draw(
            &[("a", None)],
            &[("e", None)],
            &[
                ("a", None),
                ("b", Some("x")),
                ("b", Some("y")),
                ("c", None),
                ("d", None),
            ],
        );
        let found = unmet(&other, &first).unwrap();
        // What the first draw only measured on may be measured on again; a text is that of both parts.
        assert_eq!(found.test, examples(&[("b", Some("y")), ("d", None)]));
        assert_eq!((found.train, found.dev), (other.train, other.dev));
        let none = draw(&[], &[], &[("c", None)]);
        let error = unmet(&none, &first).unwrap_err().to_string();
        assert!(error.contains("films"), "{error}");
    }
}
