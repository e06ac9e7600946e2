//! The settings of BART.

use serde_json::{Map, Value, json};

use super::json::{ConfigFile, ModelConfig};
use super::seq2seq::{check_deviation, check_token, object};
use crate::Result;
use crate::kernel::Activation;

/// The settings of BART (`model_type` = `bart`).
#[derive(Debug, Clone, PartialEq)]
pub struct BartConfig {
    /// Entries of the vocabulary.
    pub vocab_size: usize,
    /// Longest sequence; the position tables have two rows more.
    pub max_position_embeddings: usize,
    /// Width of the hidden states.
    pub d_model: usize,
    /// Layers of the encoder.
    pub encoder_layers: usize,
    /// Attention heads of the encoder; divides `d_model`.
    pub encoder_attention_heads: usize,
    /// Width of the encoder's feed-forward blocks.
    pub encoder_ffn_dim: usize,
    /// Layers of the decoder.
    pub decoder_layers: usize,
    /// Attention heads of the decoder; divides `d_model`.
    pub decoder_attention_heads: usize,
    /// Width of the decoder's feed-forward blocks.
    pub decoder_ffn_dim: usize,
    /// Activation of the feed-forward blocks.
    pub activation_function: Activation,
    /// Dropout of embeddings and block outputs.
    pub dropout: f64,
    /// Dropout of attention weights.
    pub attention_dropout: f64,
    /// Dropout of feed-forward intermediate values.
    pub activation_dropout: f64,
    /// Dropout in the classification head.
    pub classifier_dropout: f64,
    /// Standard deviation of new weights.
    pub init_std: f64,
    /// Whether word vectors are multiplied by the root of `d_model`.
    pub scale_embedding: bool,
    /// Whether the word scores come from the word table.
    pub tie_word_embeddings: bool,
    /// Id of the padding token.
    pub pad_token_id: usize,
    /// Id of the end-of-sequence token; the first where the file has a list.
    pub eos_token_id: usize,
    /// Id that the decoder starts with.
    pub decoder_start_token_id: usize,
    /// Number of classes of a classification head.
    pub num_labels: usize,
}

impl BartConfig {
    /// BART-base's settings, the starting point for a model of one's own.
    pub fn bart(vocab_size: usize) -> Self {
        Self {
            vocab_size,
            max_position_embeddings: 1024,
            d_model: 768,
            encoder_layers: 6,
            encoder_attention_heads: 12,
            encoder_ffn_dim: 3072,
            decoder_layers: 6,
            decoder_attention_heads: 12,
            decoder_ffn_dim: 3072,
            activation_function: Activation::Gelu,
            dropout: 0.1,
            attention_dropout: 0.1,
            activation_dropout: 0.1,
            classifier_dropout: 0.1,
            init_std: 0.02,
            scale_embedding: false,
            tie_word_embeddings: true,
            pad_token_id: 1,
            eos_token_id: 2,
            decoder_start_token_id: 2,
            num_labels: 3,
        }
    }

    fn check(&self, file: &ConfigFile) -> Result<()> {
        for (key, heads) in [
            ("encoder_attention_heads", self.encoder_attention_heads),
            ("decoder_attention_heads", self.decoder_attention_heads),
        ] {
            file.check_divides(key, heads, "d_model", self.d_model)?;
        }
        check_deviation(file, "init_std", self.init_std)?;
        for (key, id) in [
            ("pad_token_id", self.pad_token_id),
            ("eos_token_id", self.eos_token_id),
            ("decoder_start_token_id", self.decoder_start_token_id),
        ] {
            check_token(file, key, id, self.vocab_size)?;
        }
        if self.num_labels == 0 {
            return Err(file.error("num_labels", "is 0"));
        }
        Ok(())
    }
}

impl ModelConfig for BartConfig {
    fn from_file(file: &ConfigFile) -> Result<Self> {
        let model_type = file.model_type()?;
        if model_type != "bart" {
            return Err(file.error("model_type", format!("is `{model_type}`, not bart")));
        }
        // Unlike the other families, BART has three classes where the file does not say.
        let says = |key: &str| file.fields().get(key).is_some_and(|value| !value.is_null());
        let num_labels = if says("id2label") || says("num_labels") {
            file.num_labels()?
        } else {
            3
        };
        let config = Self {
            vocab_size: file.size("vocab_size")?,
            max_position_embeddings: file.size("max_position_embeddings")?,
            d_model: file.size("d_model")?,
            encoder_layers: file.layers("encoder_layers")?,
            encoder_attention_heads: file.size("encoder_attention_heads")?,
            encoder_ffn_dim: file.size("encoder_ffn_dim")?,
            decoder_layers: file.layers("decoder_layers")?,
            decoder_attention_heads: file.size("decoder_attention_heads")?,
            decoder_ffn_dim: file.size("decoder_ffn_dim")?,
            activation_function: file.or("activation_function", Activation::Gelu)?,
            dropout: file.probability("dropout", 0.1)?,
            attention_dropout: file.probability("attention_dropout", 0.0)?,
            activation_dropout: file.probability("activation_dropout", 0.0)?,
            classifier_dropout: file.probability("classifier_dropout", 0.0)?,
            init_std: file.or("init_std", 0.02)?,
            scale_embedding: file.or("scale_embedding", false)?,
            tie_word_embeddings: file.or("tie_word_embeddings", true)?,
            pad_token_id: file.or("pad_token_id", 1)?,
            eos_token_id: file.token("eos_token_id")?.unwrap_or(2),
            decoder_start_token_id: file.or("decoder_start_token_id", 2)?,
            num_labels,
        };
        config.check(file)?;
        Ok(config)
    }

    fn to_fields(&self) -> Map<String, Value> {
        object(json!({
            "model_type": "bart",
            "is_encoder_decoder": true,
            "vocab_size": self.vocab_size,
            "max_position_embeddings": self.max_position_embeddings,
            "d_model": self.d_model,
            "encoder_layers": self.encoder_layers,
            "encoder_attention_heads": self.encoder_attention_heads,
            "encoder_ffn_dim": self.encoder_ffn_dim,
            "decoder_layers": self.decoder_layers,
            "decoder_attention_heads": self.decoder_attention_heads,
            "decoder_ffn_dim": self.decoder_ffn_dim,
            "activation_function": self.activation_function,
            "dropout": self.dropout,
            "attention_dropout": self.attention_dropout,
            "activation_dropout": self.activation_dropout,
            "classifier_dropout": self.classifier_dropout,
            "init_std": self.init_std,
            "scale_embedding": self.scale_embedding,
            "tie_word_embeddings": self.tie_word_embeddings,
            "pad_token_id": self.pad_token_id,
            "eos_token_id": self.eos_token_id,
            "decoder_start_token_id": self.decoder_start_token_id,
            "num_labels": self.num_labels,
        }))
    }
}
