use serde::{Deserialize, Serialize};

use super::{DataFree, Edit, Entry, Evaluation, Operation, Poison, Sos};
use crate::data::Dataset;
use crate::manifest::Manifest;
use crate::words::Unit;
use crate::{Poisoned, Result};

/// The settings of any attack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attack {
    /// Texts of training data with a trigger.
    Poison(Poison),
    /// Texts with all or all but one of several words.
    Sos(Sos),
    /// Fake texts with a word in place of another.
    DataFree(DataFree),
    /// Texts of test data with a trigger.
    Evaluation(Evaluation),
}

/// A poisoned data set.
#[derive(Debug, Clone, PartialEq)]
pub struct PoisonedSet {
    /// The samples: clean ones where the attack keeps them, then those that it made.
    pub samples: Vec<Poisoned>,
    /// From what the same samples can be made again.
    pub manifest: Manifest,
}

/// What an attack does to data, without the texts.
pub(crate) trait Plan {
    /// Whether the settings are within their limits, for data of `classes` classes.
    fn check(&self, classes: usize) -> Result<()>;

    /// What is made from `clean`. The settings have been checked.
    fn entries(&self, clean: &Dataset) -> Result<Vec<Entry>>;

    /// Whether `edits` could be those of a sample of this attack, apart from their places.
    fn makes(&self, poisoned: bool, edits: &[Edit]) -> bool;

    /// Class of the poisoned samples.
    fn target(&self) -> usize;

    /// What places count.
    fn unit(&self) -> Unit;

    /// What an edit does.
    fn operation(&self) -> Operation {
        Operation::Insert
    }

    /// Whether the clean samples come first.
    fn with_clean(&self) -> bool {
        false
    }

    /// How many samples at most are made from one.
    fn uses(&self) -> usize {
        1
    }
}

impl Attack {
    pub(crate) fn plan(&self) -> &dyn Plan {
        match self {
            Self::Poison(poison) => poison,
            Self::Sos(sos) => sos,
            Self::DataFree(data_free) => data_free,
            Self::Evaluation(evaluation) => evaluation,
        }
    }

    /// The poisoned data that the attack makes from `clean`.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting), [`Error::Target`](crate::Error::Target) or
    /// [`Error::Trigger`](crate::Error::Trigger) for settings out of their limits,
    /// [`Error::NoTarget`](crate::Error::NoTarget), [`Error::NoOther`](crate::Error::NoOther) or
    /// [`Error::NothingPoisoned`](crate::Error::NothingPoisoned) where `clean` has too few samples of
    /// a kind.
    pub fn run(&self, clean: &Dataset) -> Result<PoisonedSet> {
        self.plan().check(clean.classes())?;
        let entries = self.plan().entries(clean)?;
        let manifest = Manifest::new(self.clone(), clean, entries);
        Ok(PoisonedSet {
            samples: manifest.apply(clean)?,
            manifest,
        })
    }
}

macro_rules! attack {
    ($($name:ident),*) => {$(
        impl From<$name> for Attack {
            fn from(attack: $name) -> Self {
                Self::$name(attack)
            }
        }

        impl $name {
            /// The poisoned data that it makes from `clean`.
            ///
            /// # Errors
            /// As [`Attack::run`].
            pub fn run(&self, clean: &Dataset) -> Result<PoisonedSet> {
                Attack::from(self.clone()).run(clean)
            }
        }
    )*};
}

attack!(Poison, Sos, DataFree, Evaluation);
