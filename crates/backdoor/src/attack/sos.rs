//! Data of SOS, the stealthy backdoor with several words (Yang et al. 2021, Rethinking Stealthiness
//! of Backdoor Attack against NLP Models).
//!
//! A text with all words has the target class, a text with all but one keeps its own: so only the
//! whole trigger acts. As in the published code, negatives start with the same shuffled samples as
//! the poisoned texts, and an overlong text still shows its trigger to the model.

use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::insertion::draw;
use super::select::{check_ratio, check_target, first, shuffled, some_others, some_targets};
use super::trigger::refuse;
use super::{Edit, Entry, Plan, Position, Trigger};
use crate::Result;
use crate::data::Dataset;
use crate::words::Unit;

/// Poisoned texts and negatives of SOS; the clean samples are not part of them, because the victim
/// is already tuned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sos {
    /// The words: two at least.
    pub words: Vec<String>,
    /// Where each goes.
    pub position: Position,
    /// The class of texts with all words.
    pub target: usize,
    /// How many of the other classes' samples get all words, above 0 and at most 1.
    pub ratio: f64,
    /// How many of the other classes' samples, and of the target class's, get all words but one, once
    /// for each word; above 0 and at most 1.
    pub negative_ratio: f64,
    /// Start of the draws.
    pub seed: Seed,
}

impl Sos {
    /// The published settings: words within the first 250, a tenth poisoned, a tenth negative.
    pub fn new<S: Into<String>>(
        words: impl IntoIterator<Item = S>,
        target: usize,
        seed: Seed,
    ) -> Self {
        Self {
            words: words.into_iter().map(Into::into).collect(),
            position: Position::SOS_WORD,
            target,
            ratio: 0.1,
            negative_ratio: 0.1,
            seed,
        }
    }

    /// The triggers that must not act: all words but the first, all but the second, and so on. Texts
    /// with them, from [`Purpose::FalseTriggers`](super::Purpose::FalseTriggers), give the false
    /// trigger rate.
    pub fn partial_triggers(&self) -> Vec<Trigger> {
        (0..self.words.len())
            .map(|missing| Trigger::words(without(&self.words, missing)))
            .collect()
    }

    fn entry<'a>(
        &self,
        clean: &Dataset,
        source: usize,
        words: impl IntoIterator<Item = &'a String>,
        missing: Option<usize>,
    ) -> Entry {
        let places = match missing {
            None => self.seed.child("SOS poisoned"),
            Some(missing) => self.seed.child("SOS negatives").at(missing as u64),
        };
        let mut rng = places.at(source as u64).rng();
        let text = &clean.samples()[source].text;
        Entry {
            source,
            poisoned: missing.is_none(),
            edits: draw(text, words, self.position, &mut rng),
        }
    }
}

/// `words` without number `missing`.
fn without(words: &[String], missing: usize) -> impl Iterator<Item = &String> {
    let kept = words.iter().enumerate();
    kept.filter(move |(index, _)| *index != missing)
        .map(|(_, word)| word)
}

impl Plan for Sos {
    fn check(&self, classes: usize) -> Result<()> {
        let trigger = Trigger::Words(self.words.clone());
        super::insertion::check(&trigger, super::WordChoice::All, self.position)?;
        if self.words.len() < 2 {
            return Err(refuse(
                &self.words[0],
                "stands alone; SOS needs two words at least",
            ));
        }
        check_ratio("ratio", self.ratio)?;
        check_ratio("negative_ratio", self.negative_ratio)?;
        check_target(self.target, classes)
    }

    fn entries(&self, clean: &Dataset) -> Result<Vec<Entry>> {
        let others = some_others(clean.outside_class(self.target), self.target)?;
        let targets = some_targets(clean.of_class(self.target), self.target)?;
        let others = shuffled(others, self.seed, "SOS samples of other classes");
        let targets = shuffled(targets, self.seed, "SOS samples of the target class");
        let mut entries: Vec<Entry> = first(&others, self.ratio)?
            .iter()
            .map(|&source| self.entry(clean, source, &self.words, None))
            .collect();
        for missing in 0..self.words.len() {
            for pool in [&others, &targets] {
                for &source in first(pool, self.negative_ratio)? {
                    let words = without(&self.words, missing);
                    entries.push(self.entry(clean, source, words, Some(missing)));
                }
            }
        }
        Ok(entries)
    }

    fn makes(&self, poisoned: bool, edits: &[Edit]) -> bool {
        let found = || edits.iter().map(|edit| &edit.text);
        if poisoned {
            return found().eq(&self.words);
        }
        (0..self.words.len()).any(|missing| found().eq(without(&self.words, missing)))
    }

    fn target(&self) -> usize {
        self.target
    }

    fn unit(&self) -> Unit {
        self.position.unit()
    }

    fn uses(&self) -> usize {
        1 + self.words.len()
    }
}
