//! What the tests share: scores, and models made of closures, which count what they are asked.

use crate::{Classifier, Perplexity, PooledState, Result, Scored};

/// Inputs taken for the protected class, with these scores.
pub(crate) fn scored(scores: &[f64]) -> Vec<Scored> {
    let protected = true;
    let scored = scores.iter().map(|&score| Scored { protected, score });
    scored.collect()
}

/// A model that gives each text what a function says of it.
pub(crate) struct Table<T> {
    answer: Box<dyn FnMut(&str) -> T>,
    /// Texts so far.
    pub(crate) forwards: u64,
    /// Size of each call.
    pub(crate) calls: Vec<usize>,
    rows: Option<Vec<T>>,
}

impl<T> Table<T> {
    pub(crate) fn new(answer: impl FnMut(&str) -> T + 'static) -> Self {
        Self {
            answer: Box::new(answer),
            forwards: 0,
            calls: Vec::new(),
            rows: None,
        }
    }

    fn answers(&mut self, texts: &[&str]) -> Result<Vec<T>> {
        self.forwards += texts.len() as u64;
        self.calls.push(texts.len());
        if let Some(rows) = self.rows.take() {
            return Ok(rows);
        }
        Ok(texts.iter().map(|text| (self.answer)(text)).collect())
    }
}

impl Table<Vec<f64>> {
    /// A classifier that answers with `rows`, however many texts there are.
    pub(crate) fn fixed(rows: Vec<Vec<f64>>) -> Self {
        let mut table = Self::new(|_| Vec::new());
        table.rows = Some(rows);
        table
    }
}

impl Classifier for Table<Vec<f64>> {
    fn probabilities(&mut self, texts: &[&str]) -> Result<Vec<Vec<f64>>> {
        self.answers(texts)
    }

    fn forwards(&self) -> u64 {
        self.forwards
    }
}

impl Perplexity for Table<f64> {
    fn perplexities(&mut self, texts: &[&str]) -> Result<Vec<f64>> {
        self.answers(texts)
    }

    fn forwards(&self) -> u64 {
        self.forwards
    }
}

impl PooledState for Table<Vec<f32>> {
    fn states(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        self.answers(texts)
    }
}
