//! BART (Lewis et al. 2020, arXiv 1910.13461).

mod decode;
mod heads;
mod keys;
mod lm;
mod model;
mod stack;

pub use heads::{BartForQuestionAnswering, BartForSequenceClassification};
pub use lm::BartForConditionalGeneration;
pub use model::BartModel;
pub use stack::{BartDecoder, BartEncoder};
