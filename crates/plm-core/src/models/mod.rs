//! The backbones and their heads: BERT, RoBERTa, MPNet and DistilBERT are one `encoder` with a key
//! table each; T5, BART and GPT-2 have a folder of their own.

mod bart;
mod bert;
mod distilbert;
mod encoder;
mod families;
mod gpt2;
mod language_model;
pub mod loss;
mod mpnet;
mod pretrained;
mod roberta;
mod seq2seq;
mod seq2seq_head;
mod spans;
mod step;
mod t5;
mod vocabulary;

pub use bart::{
    BartDecoder, BartEncoder, BartForConditionalGeneration, BartForQuestionAnswering,
    BartForSequenceClassification, BartModel,
};
pub use encoder::{
    ClassificationHead, EncoderEmbeddings, EncoderForMaskedLM, EncoderForQuestionAnswering,
    EncoderForSequenceClassification, EncoderForTokenClassification, EncoderInput, EncoderModel,
    EncoderOutput, MaskedLMHead, RowOverride, Tokens,
};
pub use gpt2::{
    Gpt2ForQuestionAnswering, Gpt2ForSequenceClassification, Gpt2ForTokenClassification, Gpt2Layer,
    Gpt2LmHeadModel, Gpt2Model, causal_cross_entropy,
};
pub use pretrained::{Pretrained, PretrainedModel};
pub use seq2seq::{DecoderOutput, Seq2SeqInput, Seq2SeqOutput, Stack, shift_right};
pub use seq2seq_head::Seq2SeqClassificationHead;
pub use t5::{
    T5CrossAttention, T5EncoderModel, T5ForConditionalGeneration, T5ForQuestionAnswering,
    T5ForSequenceClassification, T5ForTokenClassification, T5Layer, T5Model, T5Stack,
};
pub use vocabulary::WordTable;

/// One batch for T5: see [`Seq2SeqInput`]. [`T5EncoderModel`] takes an [`EncoderInput`].
pub type T5Input = Seq2SeqInput;
/// One batch for BART: see [`Seq2SeqInput`].
pub type BartInput = Seq2SeqInput;
/// One batch for GPT-2, which is one stack of layers: see [`EncoderInput`].
pub type Gpt2Input = EncoderInput;
