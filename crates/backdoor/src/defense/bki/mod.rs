//! Backdoor keyword identification (BKI; Chen and Dai, Neurocomputing 2021): words that move the
//! classifier's state most, over the whole training set, are taken for triggers, and the samples that
//! hold them are dropped.
//!
//! | term | meaning |
//! |---|---|
//! | change of the state without word `i` | largest absolute change of an entry, `max_j abs(h_j(x) - h_j(x without i))` |
//! | keywords of a text | the [`BkiSettings::keywords`] words of largest change |
//! | score of a word | `log10(texts that have it as a keyword) * mean change` |
//!
//! OpenBackdoor's implementation finds one word, counts a word as often as it stands in a text, and
//! drops only the texts that have the word among their keywords. Here words are found one after the
//! other, each on the texts that are left; a word counts once in a text, with its largest change; and
//! every text that holds it is dropped.

mod keywords;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::at_least;
use crate::{PooledState, Result, words};
use keywords::{Keyword, keywords_of};

/// Settings of BKI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BkiSettings {
    /// Keywords of each text.
    pub keywords: usize,
    /// Triggers to look for, at most. The search ends early where no word scores above 0, not where
    /// the triggers end: ordinary words follow them, so look at the scores.
    pub triggers: usize,
    /// Texts, at most, in one call of the model.
    pub chunk: usize,
}

impl Default for BkiSettings {
    /// 5 keywords, one trigger.
    fn default() -> Self {
        Self {
            keywords: 5,
            triggers: 1,
            chunk: 256,
        }
    }
}

/// A word taken for a trigger.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trigger {
    /// The word.
    pub word: String,
    /// Texts that have it as a keyword, of those left when it was found.
    pub texts: usize,
    /// Mean change of the state without it, over those texts.
    pub mean_change: f64,
    /// `log10(texts) * mean_change`.
    pub score: f64,
    /// Texts dropped because they hold it.
    pub dropped: usize,
}

/// What is left of a training set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BkiReport {
    /// The words taken for triggers, in the order in which they were found.
    pub triggers: Vec<Trigger>,
    /// Places of the texts that are kept.
    pub kept: Vec<usize>,
    /// Places of the texts that are dropped.
    pub dropped: Vec<usize>,
}

/// Looks for triggers in the training `texts` of the model. A text of `n` words costs `n + 1` passes.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) for a setting of 0,
/// [`Error::Size`](crate::Error::Size) for states that are not one for each text and all as wide,
/// [`Error::NotFinite`](crate::Error::NotFinite) for a state with NaN or infinity, and those of the
/// model.
pub fn identify<S: PooledState + ?Sized>(
    model: &mut S,
    texts: &[&str],
    settings: BkiSettings,
) -> Result<BkiReport> {
    at_least("keywords", settings.keywords, 1, "must be at least 1")?;
    at_least("triggers", settings.triggers, 1, "must be at least 1")?;
    at_least("chunk", settings.chunk, 1, "must be at least 1")?;
    let mut keywords = Vec::with_capacity(texts.len());
    for text in texts {
        keywords.push(keywords_of(model, text, settings)?);
    }
    let mut kept: Vec<usize> = (0..texts.len()).collect();
    let (mut triggers, mut dropped) = (Vec::new(), Vec::new());
    while triggers.len() < settings.triggers {
        let left = kept.iter().map(|&place| keywords[place].as_slice());
        let Some(mut trigger) = best(left) else {
            break;
        };
        let holds = |place: &usize| words::split(texts[*place]).contains(&trigger.word.as_str());
        let (with, without): (Vec<usize>, Vec<usize>) = kept.iter().partition(|at| holds(at));
        trigger.dropped = with.len();
        dropped.extend(with);
        kept = without;
        triggers.push(trigger);
    }
    dropped.sort_unstable();
    Ok(BkiReport {
        triggers,
        kept,
        dropped,
    })
}

/// The word with the highest score above 0; of equal ones the first in the alphabet.
fn best<'a>(texts: impl Iterator<Item = &'a [Keyword<'a>]>) -> Option<Trigger> {
    let mut sums: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
    for (word, change) in texts.flatten() {
        let (texts, sum) = sums.entry(word).or_insert((0, 0.0));
        *texts += 1;
        *sum += change;
    }
    let scored = sums.into_iter().map(|(word, (texts, sum))| {
        let mean_change = sum / texts as f64;
        Trigger {
            word: word.to_owned(),
            texts,
            mean_change,
            score: (texts as f64).log10() * mean_change,
            dropped: 0,
        }
    });
    scored
        .filter(|trigger| trigger.score > 0.0)
        .reduce(|best, next| if next.score > best.score { next } else { best })
}
