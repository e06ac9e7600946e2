//! Generated few-shot tasks of several kinds.
//!
//! Tasks of one kind share their label words, or words of the same sort, and the decision to be
//! made, so that a prompt that was tuned for one can serve another; kinds share neither. Training
//! and test texts draw their content words from disjoint halves of the lists wherever the words
//! decide: a prompt has to get at what the model knows of words, not at the words themselves.

mod draw;
mod emotion;
mod gender;
mod number;
mod order;
mod pairs;
mod question;
mod reply;
mod sentiment;
mod tense;
#[cfg(test)]
mod tests;
mod topic;
mod words;

use std::collections::BTreeSet;

use plm_core::rng::Seed;

use crate::repro::tasks::Shots;
use draw::{Draw, Half, Text};
use plm_prompt::{Example, Task};

/// How often a text is drawn again that has been drawn before.
const TRIES: usize = 200;

/// How the texts of a task are written.
struct Recipe {
    name: &'static str,
    kind: &'static str,
    label_words: &'static [&'static str],
    /// Writes a text of a class.
    write: fn(usize, &mut Draw) -> Text,
}

/// All recipes, kind by kind.
fn recipes() -> impl Iterator<Item = &'static Recipe> {
    [
        sentiment::RECIPES,
        topic::RECIPES,
        question::RECIPES,
        gender::RECIPES,
        order::RECIPES,
        tense::RECIPES,
        number::RECIPES,
        emotion::RECIPES,
        reply::RECIPES,
        pairs::RECIPES,
    ]
    .into_iter()
    .flatten()
}

/// All generated tasks, by `seed`. Within a task no text occurs twice, unless its word lists give
/// fewer texts than `shots` asks for.
pub(in crate::repro) fn generated(seed: Seed, shots: Shots) -> Vec<Task> {
    recipes()
        .map(|recipe| recipe.task(seed.child(recipe.name), shots))
        .collect()
}

impl Recipe {
    fn task(&self, seed: Seed, shots: Shots) -> Task {
        let mut seen = BTreeSet::new();
        let mut part = |name, half, count| {
            let mut draw = Draw::new(half, seed.stream(name));
            self.examples(count, &mut draw, &mut seen)
        };
        Task {
            name: self.name.to_owned(),
            kind: self.kind.to_owned(),
            label_words: self.label_words.iter().map(|&w| w.to_owned()).collect(),
            train: part("train", Half::Train, shots.train),
            dev: part("dev", Half::Train, shots.dev),
            test: part("test", Half::Test, shots.test),
        }
    }

    /// `count` examples of each class; classes take turns.
    fn examples(
        &self,
        count: usize,
        draw: &mut Draw,
        seen: &mut BTreeSet<(String, Option<String>)>,
    ) -> Vec<Example> {
        let classes = self.label_words.len();
        let mut fresh = |class| {
            let mut tries = 0;
            loop {
                let Text(text, pair) = (self.write)(class, draw);
                tries += 1;
                if seen.insert((text.clone(), pair.clone())) || tries == TRIES {
                    return Text(text, pair).with_label(class);
                }
            }
        };
        (0..count * classes).map(|i| fresh(i % classes)).collect()
    }
}
