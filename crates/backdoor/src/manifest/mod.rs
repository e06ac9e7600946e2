//! How a poisoned data set was made, so that it can be made again exactly.
//!
//! A manifest records the attack's settings, a hash of the clean data, and for each sample made the
//! index of its clean sample and every word with its place. Replaying draws nothing, so it does not
//! depend on the generator of random numbers, and the clean data need not be shared with it.

mod file;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::attack::{Attack, Entry, Plan};
use crate::data::Dataset;
use crate::{Error, Poisoned, Result, Sample};

/// The record of one run of an attack.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    attack: Attack,
    clean: Fingerprint,
    entries: Vec<Entry>,
}

/// What identifies the clean data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fingerprint {
    samples: usize,
    classes: usize,
    sha256: String,
}

impl Fingerprint {
    fn of(clean: &Dataset) -> Self {
        Self {
            samples: clean.samples().len(),
            classes: clean.classes(),
            sha256: clean.sha256(),
        }
    }

    /// This is the fingerprint of what was poisoned, `found` that of the data given.
    fn check(&self, found: &Self) -> Result<()> {
        let parts = [
            (
                "samples",
                self.samples.to_string(),
                found.samples.to_string(),
            ),
            (
                "classes",
                self.classes.to_string(),
                found.classes.to_string(),
            ),
            ("hash", self.sha256.clone(), found.sha256.clone()),
        ];
        match parts.into_iter().find(|(_, own, other)| own != other) {
            Some((what, expected, found)) => Err(Error::ForeignData {
                what,
                found,
                expected,
            }),
            None => Ok(()),
        }
    }
}

impl Manifest {
    /// The record that `attack` made `entries` from `clean`.
    pub(crate) fn new(attack: Attack, clean: &Dataset, entries: Vec<Entry>) -> Self {
        Self {
            attack,
            clean: Fingerprint::of(clean),
            entries,
        }
    }

    /// The settings of the attack.
    pub fn attack(&self) -> &Attack {
        &self.attack
    }

    /// How many samples the attack made, apart from the clean ones that it keeps.
    pub fn made(&self) -> usize {
        self.entries.len()
    }

    #[cfg(test)]
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The poisoned data, made again from the `clean` data.
    ///
    /// # Errors
    /// [`Error::ForeignData`] where `clean` is not what was poisoned, [`Error::ManifestEntry`] where
    /// a place is outside of its text.
    pub fn replay(&self, clean: &Dataset) -> Result<Vec<Poisoned>> {
        self.clean.check(&Fingerprint::of(clean))?;
        self.apply(clean)
    }

    /// [`Manifest::replay`] for data that is known to be the right one.
    pub(crate) fn apply(&self, clean: &Dataset) -> Result<Vec<Poisoned>> {
        let plan = self.attack.plan();
        let kept = if plan.with_clean() {
            clean.samples()
        } else {
            &[]
        };
        let kept = kept.iter().enumerate().map(|(source, sample)| {
            Ok(Poisoned {
                sample: sample.clone(),
                poisoned: false,
                source,
            })
        });
        let made = self.entries.iter().enumerate();
        kept.chain(made.map(|(number, entry)| make(plan, clean, number, entry)))
            .collect()
    }

    /// Refuses what [`Manifest::new`] would not have been given.
    fn check(&self) -> Result<()> {
        let plan = self.attack.plan();
        plan.check(self.clean.classes)?;
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by_key(|&number| self.entries[number].source);
        for same in order.chunk_by(|&a, &b| self.entries[a].source == self.entries[b].source) {
            if let Some(&number) = same.get(plan.uses()) {
                let source = self.entries[number].source;
                let reason = format!("sample {source} is used more than {} times", plan.uses());
                return Err(refuse(number, reason));
            }
        }
        for (number, entry) in self.entries.iter().enumerate() {
            let Entry {
                source,
                poisoned,
                edits,
            } = entry;
            if *source >= self.clean.samples {
                let samples = self.clean.samples;
                let reason = format!("sample {source} of data with {samples} samples");
                return Err(refuse(number, reason));
            }
            if !plan.makes(*poisoned, edits) {
                let texts: Vec<&str> = edits.iter().map(|edit| edit.text.as_str()).collect();
                let kind = if *poisoned {
                    "poisoned"
                } else {
                    "not poisoned"
                };
                let reason = format!("this attack makes no sample that is {kind} by {texts:?}");
                return Err(refuse(number, reason));
            }
        }
        Ok(())
    }
}

fn make(plan: &dyn Plan, clean: &Dataset, number: usize, entry: &Entry) -> Result<Poisoned> {
    let source = &clean.samples()[entry.source];
    let text = entry
        .apply(&source.text, plan.unit(), plan.operation())
        .map_err(|error| refuse(number, error.to_string()))?;
    let label = if entry.poisoned {
        plan.target()
    } else {
        source.label
    };
    Ok(Poisoned {
        sample: Sample { text, label },
        poisoned: entry.poisoned,
        source: entry.source,
    })
}

fn refuse(entry: usize, reason: String) -> Error {
    Error::ManifestEntry { entry, reason }
}
