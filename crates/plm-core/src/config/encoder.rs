//! One configuration for the encoder families that share BERT's layer.

use serde_json::{Map, Value, json};

use super::json::{ConfigFile, ModelConfig};
use crate::Result;
use crate::kernel::Activation;

/// Largest distance that MPNet's relative position bias tells apart.
pub(crate) const MPNET_MAX_DISTANCE: usize = 128;

/// Which family an encoder belongs to. The families share their layers and differ in names,
/// positions and heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EncoderFamily {
    /// `bert`: BERT (Devlin et al. 2019) and MiniLM (Wang et al. 2020).
    Bert,
    /// `roberta`: RoBERTa (Liu et al. 2019); positions count on after the padding id.
    Roberta,
    /// `mpnet`: MPNet (Song et al. 2020); adds one relative position bias to all layers.
    Mpnet,
    /// `distilbert`: DistilBERT (Sanh et al. 2019); no token types, no pooler.
    DistilBert,
}

/// The settings of an encoder, under BERT's names in every family.
#[derive(Debug, Clone, PartialEq)]
pub struct EncoderConfig {
    /// The family.
    pub family: EncoderFamily,
    /// Entries of the vocabulary.
    pub vocab_size: usize,
    /// Width of the hidden states.
    pub hidden_size: usize,
    /// Number of layers.
    pub num_hidden_layers: usize,
    /// Attention heads; divides `hidden_size`.
    pub num_attention_heads: usize,
    /// Width of the feed-forward blocks.
    pub intermediate_size: usize,
    /// Activation of the feed-forward blocks.
    pub hidden_act: Activation,
    /// Dropout of block outputs and embeddings.
    pub hidden_dropout_prob: f64,
    /// Dropout of attention weights.
    pub attention_probs_dropout_prob: f64,
    /// Dropout before a classifier.
    pub classifier_dropout: f64,
    /// Dropout before the span scores of question answering; only DistilBERT has it.
    pub qa_dropout: f64,
    /// Rows of the position table.
    pub max_position_embeddings: usize,
    /// Token types; 0 where the family has none.
    pub type_vocab_size: usize,
    /// Added to the variance in layer normalization.
    pub layer_norm_eps: f64,
    /// Id of the padding token.
    pub pad_token_id: usize,
    /// Standard deviation of new weights.
    pub initializer_range: f64,
    /// Buckets of the relative position bias, in MPNet.
    pub relative_attention_num_buckets: usize,
    /// Whether the masked-LM decoder is the word table.
    pub tie_word_embeddings: bool,
    /// Number of classes of a classification head.
    pub num_labels: usize,
}

impl EncoderConfig {
    /// The base model's settings in `family`, the starting point for a model of one's own.
    pub fn of(family: EncoderFamily, vocab_size: usize) -> Self {
        match family {
            EncoderFamily::Bert => Self::bert(vocab_size),
            EncoderFamily::Roberta => Self::roberta(vocab_size),
            EncoderFamily::Mpnet => Self::mpnet(vocab_size),
            EncoderFamily::DistilBert => Self::distilbert(vocab_size),
        }
    }

    /// BERT-base's settings.
    pub fn bert(vocab_size: usize) -> Self {
        Self {
            family: EncoderFamily::Bert,
            vocab_size,
            hidden_size: 768,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            intermediate_size: 3072,
            hidden_act: Activation::Gelu,
            hidden_dropout_prob: 0.1,
            attention_probs_dropout_prob: 0.1,
            classifier_dropout: 0.1,
            qa_dropout: 0.0,
            max_position_embeddings: 512,
            type_vocab_size: 2,
            layer_norm_eps: 1e-12,
            pad_token_id: 0,
            initializer_range: 0.02,
            relative_attention_num_buckets: 32,
            tie_word_embeddings: true,
            num_labels: 2,
        }
    }

    /// RoBERTa-base's settings.
    pub fn roberta(vocab_size: usize) -> Self {
        Self {
            family: EncoderFamily::Roberta,
            max_position_embeddings: 514,
            type_vocab_size: 1,
            layer_norm_eps: 1e-5,
            pad_token_id: 1,
            ..Self::bert(vocab_size)
        }
    }

    /// MPNet-base's settings.
    pub fn mpnet(vocab_size: usize) -> Self {
        Self {
            family: EncoderFamily::Mpnet,
            type_vocab_size: 0,
            ..Self::roberta(vocab_size)
        }
    }

    /// DistilBERT-base's settings.
    pub fn distilbert(vocab_size: usize) -> Self {
        Self {
            family: EncoderFamily::DistilBert,
            num_hidden_layers: 6,
            classifier_dropout: 0.2,
            qa_dropout: 0.1,
            type_vocab_size: 0,
            ..Self::bert(vocab_size)
        }
    }

    /// The number of tokens that fit: RoBERTa and MPNet lose `pad_token_id + 1` rows of the
    /// position table.
    pub fn max_length(&self) -> usize {
        match self.family {
            EncoderFamily::Roberta | EncoderFamily::Mpnet => self
                .max_position_embeddings
                .saturating_sub(self.pad_token_id + 1),
            EncoderFamily::Bert | EncoderFamily::DistilBert => self.max_position_embeddings,
        }
    }

    fn read_common(file: &ConfigFile, family: EncoderFamily) -> Result<Self> {
        let hidden_dropout_prob = file.probability("hidden_dropout_prob", 0.1)?;
        let mpnet = family == EncoderFamily::Mpnet;
        Ok(Self {
            family,
            vocab_size: file.size("vocab_size")?,
            hidden_size: file.size("hidden_size")?,
            num_hidden_layers: file.layers("num_hidden_layers")?,
            num_attention_heads: file.size("num_attention_heads")?,
            intermediate_size: file.size("intermediate_size")?,
            hidden_act: file.or("hidden_act", Activation::Gelu)?,
            hidden_dropout_prob,
            attention_probs_dropout_prob: file.probability("attention_probs_dropout_prob", 0.1)?,
            classifier_dropout: file.probability("classifier_dropout", hidden_dropout_prob)?,
            qa_dropout: 0.0,
            max_position_embeddings: file.size("max_position_embeddings")?,
            type_vocab_size: if mpnet {
                0
            } else {
                file.or("type_vocab_size", 2)?
            },
            layer_norm_eps: file.or("layer_norm_eps", 1e-12)?,
            pad_token_id: file.or("pad_token_id", usize::from(family != EncoderFamily::Bert))?,
            initializer_range: file.or("initializer_range", 0.02)?,
            relative_attention_num_buckets: file.or("relative_attention_num_buckets", 32)?,
            tie_word_embeddings: file.or("tie_word_embeddings", true)?,
            num_labels: file.num_labels()?,
        })
    }

    fn read_distilbert(file: &ConfigFile) -> Result<Self> {
        Ok(Self {
            family: EncoderFamily::DistilBert,
            vocab_size: file.size("vocab_size")?,
            hidden_size: file.size("dim")?,
            num_hidden_layers: file.layers("n_layers")?,
            num_attention_heads: file.size("n_heads")?,
            intermediate_size: file.size("hidden_dim")?,
            hidden_act: file.or("activation", Activation::Gelu)?,
            hidden_dropout_prob: file.probability("dropout", 0.1)?,
            attention_probs_dropout_prob: file.probability("attention_dropout", 0.1)?,
            classifier_dropout: file.probability("seq_classif_dropout", 0.2)?,
            qa_dropout: file.probability("qa_dropout", 0.1)?,
            max_position_embeddings: file.size("max_position_embeddings")?,
            type_vocab_size: 0,
            layer_norm_eps: 1e-12,
            pad_token_id: file.or("pad_token_id", 0)?,
            initializer_range: file.or("initializer_range", 0.02)?,
            relative_attention_num_buckets: 32,
            tie_word_embeddings: file.or("tie_word_embeddings", true)?,
            num_labels: file.num_labels()?,
        })
    }

    fn check(&self, file: &ConfigFile) -> Result<()> {
        let distilbert = self.family == EncoderFamily::DistilBert;
        let (heads, width) = if distilbert {
            ("n_heads", "dim")
        } else {
            ("num_attention_heads", "hidden_size")
        };
        file.check_divides(heads, self.num_attention_heads, width, self.hidden_size)?;
        if self.pad_token_id >= self.vocab_size {
            let (pad, size) = (self.pad_token_id, self.vocab_size);
            return Err(file.error(
                "pad_token_id",
                format!("is {pad}, not below `vocab_size` = {size}"),
            ));
        }
        if self.max_length() == 0 {
            let rows = self.max_position_embeddings;
            return Err(file.error(
                "max_position_embeddings",
                format!("is {rows}, which leaves no room after the padding position"),
            ));
        }
        if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps < 1.0) {
            let value = self.layer_norm_eps;
            return Err(file.error("layer_norm_eps", format!("is {value}, not in (0, 1)")));
        }
        if self.num_labels == 0 {
            return Err(file.error("num_labels", "is 0"));
        }
        // A quarter of the buckets are exact distances of one direction, fewer than it tells apart.
        let buckets = self.relative_attention_num_buckets;
        let (least, most) = (4, 4 * MPNET_MAX_DISTANCE - 1);
        if self.family == EncoderFamily::Mpnet && !(least..=most).contains(&buckets) {
            let reason = format!("is {buckets}, not from {least} to {most}");
            return Err(file.error("relative_attention_num_buckets", reason));
        }
        Ok(())
    }
}

impl ModelConfig for EncoderConfig {
    fn from_file(file: &ConfigFile) -> Result<Self> {
        let config = match file.model_type()? {
            "bert" => Self::read_common(file, EncoderFamily::Bert)?,
            "roberta" | "xlm-roberta" | "camembert" => {
                Self::read_common(file, EncoderFamily::Roberta)?
            }
            "mpnet" => Self::read_common(file, EncoderFamily::Mpnet)?,
            "distilbert" => Self::read_distilbert(file)?,
            other => {
                let reason = format!("is `{other}`, not bert, roberta, mpnet or distilbert");
                return Err(file.error("model_type", reason));
            }
        };
        for key in ["is_decoder", "add_cross_attention"] {
            if file.or(key, false)? {
                let reason = "is true: only encoders, which see both sides, are supported";
                return Err(file.error(key, reason));
            }
        }
        config.check(file)?;
        Ok(config)
    }

    fn to_fields(&self) -> Map<String, Value> {
        let value = match self.family {
            EncoderFamily::DistilBert => json!({
                "model_type": "distilbert",
                "vocab_size": self.vocab_size,
                "dim": self.hidden_size,
                "n_layers": self.num_hidden_layers,
                "n_heads": self.num_attention_heads,
                "hidden_dim": self.intermediate_size,
                "activation": self.hidden_act,
                "dropout": self.hidden_dropout_prob,
                "attention_dropout": self.attention_probs_dropout_prob,
                "seq_classif_dropout": self.classifier_dropout,
                "qa_dropout": self.qa_dropout,
                "max_position_embeddings": self.max_position_embeddings,
                "pad_token_id": self.pad_token_id,
                "initializer_range": self.initializer_range,
                "tie_word_embeddings": self.tie_word_embeddings,
                "num_labels": self.num_labels,
            }),
            family => json!({
                "model_type": match family {
                    EncoderFamily::Roberta => "roberta",
                    EncoderFamily::Mpnet => "mpnet",
                    EncoderFamily::Bert | EncoderFamily::DistilBert => "bert",
                },
                "vocab_size": self.vocab_size,
                "hidden_size": self.hidden_size,
                "num_hidden_layers": self.num_hidden_layers,
                "num_attention_heads": self.num_attention_heads,
                "intermediate_size": self.intermediate_size,
                "hidden_act": self.hidden_act,
                "hidden_dropout_prob": self.hidden_dropout_prob,
                "attention_probs_dropout_prob": self.attention_probs_dropout_prob,
                "classifier_dropout": self.classifier_dropout,
                "max_position_embeddings": self.max_position_embeddings,
                "type_vocab_size": self.type_vocab_size,
                "layer_norm_eps": self.layer_norm_eps,
                "pad_token_id": self.pad_token_id,
                "initializer_range": self.initializer_range,
                "relative_attention_num_buckets": self.relative_attention_num_buckets,
                "tie_word_embeddings": self.tie_word_embeddings,
                "num_labels": self.num_labels,
            }),
        };
        let Value::Object(mut fields) = value else {
            unreachable!("json! of braces is an object")
        };
        if self.family != EncoderFamily::Mpnet {
            fields.remove("relative_attention_num_buckets");
        } else {
            fields.remove("type_vocab_size");
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::relative_bucket;

    const FAMILIES: [EncoderFamily; 4] = [
        EncoderFamily::Bert,
        EncoderFamily::Roberta,
        EncoderFamily::Mpnet,
        EncoderFamily::DistilBert,
    ];

    #[test]
    fn fields_are_read_back_for_every_family() {
        for family in FAMILIES {
            let config = EncoderConfig {
                hidden_size: 24,
                num_hidden_layers: 3,
                num_attention_heads: 6,
                intermediate_size: 40,
                hidden_act: Activation::Relu,
                num_labels: 5,
                ..EncoderConfig::of(family, 70)
            };
            assert_eq!(config.family, family);
            let file = ConfigFile::from_fields("test", config.to_fields());
            let again = EncoderConfig::from_file(&file).unwrap();
            assert_eq!(again, config);
        }
    }

    #[test]
    fn what_a_file_cannot_say_is_refused_by_name() {
        let refusal = |config: &EncoderConfig| {
            let error = ConfigFile::from_config("new model", config).unwrap_err();
            error.to_string()
        };
        for family in [EncoderFamily::Mpnet, EncoderFamily::DistilBert] {
            let config = EncoderConfig {
                type_vocab_size: 2,
                ..EncoderConfig::of(family, 70)
            };
            let text = refusal(&config);
            assert!(text.ends_with("cannot say `type_vocab_size: 2`"), "{text}");
        }
        let config = EncoderConfig {
            layer_norm_eps: 1e-5,
            initializer_range: f64::NAN,
            ..EncoderConfig::distilbert(70)
        };
        let text = refusal(&config);
        let both = "cannot say `layer_norm_eps: 1e-5`, `initializer_range: NaN`";
        assert!(text.ends_with(both), "{text}");
    }

    #[test]
    fn buckets_of_mpnet_tell_distances_apart() {
        let read = |buckets| {
            let config = EncoderConfig {
                relative_attention_num_buckets: buckets,
                ..EncoderConfig::mpnet(70)
            };
            ConfigFile::from_config("new model", &config)
        };
        for buckets in [0, 3, 512, 1 << 40] {
            let text = read(buckets).unwrap_err().to_string();
            assert!(text.contains("not from 4 to 511"), "{text}");
        }
        for buckets in [4, 511] {
            read(buckets).unwrap();
            for distance in -600..600 {
                let bucket = relative_bucket(distance, true, buckets, MPNET_MAX_DISTANCE);
                assert!((0..buckets as i64).contains(&bucket), "{buckets}: {bucket}");
            }
        }
    }
}
