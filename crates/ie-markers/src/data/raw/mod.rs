//! Raw text into sentences and words with their places in the text.

mod abbreviations;
mod pieces;
mod sentences;
mod words;

#[cfg(test)]
mod tests;

pub use sentences::{Segmentation, segment};
pub use words::{RawWord, split_words};
