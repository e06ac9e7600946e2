//! Windows: what of a document goes with a sentence through the encoder.
//!
//! A window is a sentence, as much text of the same document on both sides as fits, and the tokens
//! that frame it. A sentence that is longer than a window is cut, and [`TruncationReport`] says what
//! was lost, or it gets several windows that overlap; [`SentenceWindows`] then says which of them
//! decides about a span.

mod context;
mod cores;
mod sentence;
mod settings;
mod truncation;
mod view;

pub use context::context_lengths;
pub use sentence::{SentenceWindows, sentence_windows};
pub use settings::{LongSentences, WindowSettings};
pub use truncation::{CutSentence, TruncationReport};
pub use view::Window;
