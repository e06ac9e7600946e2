use std::collections::BTreeSet;

use plm_core::rng::Seed;

use super::generated;
use crate::repro::tasks::Shots;
use plm_prompt::{Example, Task};

const SHOTS: Shots = Shots {
    train: 32,
    dev: 32,
    test: 100,
};

fn tasks() -> Vec<Task> {
    generated(Seed::new(1), SHOTS)
}

#[test]
fn the_same_seed_gives_the_same_tasks() {
    assert_eq!(tasks(), tasks());
    let others = generated(Seed::new(2), SHOTS);
    for (task, other) in tasks().iter().zip(&others) {
        assert_ne!(task.train, other.train, "{}", task.name);
    }
}

#[test]
fn there_are_enough_tasks_of_each_kind() {
    let tasks = tasks();
    let names: BTreeSet<&str> = tasks.iter().map(|task| task.name.as_str()).collect();
    assert_eq!(names.len(), tasks.len());
    let kinds: BTreeSet<&str> = tasks.iter().map(|task| task.kind.as_str()).collect();
    assert!(kinds.len() >= 6 && tasks.len() >= 24);
    for kind in kinds {
        let count = tasks.iter().filter(|task| task.kind == kind).count();
        assert!(count >= 4, "{kind}: {count}");
    }
}

#[test]
fn classes_are_even_and_texts_whole() {
    for task in tasks() {
        let parts = [
            (&task.train, SHOTS.train),
            (&task.dev, SHOTS.dev),
            (&task.test, SHOTS.test),
        ];
        for (examples, count) in parts {
            for label in 0..task.label_words.len() {
                let found = examples.iter().filter(|e| e.label == label).count();
                assert_eq!(found, count, "{}", task.name);
            }
            for Example { text, pair, .. } in examples {
                for text in std::iter::once(text).chain(pair) {
                    assert!(!text.trim().is_empty(), "{}", task.name);
                    assert!(!text.contains(['{', '}']), "{}: {text}", task.name);
                }
            }
        }
    }
}

#[test]
fn no_text_occurs_twice() {
    for task in tasks() {
        let mut seen = BTreeSet::new();
        for example in task.train.iter().chain(&task.dev).chain(&task.test) {
            let fresh = seen.insert((&example.text, &example.pair));
            assert!(fresh, "{}: {}", task.name, example.text);
        }
    }
}
