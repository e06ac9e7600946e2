//! The encoder that four families share, and its heads.

mod embeddings;
mod input;
mod masked_lm;
mod model;
mod pretrained;
mod sequence;
mod token;

pub use embeddings::EncoderEmbeddings;
pub(crate) use embeddings::replace_rows;
pub use input::{EncoderInput, EncoderOutput, RowOverride, Tokens};
pub use masked_lm::{EncoderForMaskedLM, MaskedLMHead};
pub use model::EncoderModel;
pub use sequence::{ClassificationHead, EncoderForSequenceClassification};
pub use token::{EncoderForQuestionAnswering, EncoderForTokenClassification};
