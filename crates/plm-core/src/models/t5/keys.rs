//! T5 in Hugging Face directories (`model_type` = `t5`).

use burn::tensor::Device;

use super::{
    T5EncoderModel, T5ForConditionalGeneration, T5ForQuestionAnswering,
    T5ForSequenceClassification, T5ForTokenClassification, T5Model,
};
use crate::Result;
use crate::checkpoint::{KeyRule, KeyTable, TensorSource};
use crate::config::{ConfigFile, T5Config};
use crate::models::pretrained::PretrainedModel;
use crate::nn::init::Init;

type Rules = &'static [KeyRule<'static>];

const ENCODER: Rules = &[
    KeyRule::embedding("shared", "shared"),
    KeyRule::embedding(
        "encoder.block.0.layer.0.SelfAttention.relative_attention_bias",
        "encoder.relative_bias",
    ),
    KeyRule::linear(
        "encoder.block.{}.layer.0.SelfAttention.q",
        "encoder.layers.{}.attention.query",
    ),
    KeyRule::linear(
        "encoder.block.{}.layer.0.SelfAttention.k",
        "encoder.layers.{}.attention.key",
    ),
    KeyRule::linear(
        "encoder.block.{}.layer.0.SelfAttention.v",
        "encoder.layers.{}.attention.value",
    ),
    KeyRule::linear(
        "encoder.block.{}.layer.0.SelfAttention.o",
        "encoder.layers.{}.attention.output",
    ),
    KeyRule::norm(
        "encoder.block.{}.layer.0.layer_norm",
        "encoder.layers.{}.attention_norm",
    ),
    KeyRule::linear(
        "encoder.block.{}.layer.1.DenseReluDense.wo",
        "encoder.layers.{}.ffn.outer",
    ),
    KeyRule::norm(
        "encoder.block.{}.layer.1.layer_norm",
        "encoder.layers.{}.ffn_norm",
    ),
    KeyRule::norm("encoder.final_layer_norm", "encoder.final_norm"),
];

const ENCODER_PLAIN: Rules = &[KeyRule::linear(
    "encoder.block.{}.layer.1.DenseReluDense.wi",
    "encoder.layers.{}.ffn.inner",
)];

const ENCODER_GATED: Rules = &[
    KeyRule::linear(
        "encoder.block.{}.layer.1.DenseReluDense.wi_0",
        "encoder.layers.{}.ffn.gate",
    ),
    KeyRule::linear(
        "encoder.block.{}.layer.1.DenseReluDense.wi_1",
        "encoder.layers.{}.ffn.inner",
    ),
];

const DECODER: Rules = &[
    KeyRule::embedding(
        "decoder.block.0.layer.0.SelfAttention.relative_attention_bias",
        "decoder.relative_bias",
    ),
    KeyRule::linear(
        "decoder.block.{}.layer.0.SelfAttention.q",
        "decoder.layers.{}.attention.query",
    ),
    KeyRule::linear(
        "decoder.block.{}.layer.0.SelfAttention.k",
        "decoder.layers.{}.attention.key",
    ),
    KeyRule::linear(
        "decoder.block.{}.layer.0.SelfAttention.v",
        "decoder.layers.{}.attention.value",
    ),
    KeyRule::linear(
        "decoder.block.{}.layer.0.SelfAttention.o",
        "decoder.layers.{}.attention.output",
    ),
    KeyRule::norm(
        "decoder.block.{}.layer.0.layer_norm",
        "decoder.layers.{}.attention_norm",
    ),
    KeyRule::linear(
        "decoder.block.{}.layer.1.EncDecAttention.q",
        "decoder.layers.{}.cross.attention.query",
    ),
    KeyRule::linear(
        "decoder.block.{}.layer.1.EncDecAttention.k",
        "decoder.layers.{}.cross.attention.key",
    ),
    KeyRule::linear(
        "decoder.block.{}.layer.1.EncDecAttention.v",
        "decoder.layers.{}.cross.attention.value",
    ),
    KeyRule::linear(
        "decoder.block.{}.layer.1.EncDecAttention.o",
        "decoder.layers.{}.cross.attention.output",
    ),
    KeyRule::norm(
        "decoder.block.{}.layer.1.layer_norm",
        "decoder.layers.{}.cross.norm",
    ),
    KeyRule::linear(
        "decoder.block.{}.layer.2.DenseReluDense.wo",
        "decoder.layers.{}.ffn.outer",
    ),
    KeyRule::norm(
        "decoder.block.{}.layer.2.layer_norm",
        "decoder.layers.{}.ffn_norm",
    ),
    KeyRule::norm("decoder.final_layer_norm", "decoder.final_norm"),
];

const DECODER_PLAIN: Rules = &[KeyRule::linear(
    "decoder.block.{}.layer.2.DenseReluDense.wi",
    "decoder.layers.{}.ffn.inner",
)];

const DECODER_GATED: Rules = &[
    KeyRule::linear(
        "decoder.block.{}.layer.2.DenseReluDense.wi_0",
        "decoder.layers.{}.ffn.gate",
    ),
    KeyRule::linear(
        "decoder.block.{}.layer.2.DenseReluDense.wi_1",
        "decoder.layers.{}.ffn.inner",
    ),
];

/// The parts that all tables share. The relative bias that old files hold for the first
/// cross-attention is never read.
const T5: KeyTable<'static> = KeyTable {
    prefixes: &[],
    field: "model.",
    base: &[],
    head: &[],
    tied: &[
        ("shared.weight", "encoder.embed_tokens.weight"),
        ("shared.weight", "decoder.embed_tokens.weight"),
    ],
    renames: &[],
    ignored: &["*EncDecAttention.relative_attention_bias.weight"],
    heads: &[
        "lm_head.",
        "classification_head.",
        "classifier.",
        "qa_outputs.",
    ],
};

fn both(config: &T5Config) -> &'static [Rules] {
    if config.gated {
        &[ENCODER, ENCODER_GATED, DECODER, DECODER_GATED]
    } else {
        &[ENCODER, ENCODER_PLAIN, DECODER, DECODER_PLAIN]
    }
}

fn encoder(config: &T5Config) -> &'static [Rules] {
    if config.gated {
        &[ENCODER, ENCODER_GATED]
    } else {
        &[ENCODER, ENCODER_PLAIN]
    }
}

const LM_HEAD: Rules = &[KeyRule::embedding("lm_head", "lm_head")];
const CLASSIFIER: Rules = &[
    KeyRule::linear("classification_head.dense", "classifier.dense"),
    KeyRule::linear("classification_head.out_proj", "classifier.output"),
];
const TOKEN: Rules = &[KeyRule::linear("classifier", "classifier")];
const SPAN: Rules = &[KeyRule::linear("qa_outputs", "output")];

fn lm_table(config: &T5Config) -> KeyTable<'static> {
    let table = KeyTable {
        base: both(config),
        ..T5
    };
    if config.tie_word_embeddings {
        KeyTable {
            tied: &[
                ("shared.weight", "encoder.embed_tokens.weight"),
                ("shared.weight", "decoder.embed_tokens.weight"),
                ("shared.weight", "lm_head.weight"),
            ],
            ..table
        }
    } else {
        KeyTable {
            head: &[LM_HEAD],
            ..table
        }
    }
}

/// The tables of models that read `transformer.` before the base model's names: classifiers, which write
/// it too, and base models, which do not.
fn prefixed_table(base: &'static [Rules], head: &'static [Rules]) -> KeyTable<'static> {
    KeyTable {
        prefixes: &["transformer."],
        base,
        head,
        tied: &[
            (
                "transformer.shared.weight",
                "transformer.encoder.embed_tokens.weight",
            ),
            (
                "transformer.shared.weight",
                "transformer.decoder.embed_tokens.weight",
            ),
        ],
        ..T5
    }
}

/// The rule of the original implementation: deviations by fan-in, queries also by the head width.
fn init(config: &T5Config, path: &str) -> Init {
    let factor = config.initializer_factor;
    let by = |width: usize| Init::Normal(factor * (width as f64).powf(-0.5));
    if path.ends_with("gamma") {
        Init::Constant(factor)
    } else if path.ends_with(".bias") {
        Init::Constant(0.0)
    } else if path.ends_with("attention.query.weight") {
        by(config.d_model * config.d_kv)
    } else if path.ends_with("attention.output.weight") {
        by(config.num_heads * config.d_kv)
    } else if path.ends_with("ffn.outer.weight") {
        by(config.d_ff)
    } else if path.ends_with("shared.weight")
        || path.starts_with("lm_head.")
        || path == "classifier.weight"
    {
        Init::Normal(factor)
    } else {
        by(config.d_model)
    }
}

/// Unties a head that the settings tie to the word table and whose values in the file are others, as
/// transformers 5 does with a warning. The scores keep their factor.
fn untie_other_head(
    config: &mut ConfigFile,
    settings: &T5Config,
    source: &TensorSource,
) -> Result<()> {
    let (words, head) = ("shared.weight", "lm_head.weight");
    let both = source.shape(words).is_some() && source.shape(head).is_some();
    if settings.tie_word_embeddings && both && !source.same(words, head)? {
        config.set("tie_word_embeddings", false);
        config.set("scale_decoder_outputs", settings.scale_decoder_outputs);
    }
    Ok(())
}

/// What a model without a decoder leaves aside in files that have one.
fn decoder_leftovers() -> Vec<String> {
    ["decoder", "transformer.decoder", "lm_head"]
        .map(str::to_owned)
        .into()
}

macro_rules! pretrained {
    ($model:ident, $head:expr, $new:expr, $table:expr, $leftovers:expr $(, $settle:ident)?) => {
        impl PretrainedModel for $model {
            type Config = T5Config;

            const HEAD: &'static [&'static str] = $head;

            fn from_config(config: &T5Config, names: &[String], device: &Device) -> Self {
                $new(config, names, device)
            }

            fn key_table(config: &T5Config) -> KeyTable<'static> {
                $table(config)
            }

            fn architecture(_: &T5Config) -> String {
                stringify!($model).to_owned()
            }

            fn init(config: &T5Config, path: &str) -> Init {
                init(config, path)
            }

            fn vocab_size(config: &T5Config) -> usize {
                config.vocab_size
            }

            fn leftovers(_: &T5Config) -> Vec<String> {
                $leftovers
            }

            $(fn settle(
                config: &mut ConfigFile,
                settings: &T5Config,
                source: &TensorSource,
            ) -> Result<()> {
                $settle(config, settings, source)
            })?
        }
    };
}

pretrained!(
    T5Model,
    &[],
    |config: &T5Config, _: &[String], device: &Device| T5Model::new(config, device),
    |config: &T5Config| prefixed_table(both(config), &[]),
    vec!["lm_head".to_owned()]
);
pretrained!(
    T5EncoderModel,
    &[],
    |config: &T5Config, _: &[String], device: &Device| T5EncoderModel::new(config, device),
    |config: &T5Config| prefixed_table(encoder(config), &[]),
    decoder_leftovers()
);
pretrained!(
    T5ForConditionalGeneration,
    &["lm_head."],
    |config: &T5Config, names: &[String], device: &Device| {
        let mut model = T5ForConditionalGeneration::new(config, device);
        // An untied setting beside a file without a head: the head is the word table after all.
        if !names.is_empty() && !names.iter().any(|name| name == "lm_head.weight") {
            model.lm_head = None;
        }
        model
    },
    lm_table,
    Vec::new(),
    untie_other_head
);
pretrained!(
    T5ForSequenceClassification,
    &["classifier."],
    |config: &T5Config, _: &[String], device: &Device| {
        T5ForSequenceClassification::new(config, device)
    },
    |config: &T5Config| prefixed_table(both(config), &[CLASSIFIER]),
    vec!["lm_head".to_owned()]
);
pretrained!(
    T5ForQuestionAnswering,
    &["output."],
    |config: &T5Config, _: &[String], device: &Device| {
        T5ForQuestionAnswering::new(config, device)
    },
    |config: &T5Config| KeyTable {
        base: both(config),
        head: &[SPAN],
        ..T5
    },
    vec!["lm_head".to_owned()]
);
pretrained!(
    T5ForTokenClassification,
    &["classifier."],
    |config: &T5Config, _: &[String], device: &Device| {
        T5ForTokenClassification::new(config, device)
    },
    |config: &T5Config| prefixed_table(encoder(config), &[TOKEN]),
    decoder_leftovers()
);
