//! The settings of GPT-2.

use serde_json::{Map, Value, json};

use super::json::{ConfigFile, ModelConfig};
use super::seq2seq::{check_deviation, check_epsilon, check_token, object, size_or};
use crate::Result;
use crate::kernel::Activation;

/// The settings of GPT-2 (`model_type` = `gpt2`).
#[derive(Debug, Clone, PartialEq)]
pub struct Gpt2Config {
    /// Entries of the vocabulary.
    pub vocab_size: usize,
    /// Rows of the position table.
    pub n_positions: usize,
    /// Width of the hidden states.
    pub n_embd: usize,
    /// Number of layers.
    pub n_layer: usize,
    /// Attention heads; divides `n_embd`.
    pub n_head: usize,
    /// Width of the feed-forward blocks; `4 * n_embd` where files leave it out.
    pub n_inner: usize,
    /// Activation of the feed-forward blocks.
    pub activation_function: Activation,
    /// Dropout of block outputs.
    pub resid_pdrop: f64,
    /// Dropout of embeddings.
    pub embd_pdrop: f64,
    /// Dropout of attention weights.
    pub attn_pdrop: f64,
    /// Dropout before a token classifier.
    pub classifier_dropout: f64,
    /// Added to the variance in layer normalization.
    pub layer_norm_epsilon: f64,
    /// Standard deviation of new weights.
    pub initializer_range: f64,
    /// Whether scores are divided by the root of the head width.
    pub scale_attn_weights: bool,
    /// Whether layer `i` also divides its scores by `i + 1`.
    pub scale_attn_by_inverse_layer_idx: bool,
    /// Whether the word scores come from the word table.
    pub tie_word_embeddings: bool,
    /// Id of the padding token, if there is one.
    pub pad_token_id: Option<usize>,
    /// Id of the end-of-text token; the first where the file has a list.
    pub eos_token_id: Option<usize>,
    /// Number of classes of a classification head.
    pub num_labels: usize,
}

impl Gpt2Config {
    /// GPT-2 small's settings, the starting point for a model of one's own.
    pub fn gpt2(vocab_size: usize) -> Self {
        Self {
            vocab_size,
            n_positions: 1024,
            n_embd: 768,
            n_layer: 12,
            n_head: 12,
            n_inner: 3072,
            activation_function: Activation::GeluTanh,
            resid_pdrop: 0.1,
            embd_pdrop: 0.1,
            attn_pdrop: 0.1,
            classifier_dropout: 0.1,
            layer_norm_epsilon: 1e-5,
            initializer_range: 0.02,
            scale_attn_weights: true,
            scale_attn_by_inverse_layer_idx: false,
            tie_word_embeddings: true,
            pad_token_id: None,
            eos_token_id: None,
            num_labels: 2,
        }
    }

    fn check(&self, file: &ConfigFile) -> Result<()> {
        file.check_divides("n_head", self.n_head, "n_embd", self.n_embd)?;
        check_epsilon(file, "layer_norm_epsilon", self.layer_norm_epsilon)?;
        check_deviation(file, "initializer_range", self.initializer_range)?;
        // The end-of-text id is not checked: small models keep the default 50256 of the large ones.
        if let Some(id) = self.pad_token_id {
            check_token(file, "pad_token_id", id, self.vocab_size)?;
        }
        if self.num_labels == 0 {
            return Err(file.error("num_labels", "is 0"));
        }
        if file.or("add_cross_attention", false)? {
            let reason = "is true: GPT-2 as the decoder of another model is not supported";
            return Err(file.error("add_cross_attention", reason));
        }
        Ok(())
    }
}

impl ModelConfig for Gpt2Config {
    fn from_file(file: &ConfigFile) -> Result<Self> {
        let model_type = file.model_type()?;
        if model_type != "gpt2" {
            return Err(file.error("model_type", format!("is `{model_type}`, not gpt2")));
        }
        let n_embd = file.size("n_embd")?;
        let classifier_dropout = match file.optional::<Value>("classifier_dropout")? {
            Some(_) => file.probability("classifier_dropout", 0.1)?,
            None => file.probability("hidden_dropout", 0.1)?,
        };
        let config = Self {
            vocab_size: file.size("vocab_size")?,
            n_positions: file.size("n_positions")?,
            n_embd,
            n_layer: file.layers("n_layer")?,
            n_head: file.size("n_head")?,
            n_inner: size_or(file, "n_inner", 4 * n_embd)?,
            activation_function: file.or("activation_function", Activation::GeluTanh)?,
            resid_pdrop: file.probability("resid_pdrop", 0.1)?,
            embd_pdrop: file.probability("embd_pdrop", 0.1)?,
            attn_pdrop: file.probability("attn_pdrop", 0.1)?,
            classifier_dropout,
            layer_norm_epsilon: file.or("layer_norm_epsilon", 1e-5)?,
            initializer_range: file.or("initializer_range", 0.02)?,
            scale_attn_weights: file.or("scale_attn_weights", true)?,
            scale_attn_by_inverse_layer_idx: file.or("scale_attn_by_inverse_layer_idx", false)?,
            tie_word_embeddings: file.or("tie_word_embeddings", true)?,
            pad_token_id: file.optional("pad_token_id")?,
            eos_token_id: file.token("eos_token_id")?,
            num_labels: file.num_labels()?,
        };
        config.check(file)?;
        Ok(config)
    }

    fn to_fields(&self) -> Map<String, Value> {
        object(json!({
            "model_type": "gpt2",
            "vocab_size": self.vocab_size,
            "n_positions": self.n_positions,
            "n_embd": self.n_embd,
            "n_layer": self.n_layer,
            "n_head": self.n_head,
            "n_inner": self.n_inner,
            "activation_function": self.activation_function,
            "resid_pdrop": self.resid_pdrop,
            "embd_pdrop": self.embd_pdrop,
            "attn_pdrop": self.attn_pdrop,
            "classifier_dropout": self.classifier_dropout,
            "layer_norm_epsilon": self.layer_norm_epsilon,
            "initializer_range": self.initializer_range,
            "scale_attn_weights": self.scale_attn_weights,
            "scale_attn_by_inverse_layer_idx": self.scale_attn_by_inverse_layer_idx,
            "tie_word_embeddings": self.tie_word_embeddings,
            "pad_token_id": self.pad_token_id,
            "eos_token_id": self.eos_token_id,
            "num_labels": self.num_labels,
        }))
    }
}
