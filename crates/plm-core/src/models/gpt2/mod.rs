//! GPT-2 (Radford et al. 2019).

mod decode;
mod heads;
mod keys;
mod layer;
mod lm;
mod model;

pub use heads::{
    Gpt2ForQuestionAnswering, Gpt2ForSequenceClassification, Gpt2ForTokenClassification,
};
pub use layer::Gpt2Layer;
pub use lm::{Gpt2LmHeadModel, causal_cross_entropy};
pub use model::Gpt2Model;
