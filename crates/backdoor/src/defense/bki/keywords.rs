//! The words of one text that move the classifier's state most.

use std::collections::BTreeMap;

use plm_core::check::{finite, same_size};

use super::BkiSettings;
use crate::{PooledState, Result, words};

/// A word of a text and the change of the state without it.
pub(super) type Keyword<'a> = (&'a str, f64);

/// The different words of `text` with the largest changes; of equal ones the first in the alphabet.
pub(super) fn keywords_of<'a, S: PooledState + ?Sized>(
    model: &mut S,
    text: &'a str,
    settings: BkiSettings,
) -> Result<Vec<Keyword<'a>>> {
    let words = words::split(text);
    let whole = states(model, &[text])?.remove(0);
    let mut changes: BTreeMap<&str, f64> = BTreeMap::new();
    let places: Vec<usize> = (0..words.len()).collect();
    for places in places.chunks(settings.chunk) {
        let without: Vec<String> = places
            .iter()
            .map(|&at| words::without(&words, at))
            .collect();
        let without: Vec<&str> = without.iter().map(String::as_str).collect();
        for (&place, state) in places.iter().zip(states(model, &without)?) {
            same_size("entries of a state", state.len(), whole.len())?;
            let differences = whole
                .iter()
                .zip(&state)
                .map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs());
            let change = changes.entry(words[place]).or_insert(0.0);
            *change = differences.fold(*change, f64::max);
        }
    }
    // An empty word is no word that a text could hold.
    changes.remove("");
    let mut keywords: Vec<Keyword<'_>> = changes.into_iter().collect();
    keywords.sort_by(|a, b| b.1.total_cmp(&a.1));
    keywords.truncate(settings.keywords);
    Ok(keywords)
}

fn states<S: PooledState + ?Sized>(model: &mut S, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
    let states = model.states(texts)?;
    same_size("states", states.len(), texts.len())?;
    finite("states of a chunk", states.iter().flatten().copied())?;
    Ok(states)
}
