//! What a defense is made of, and its file.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use plm_core::data::open;
use plm_core::nn::Ffn;
use serde::{Deserialize, Serialize};

use super::construct::word_ids;
use super::{Construction, drops};
use crate::model::Victim;
use crate::{Calibration, Error, Result, Scored, Threshold, versioned};

/// Version of the format.
const VERSION: u32 = 1;

/// How far logarithms of probabilities may lie apart on another device or in half precision.
const TOLERANCE: f64 = 0.05;

/// Probabilities below this count as this.
const LEAST: f64 = 1e-6;

/// The defense of one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protection {
    /// The perturbation.
    pub made: Construction,
    /// Inputs whose probability of the class drops by less are rejected.
    pub threshold: Threshold,
    /// Probabilities that the model gives to the perturbation without a text. Another model gives others,
    /// which is how a defense of another model is told.
    pub answer: Vec<f64>,
    /// Tokens that the victim cuts texts to: the threshold is of texts that are cut so.
    pub max_length: usize,
}

impl Protection {
    /// The defense of the class that `made` protects, with a threshold that rejects `level` percent of
    /// `texts`, clean validation texts of that class, of which those count that are predicted as it.
    ///
    /// # Errors
    /// [`Error::Empty`] where no text is predicted as the class, [`Error::Threshold`] where the threshold is
    /// not above 0, [`Error::Setting`] for a level out of 0 to 100, and those of the victim.
    pub fn calibrated<F: Ffn>(
        victim: &mut Victim<F>,
        made: Construction,
        texts: &[&str],
        level: f64,
    ) -> Result<Self> {
        let drops = drops(victim, texts, &made)?;
        Self::from_drops(victim, made, &drops, level)
    }

    /// [`Protection::calibrated`] where the `drops` of those texts under `made` are known.
    ///
    /// # Errors
    /// Those of [`Protection::calibrated`].
    pub fn from_drops<F: Ffn>(
        victim: &mut Victim<F>,
        made: Construction,
        drops: &[Scored],
        level: f64,
    ) -> Result<Self> {
        Ok(Self {
            threshold: Calibration::new(drops)?.drop_threshold(level)?,
            answer: answer(victim, &made)?,
            max_length: victim.max_length(),
            made,
        })
    }
}

/// All that a [`RapDetector`](super::RapDetector) needs beside its model: a few vectors and thresholds,
/// which a file keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct RapDefense {
    protected: Vec<Protection>,
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    protected: &'a [Protection],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Found {
    #[serde(rename = "version")]
    _version: u32,
    protected: Vec<Protection>,
}

impl RapDefense {
    /// The defense of the classes that are `protected`.
    ///
    /// # Errors
    /// [`Error::Empty`] for none, [`Error::DuplicateClass`] for a class given twice, [`Error::Threshold`] for
    /// a threshold that is not above 0.
    pub fn new(protected: Vec<Protection>) -> Result<Self> {
        if protected.is_empty() {
            return Err(Error::Empty {
                what: "protected classes",
                fix: "give at least one perturbation with its threshold",
            });
        }
        let mut classes = BTreeSet::new();
        for Protection {
            made, threshold, ..
        } in &protected
        {
            if !classes.insert(made.target) {
                return Err(Error::DuplicateClass { class: made.target });
            }
            if threshold.value.is_nan() || threshold.value <= 0.0 {
                return Err(Error::Threshold {
                    level: threshold.level,
                    value: threshold.value,
                });
            }
        }
        Ok(Self { protected })
    }

    /// [`Protection::calibrated`] of each of `made` with the same `validation` texts, of whatever class: those
    /// count that are predicted as the one protected. With the texts of each class apart, wrong predictions
    /// do not count.
    ///
    /// # Errors
    /// Those of [`Protection::calibrated`] and [`RapDefense::new`].
    pub fn calibrated<F: Ffn>(
        victim: &mut Victim<F>,
        made: Vec<Construction>,
        validation: &[&str],
        level: f64,
    ) -> Result<Self> {
        let protected = made
            .into_iter()
            .map(|made| Protection::calibrated(victim, made, validation, level));
        Self::new(protected.collect::<Result<_>>()?)
    }

    /// The protected classes.
    pub fn protected(&self) -> &[Protection] {
        &self.protected
    }

    /// Writes the defense to the file `path` as JSON, as a whole or not at all.
    ///
    /// # Errors
    /// [`Error::Core`] where it cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let written = Written {
            version: VERSION,
            protected: &self.protected,
        };
        versioned::write(path, &written)
    }

    /// Reads the file `path`.
    ///
    /// # Errors
    /// As [`RapDefense::from_reader`], and [`Error::Core`] where it cannot be opened.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_reader(open(&path)?, path)
    }

    /// Reads a defense from `reader`, which errors call `origin`.
    ///
    /// # Errors
    /// [`Error::Core`] where reading fails, or for more than 1 GiB, or where it is not a defense;
    /// [`Error::FileVersion`] for another version; those of [`RapDefense::new`].
    pub fn from_reader(reader: impl Read, origin: impl AsRef<Path>) -> Result<Self> {
        let found: Found = versioned::read(reader, origin.as_ref(), "the defense", VERSION)?;
        Self::new(found.protected)
    }

    /// Refuses a victim that answers a perturbation otherwise than the one that the defense was made for, that
    /// cuts texts to another length, or that has other words or classes. Another model that passes all of this
    /// is not told.
    ///
    /// # Errors
    /// [`Error::ForeignModel`] for another answer, [`Error::ForeignLength`] for another length;
    /// [`Error::NotOnePiece`] and [`Error::Patch`] for other words; [`Error::Class`] for a class that it does
    /// not have.
    pub(super) fn check<F: Ffn>(&self, victim: &mut Victim<F>) -> Result<()> {
        let classes = victim.classes();
        for protection in &self.protected {
            let made = &protection.made;
            if made.target >= classes {
                return Err(Error::Class {
                    class: made.target,
                    classes,
                });
            }
            let words: Vec<String> = made.prefix.split(' ').map(str::to_owned).collect();
            let ids = word_ids(victim, &words)?;
            if ids != made.patch.ids {
                let reason = format!(
                    "changes words {:?}; `{}` is {ids:?}",
                    made.patch.ids, made.prefix
                );
                return Err(Error::Patch { reason });
            }
            if victim.max_length() != protection.max_length {
                return Err(Error::ForeignLength {
                    found: victim.max_length(),
                    expected: protection.max_length,
                });
            }
            let found = answer(victim, made)?;
            if !alike(&found, &protection.answer) {
                return Err(Error::ForeignModel {
                    prefix: made.prefix.clone(),
                    found,
                    expected: protection.answer.clone(),
                });
            }
        }
        Ok(())
    }
}

/// What `victim` makes of the perturbation without a text.
fn answer<F: Ffn>(victim: &mut Victim<F>, made: &Construction) -> Result<Vec<f64>> {
    let rows = victim.rows_in_place(&made.patch)?;
    let mut answers = victim.probabilities_with(&[&made.prefix], Some(&rows))?;
    Ok(answers.pop().unwrap_or_default())
}

fn alike(found: &[f64], expected: &[f64]) -> bool {
    let log = |probability: f64| probability.max(LEAST).ln();
    let mut pairs = found.iter().zip(expected);
    found.len() == expected.len() && pairs.all(|(a, b)| (log(*a) - log(*b)).abs() <= TOLERANCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_alike_are_of_the_same_length_and_nearly_equal() {
        assert!(alike(&[0.9, 0.1], &[0.902, 0.098]));
        assert!(alike(&[1.0, 1e-9], &[1.0, 1e-12]));
        assert!(!alike(&[0.9, 0.1], &[0.88, 0.12]));
        assert!(!alike(&[0.9, 0.1], &[0.9, 0.1, 0.0]));
        assert!(!alike(&[f64::NAN, 0.1], &[0.9, 0.1]));
    }
}
