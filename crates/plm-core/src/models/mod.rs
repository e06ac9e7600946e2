//! The backbones and their heads, one file per model family.

mod encoder;
pub mod loss;

pub use encoder::{
    ClassificationHead, EncoderEmbeddings, EncoderForMaskedLM, EncoderForQuestionAnswering,
    EncoderForSequenceClassification, EncoderForTokenClassification, EncoderInput, EncoderModel,
    EncoderOutput, MaskedLMHead, RowOverride, Tokens,
};
