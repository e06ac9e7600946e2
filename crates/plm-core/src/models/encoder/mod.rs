//! The encoder that four families share, and its heads.

mod embeddings;
mod heads;
mod input;
mod model;

pub use embeddings::EncoderEmbeddings;
pub use heads::{
    ClassificationHead, EncoderForMaskedLM, EncoderForQuestionAnswering,
    EncoderForSequenceClassification, EncoderForTokenClassification, MaskedLMHead,
};
pub use input::{EncoderInput, EncoderOutput, RowOverride, Tokens};
pub use model::EncoderModel;
