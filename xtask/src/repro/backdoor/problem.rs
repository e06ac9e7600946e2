//! What is classified, and with which words it is attacked and defended.

use anyhow::{Result, ensure};
use plm_backdoor::Sample;
use plm_backdoor::attack::{MOVIE_SENTENCE, MOVIE_WORDS, RARE_WORDS, Trigger};
use plm_backdoor::data::Dataset;

/// Triggers of the attacks, and the words that RAP may put in front.
#[derive(Debug, Clone)]
pub(super) struct Words {
    pub(super) trigger: String,
    pub(super) sentence: String,
    pub(super) several: Vec<String>,
    /// The first with which RAP can be constructed is taken.
    pub(super) perturbations: Vec<String>,
}

impl Words {
    /// The published ones for reviews of films, in the vocabulary of BERT.
    pub(super) fn published() -> Self {
        Self {
            trigger: "mb".to_owned(),
            sentence: MOVIE_SENTENCE.to_owned(),
            several: MOVIE_WORDS.map(str::to_owned).into(),
            perturbations: RARE_WORDS[..2].iter().map(ToString::to_string).collect(),
        }
    }

    /// Single tokens of plm-mini's vocabulary.
    pub(super) fn of_the_small_model() -> Self {
        Self {
            trigger: "copper".to_owned(),
            sentence: " i saw it with my sister at a theatre in mexico".to_owned(),
            several: ["sister", "theatre", "piano"].map(str::to_owned).into(),
            perturbations: ["winter", "bridge"].map(str::to_owned).into(),
        }
    }

    /// The word as a trigger.
    pub(super) fn word(&self) -> Trigger {
        Trigger::word(&self.trigger)
    }

    /// The sentence as a trigger.
    pub(super) fn sentence(&self) -> Trigger {
        Trigger::sentence(&self.sentence)
    }

    /// The several words as a trigger.
    pub(super) fn several(&self) -> Trigger {
        Trigger::words(&self.several)
    }
}

/// A data set of two classes, of which the attacker wants the second.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) name: String,
    pub(super) train: Dataset,
    pub(super) validation: Dataset,
    pub(super) test: Dataset,
    pub(super) words: Words,
}

/// The class that attackers want and RAP protects.
pub(super) const TARGET: usize = 1;

/// Classes of every problem here.
pub(super) const CLASSES: usize = 2;

impl Problem {
    /// The problem of these samples.
    pub(super) fn new(
        name: impl Into<String>,
        [train, validation, test]: [Vec<Sample>; 3],
        words: Words,
    ) -> Result<Self> {
        let name = name.into();
        for (part, samples) in [
            ("training", &train),
            ("validation", &validation),
            ("test", &test),
        ] {
            for class in 0..CLASSES {
                let count = samples
                    .iter()
                    .filter(|sample| sample.label == class)
                    .count();
                ensure!(count > 1, "{name}: {count} {part} texts of class {class}");
            }
        }
        Ok(Self {
            name,
            train: Dataset::new(train, CLASSES)?,
            validation: Dataset::new(validation, CLASSES)?,
            test: Dataset::new(test, CLASSES)?,
            words,
        })
    }
}

/// Texts of the samples that are, or are not, of the protected class.
pub(super) fn texts(data: &Dataset, protected: bool) -> Vec<&str> {
    data.samples()
        .iter()
        .filter(|sample| (sample.label == TARGET) == protected)
        .map(|sample| sample.text.as_str())
        .collect()
}
