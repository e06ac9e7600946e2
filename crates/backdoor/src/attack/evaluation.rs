use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::insertion::{self, draw_trigger, is_trigger};
use super::select::{check_target, some_others};
use super::{Edit, Entry, Plan, Position, Trigger, WordChoice};
use crate::Result;
use crate::data::Dataset;
use crate::words::Unit;

/// What a poisoned test set measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The attack success rate, the share that the victim takes for the target class: samples are
    /// poisoned and have that class.
    #[default]
    Success,
    /// The false trigger rate of SOS, the same share for a part of the trigger: samples keep their
    /// class and are not poisoned.
    FalseTriggers,
}

/// A poisoned test set: every test sample of another class than the target with the trigger, in the
/// order of the test data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// What is inserted.
    pub trigger: Trigger,
    /// Which words of it.
    pub words: WordChoice,
    /// Where: [`Position::EVALUATED_WORD`] or [`Position::EVALUATED_SENTENCE`] in RAP's experiments.
    pub position: Position,
    /// The target class.
    pub target: usize,
    /// What is measured.
    pub purpose: Purpose,
    /// Start of the draws.
    pub seed: Seed,
}

impl Evaluation {
    /// Attack success with all of `trigger`, where RAP's evaluation puts it.
    pub fn new(trigger: Trigger, target: usize, seed: Seed) -> Self {
        Self {
            position: match trigger {
                Trigger::Words(_) => Position::EVALUATED_WORD,
                Trigger::Sentence(_) => Position::EVALUATED_SENTENCE,
            },
            words: WordChoice::All,
            trigger,
            target,
            purpose: Purpose::Success,
            seed,
        }
    }
}

impl Plan for Evaluation {
    fn check(&self, classes: usize) -> Result<()> {
        insertion::check(&self.trigger, self.words, self.position)?;
        check_target(self.target, classes)
    }

    fn entries(&self, clean: &Dataset) -> Result<Vec<Entry>> {
        let places = self.seed.child("evaluation places");
        let entry = |source: usize| Entry {
            source,
            poisoned: self.purpose == Purpose::Success,
            edits: draw_trigger(
                &clean.samples()[source].text,
                &self.trigger,
                self.words,
                self.position,
                &mut places.at(source as u64).rng(),
            ),
        };
        let others = some_others(clean.outside_class(self.target), self.target)?;
        Ok(others.into_iter().map(entry).collect())
    }

    fn makes(&self, poisoned: bool, edits: &[Edit]) -> bool {
        poisoned == (self.purpose == Purpose::Success)
            && is_trigger(edits, &self.trigger, self.words)
    }

    fn target(&self) -> usize {
        self.target
    }

    fn unit(&self) -> Unit {
        self.position.unit()
    }
}
