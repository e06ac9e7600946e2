//! From documents to windows.

use plm_core::config::EncoderConfig;
use plm_core::text::Tokenizer;
use rayon::prelude::*;

use crate::data::Document;
use crate::subwords::{EmptyWords, Subwords, WordSplitter};
use crate::window::{SentenceWindows, WindowSettings, sentence_windows};
use crate::{Error, Result};

/// The windows of every sentence of every document.
pub(super) fn document_windows(
    documents: &[Document],
    tokenizer: &Tokenizer,
    empty_words: EmptyWords,
    settings: &WindowSettings,
) -> Result<Vec<Vec<SentenceWindows>>> {
    let splitter = WordSplitter::new(tokenizer, empty_words)?;
    let windows = documents.par_iter().map(|document| {
        let words = document.sentences.iter().map(|s| s.words.as_slice());
        let subwords = Subwords::new(words, &splitter)?;
        let sentences = 0..subwords.sentences();
        sentences
            .map(|sentence| sentence_windows(&subwords, sentence, settings))
            .collect()
    });
    windows.collect()
}

/// How reports call document number `index`.
pub(super) fn name(document: &Document, index: usize) -> String {
    let number = || format!("document {index}");
    document.id.clone().unwrap_or_else(number)
}

/// Windows fit the encoder's position table.
pub(super) fn check_length(window: &WindowSettings, encoder: &EncoderConfig) -> Result<()> {
    if window.max_length <= encoder.max_length() {
        return Ok(());
    }
    Err(Error::Setting {
        name: "max_length",
        value: format!("{} of at most {}", window.max_length, encoder.max_length()),
        limit: "must not exceed the encoder's positions",
    })
}

/// The best class and its value; of equal ones the first.
pub(super) fn best(scores: &[f32]) -> (usize, f64) {
    let first = (0, f64::NEG_INFINITY);
    let values = scores.iter().map(|&score| f64::from(score)).enumerate();
    values.fold(first, |best, one| if one.1 > best.1 { one } else { best })
}
