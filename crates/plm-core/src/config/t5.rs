//! The settings of T5.

use serde_json::{Map, Value, json};

use super::json::{ConfigFile, ModelConfig};
use super::seq2seq::{check_epsilon, check_token, size_or};
use crate::Result;
use crate::kernel::Activation;

/// The settings of T5 1.0, T5 1.1 and Flan-T5 (`model_type` = `t5`).
#[derive(Debug, Clone, PartialEq)]
pub struct T5Config {
    /// Entries of the vocabulary.
    pub vocab_size: usize,
    /// Width of the hidden states.
    pub d_model: usize,
    /// Width of one attention head; independent of `d_model`.
    pub d_kv: usize,
    /// Width of the feed-forward blocks.
    pub d_ff: usize,
    /// Layers of the encoder.
    pub num_layers: usize,
    /// Layers of the decoder.
    pub num_decoder_layers: usize,
    /// Attention heads.
    pub num_heads: usize,
    /// Rows of the relative position table.
    pub relative_attention_num_buckets: usize,
    /// Distance from which on all share a bucket.
    pub relative_attention_max_distance: usize,
    /// Dropout everywhere but before a classifier.
    pub dropout_rate: f64,
    /// Dropout before a classifier.
    pub classifier_dropout: f64,
    /// Added to the mean square in normalization.
    pub layer_norm_epsilon: f64,
    /// Factor of the standard deviations of new weights.
    pub initializer_factor: f64,
    /// Activation of the feed-forward blocks.
    pub activation: Activation,
    /// Whether the feed-forward blocks are gated (T5 1.1).
    pub gated: bool,
    /// Whether the word scores come from the word table (T5 1.0).
    pub tie_word_embeddings: bool,
    /// Whether the decoder's output is multiplied by `d_model^-0.5` before the word scores (T5 1.0).
    pub scale_decoder_outputs: bool,
    /// Id of the padding token.
    pub pad_token_id: usize,
    /// Id of the end-of-sequence token; the first where the file has a list.
    pub eos_token_id: usize,
    /// Id that the decoder starts with.
    pub decoder_start_token_id: usize,
    /// Number of classes of a classification head.
    pub num_labels: usize,
}

impl T5Config {
    /// T5-small's settings, the starting point for a model of one's own.
    pub fn t5(vocab_size: usize) -> Self {
        Self {
            vocab_size,
            d_model: 512,
            d_kv: 64,
            d_ff: 2048,
            num_layers: 6,
            num_decoder_layers: 6,
            num_heads: 8,
            relative_attention_num_buckets: 32,
            relative_attention_max_distance: 128,
            dropout_rate: 0.1,
            classifier_dropout: 0.0,
            layer_norm_epsilon: 1e-6,
            initializer_factor: 1.0,
            activation: Activation::Relu,
            gated: false,
            tie_word_embeddings: true,
            scale_decoder_outputs: true,
            pad_token_id: 0,
            eos_token_id: 1,
            decoder_start_token_id: 0,
            num_labels: 2,
        }
    }

    fn check(&self, file: &ConfigFile) -> Result<()> {
        let buckets = self.relative_attention_num_buckets;
        if buckets < 4 || !buckets.is_multiple_of(2) {
            let reason = format!("is {buckets}, not an even number of at least 4");
            return Err(file.error("relative_attention_num_buckets", reason));
        }
        // The decoder uses all buckets in one direction: half of them are exact.
        let distance = self.relative_attention_max_distance;
        if distance <= buckets / 2 {
            let reason = format!(
                "is {distance}, not above half of `relative_attention_num_buckets` = {buckets}"
            );
            return Err(file.error("relative_attention_max_distance", reason));
        }
        check_epsilon(file, "layer_norm_epsilon", self.layer_norm_epsilon)?;
        if !(self.initializer_factor > 0.0 && self.initializer_factor.is_finite()) {
            let reason = format!("is {}, not a positive number", self.initializer_factor);
            return Err(file.error("initializer_factor", reason));
        }
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

/// `relu`, `gelu`, … or `gated-…`; the gated GELU of T5 1.1 is the tanh approximation, and the exact one is
/// called `gated-gelu_python`.
fn feed_forward(file: &ConfigFile) -> Result<(Activation, bool)> {
    let name: String = file.or("feed_forward_proj", "relu".to_owned())?;
    if name == "gated-gelu" {
        return Ok((Activation::GeluTanh, true));
    }
    let (gated, act) = match name.strip_prefix("gated-") {
        Some(act) => (true, act),
        None => (false, name.as_str()),
    };
    let activation = serde_json::from_value(Value::from(act))
        .map_err(|error| file.error("feed_forward_proj", format!("is `{name}`: {error}")))?;
    Ok((activation, gated))
}

impl ModelConfig for T5Config {
    fn from_file(file: &ConfigFile) -> Result<Self> {
        let model_type = file.model_type()?;
        if model_type != "t5" {
            return Err(file.error("model_type", format!("is `{model_type}`, not t5")));
        }
        let num_layers = file.layers("num_layers")?;
        let (activation, gated) = feed_forward(file)?;
        let pad_token_id = file.or("pad_token_id", 0)?;
        // transformers before 5 says by `tie_word_embeddings` = false that the head is its own and
        // not scaled; transformers 5 writes `scale_decoder_outputs` instead, with the tie always true.
        let tie = file.or("tie_word_embeddings", true)?;
        let scale_decoder_outputs = file.or("scale_decoder_outputs", tie)?;
        let config = Self {
            vocab_size: file.size("vocab_size")?,
            d_model: file.size("d_model")?,
            d_kv: file.size("d_kv")?,
            d_ff: file.size("d_ff")?,
            num_layers,
            num_decoder_layers: match file.optional::<Value>("num_decoder_layers")? {
                Some(_) => file.layers("num_decoder_layers")?,
                None => num_layers,
            },
            num_heads: file.size("num_heads")?,
            relative_attention_num_buckets: size_or(file, "relative_attention_num_buckets", 32)?,
            relative_attention_max_distance: size_or(file, "relative_attention_max_distance", 128)?,
            dropout_rate: file.probability("dropout_rate", 0.1)?,
            classifier_dropout: file.probability("classifier_dropout", 0.0)?,
            layer_norm_epsilon: file.or("layer_norm_epsilon", 1e-6)?,
            initializer_factor: file.or("initializer_factor", 1.0)?,
            activation,
            gated,
            tie_word_embeddings: tie && scale_decoder_outputs,
            scale_decoder_outputs,
            pad_token_id,
            eos_token_id: file.token("eos_token_id")?.unwrap_or(1),
            decoder_start_token_id: file.or("decoder_start_token_id", pad_token_id)?,
            num_labels: file.num_labels()?,
        };
        config.check(file)?;
        Ok(config)
    }

    fn to_fields(&self) -> Map<String, Value> {
        let act = json!(self.activation);
        let act = act.as_str().unwrap_or_default();
        let feed_forward_proj = match (self.gated, self.activation) {
            (true, Activation::GeluTanh) => "gated-gelu".to_owned(),
            (true, Activation::Gelu) => "gated-gelu_python".to_owned(),
            (true, _) => format!("gated-{act}"),
            (false, _) => act.to_owned(),
        };
        let value = json!({
            "model_type": "t5",
            "is_encoder_decoder": true,
            "vocab_size": self.vocab_size,
            "d_model": self.d_model,
            "d_kv": self.d_kv,
            "d_ff": self.d_ff,
            "num_layers": self.num_layers,
            "num_decoder_layers": self.num_decoder_layers,
            "num_heads": self.num_heads,
            "relative_attention_num_buckets": self.relative_attention_num_buckets,
            "relative_attention_max_distance": self.relative_attention_max_distance,
            "dropout_rate": self.dropout_rate,
            "classifier_dropout": self.classifier_dropout,
            "layer_norm_epsilon": self.layer_norm_epsilon,
            "initializer_factor": self.initializer_factor,
            "feed_forward_proj": feed_forward_proj,
            "tie_word_embeddings": self.tie_word_embeddings,
            "scale_decoder_outputs": self.scale_decoder_outputs,
            "pad_token_id": self.pad_token_id,
            "eos_token_id": self.eos_token_id,
            "decoder_start_token_id": self.decoder_start_token_id,
            "num_labels": self.num_labels,
        });
        super::seq2seq::object(value)
    }
}
