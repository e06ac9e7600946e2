//! From words to the tokens of a vocabulary, and back.
//!
//! Texts come as words. Every word is tokenized by itself, so that each token belongs to one word and
//! spans of words become spans of tokens without any alignment. For byte-level and WordPiece
//! vocabularies this gives the tokens of the whole text; SentencePiece vocabularies may cut a text
//! differently where words touch.

mod document;
mod space;
mod tokenizer;

pub use document::Subwords;
pub use space::has_leading_space;
pub use tokenizer::{EmptyWords, WordSplitter, WordTokenizer};
