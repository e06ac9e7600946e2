//! The backbones and their heads, one file per model family.

mod bert;
mod distilbert;
mod encoder;
mod families;
pub mod loss;
mod mpnet;
mod pretrained;
mod roberta;
mod vocabulary;

pub use encoder::{
    ClassificationHead, EncoderEmbeddings, EncoderForMaskedLM, EncoderForQuestionAnswering,
    EncoderForSequenceClassification, EncoderForTokenClassification, EncoderInput, EncoderModel,
    EncoderOutput, MaskedLMHead, RowOverride, Tokens,
};
pub use pretrained::{Pretrained, PretrainedModel};
pub use vocabulary::WordTable;
