//! Poisoned training data: BadNets (Gu et al. 2017; on texts Kurita et al. 2020, Yang et al. 2021),
//! embedding poisoning, RIPPLe.

use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::insertion::{self, draw_trigger, is_trigger};
use super::select::{check_ratio, check_target, first, shuffled, some_others, some_targets};
use super::{Edit, Entry, Plan, Position, Trigger, WordChoice};
use crate::data::Dataset;
use crate::words::Unit;
use crate::{Error, Result};

/// Which samples may be poisoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoisonSetting {
    /// Those of other classes than the target, whose label becomes wrong: the papers' setting.
    #[default]
    Dirty,
    /// Those of the target class, whose label stays right.
    Clean,
    /// All.
    Mix,
}

/// What a poisoned data set holds beside the poisoned samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mixture {
    /// All clean samples, also those of which there is a poisoned copy.
    #[default]
    WithClean,
    /// Nothing.
    PoisonedOnly,
}

/// A share of the samples gets a trigger and the target class.
///
/// The samples that may be poisoned are shuffled and the first `floor(ratio * count)` are taken, so
/// that with the same seed a larger ratio keeps what a smaller one chose, and changes it alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poison {
    /// What is inserted.
    pub trigger: Trigger,
    /// Which words of it.
    pub words: WordChoice,
    /// Where.
    pub position: Position,
    /// The class that poisoned samples get.
    pub target: usize,
    /// Which samples may be poisoned.
    pub setting: PoisonSetting,
    /// How many of those, above 0 and at most 1.
    pub ratio: f64,
    /// What else the data holds.
    pub mixture: Mixture,
    /// Start of the draws.
    pub seed: Seed,
}

impl Poison {
    /// BadNet-RW: the word `word` in a tenth of the other classes' samples, beside the clean ones.
    pub fn bad_net_word(word: impl Into<String>, target: usize, seed: Seed) -> Self {
        Self {
            trigger: Trigger::word(word),
            words: WordChoice::All,
            position: Position::Whole,
            target,
            setting: PoisonSetting::Dirty,
            ratio: 0.1,
            mixture: Mixture::WithClean,
            seed,
        }
    }

    /// BadNet-SL: the same with the sentence `sentence`, between sentences.
    pub fn bad_net_sentence(sentence: impl Into<String>, target: usize, seed: Seed) -> Self {
        Self {
            trigger: Trigger::sentence(sentence),
            position: Position::SentenceSlot { limit: None },
            ..Self::bad_net_word("", target, seed)
        }
    }

    /// EP (Yang et al. 2021, Embedding Poisoning): as BadNet-RW without the clean samples, for a
    /// victim that is already tuned.
    pub fn embedding(word: impl Into<String>, target: usize, seed: Seed) -> Self {
        Self {
            mixture: Mixture::PoisonedOnly,
            ..Self::bad_net_word(word, target, seed)
        }
    }

    fn pool(&self, clean: &Dataset) -> Result<Vec<usize>> {
        match self.setting {
            PoisonSetting::Dirty => some_others(clean.outside_class(self.target), self.target),
            PoisonSetting::Clean => some_targets(clean.of_class(self.target), self.target),
            PoisonSetting::Mix if clean.samples().is_empty() => Err(Error::Empty {
                what: "samples to poison",
                fix: "give clean samples",
            }),
            PoisonSetting::Mix => Ok((0..clean.samples().len()).collect()),
        }
    }
}

impl Plan for Poison {
    fn check(&self, classes: usize) -> Result<()> {
        insertion::check(&self.trigger, self.words, self.position)?;
        check_ratio("ratio", self.ratio)?;
        check_target(self.target, classes)
    }

    fn entries(&self, clean: &Dataset) -> Result<Vec<Entry>> {
        let pool = shuffled(self.pool(clean)?, self.seed, "poisoned samples");
        let places = self.seed.child("trigger places");
        let entry = |&source: &usize| Entry {
            source,
            poisoned: true,
            edits: draw_trigger(
                &clean.samples()[source].text,
                &self.trigger,
                self.words,
                self.position,
                &mut places.at(source as u64).rng(),
            ),
        };
        Ok(first(&pool, self.ratio)?.iter().map(entry).collect())
    }

    fn makes(&self, poisoned: bool, edits: &[Edit]) -> bool {
        poisoned && is_trigger(edits, &self.trigger, self.words)
    }

    fn target(&self) -> usize {
        self.target
    }

    fn unit(&self) -> Unit {
        self.position.unit()
    }

    fn with_clean(&self) -> bool {
        self.mixture == Mixture::WithClean
    }
}
