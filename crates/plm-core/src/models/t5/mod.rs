//! T5 (Raffel et al. 2020, arXiv 1910.10683), T5 1.1 (Shazeer 2020, arXiv 2002.05202) and Flan-T5
//! (Chung et al. 2022, arXiv 2210.11416).

mod decode;
mod heads;
mod keys;
mod layer;
mod lm;
mod model;
mod stack;

pub use heads::{T5ForQuestionAnswering, T5ForSequenceClassification, T5ForTokenClassification};
pub use layer::{T5CrossAttention, T5Layer};
pub use lm::T5ForConditionalGeneration;
pub use model::{T5EncoderModel, T5Model};
pub use stack::T5Stack;
