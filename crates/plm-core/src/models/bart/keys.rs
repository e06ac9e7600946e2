//! BART in Hugging Face directories (`model_type` = `bart`).

use burn::nn::Embedding;
use burn::tensor::Device;

use super::{
    BartForConditionalGeneration, BartForQuestionAnswering, BartForSequenceClassification,
    BartModel,
};
use crate::checkpoint::{KeyRule, KeyTable};
use crate::config::BartConfig;
use crate::models::pretrained::PretrainedModel;
use crate::models::vocabulary::copy_of;
use crate::nn::init::{Init, bert_rule};

const ENCODER: &[KeyRule<'static>] = &[
    KeyRule::embedding("shared", "shared"),
    KeyRule::embedding("encoder.embed_positions", "encoder.position"),
    KeyRule::norm("encoder.layernorm_embedding", "encoder.norm"),
    KeyRule::linear(
        "encoder.layers.{}.self_attn.q_proj",
        "encoder.layers.{}.attention.query",
    ),
    KeyRule::linear(
        "encoder.layers.{}.self_attn.k_proj",
        "encoder.layers.{}.attention.key",
    ),
    KeyRule::linear(
        "encoder.layers.{}.self_attn.v_proj",
        "encoder.layers.{}.attention.value",
    ),
    KeyRule::linear(
        "encoder.layers.{}.self_attn.out_proj",
        "encoder.layers.{}.attention.output",
    ),
    KeyRule::norm(
        "encoder.layers.{}.self_attn_layer_norm",
        "encoder.layers.{}.attention_norm",
    ),
    KeyRule::linear("encoder.layers.{}.fc1", "encoder.layers.{}.ffn.inner"),
    KeyRule::linear("encoder.layers.{}.fc2", "encoder.layers.{}.ffn.outer"),
    KeyRule::norm(
        "encoder.layers.{}.final_layer_norm",
        "encoder.layers.{}.ffn_norm",
    ),
];

const DECODER: &[KeyRule<'static>] = &[
    KeyRule::embedding("decoder.embed_positions", "decoder.position"),
    KeyRule::norm("decoder.layernorm_embedding", "decoder.norm"),
    KeyRule::linear(
        "decoder.layers.{}.self_attn.q_proj",
        "decoder.layers.{}.attention.query",
    ),
    KeyRule::linear(
        "decoder.layers.{}.self_attn.k_proj",
        "decoder.layers.{}.attention.key",
    ),
    KeyRule::linear(
        "decoder.layers.{}.self_attn.v_proj",
        "decoder.layers.{}.attention.value",
    ),
    KeyRule::linear(
        "decoder.layers.{}.self_attn.out_proj",
        "decoder.layers.{}.attention.output",
    ),
    KeyRule::norm(
        "decoder.layers.{}.self_attn_layer_norm",
        "decoder.layers.{}.attention_norm",
    ),
    KeyRule::linear(
        "decoder.layers.{}.encoder_attn.q_proj",
        "decoder.layers.{}.cross_attention.query",
    ),
    KeyRule::linear(
        "decoder.layers.{}.encoder_attn.k_proj",
        "decoder.layers.{}.cross_attention.key",
    ),
    KeyRule::linear(
        "decoder.layers.{}.encoder_attn.v_proj",
        "decoder.layers.{}.cross_attention.value",
    ),
    KeyRule::linear(
        "decoder.layers.{}.encoder_attn.out_proj",
        "decoder.layers.{}.cross_attention.output",
    ),
    KeyRule::norm(
        "decoder.layers.{}.encoder_attn_layer_norm",
        "decoder.layers.{}.cross_norm",
    ),
    KeyRule::linear("decoder.layers.{}.fc1", "decoder.layers.{}.ffn.inner"),
    KeyRule::linear("decoder.layers.{}.fc2", "decoder.layers.{}.ffn.outer"),
    KeyRule::norm(
        "decoder.layers.{}.final_layer_norm",
        "decoder.layers.{}.ffn_norm",
    ),
];

/// The stacks' own tables.
const OWN_WORDS: &[KeyRule<'static>] = &[
    KeyRule::embedding("encoder.embed_tokens", "encoder.word"),
    KeyRule::embedding("decoder.embed_tokens", "decoder.word"),
];

/// The base model's names where word tables are tied.
const BASE: KeyTable<'static> = KeyTable {
    prefixes: &["model."],
    field: "model.",
    base: &[ENCODER, DECODER],
    head: &[],
    tied: &[
        ("model.shared.weight", "model.encoder.embed_tokens.weight"),
        ("model.shared.weight", "model.decoder.embed_tokens.weight"),
    ],
    renames: &[],
    ignored: &["*encoder.version", "*decoder.version"],
    heads: &[
        "lm_head.",
        "final_logits_bias",
        "classification_head.",
        "qa_outputs.",
    ],
};

const FINAL_BIAS: &[KeyRule<'static>] =
    &[KeyRule::tensor("final_logits_bias", "final_logits_bias")];

const LM_HEAD: &[KeyRule<'static>] = &[KeyRule::embedding("lm_head", "lm_head")];
const CLASSIFIER: &[KeyRule<'static>] = &[
    KeyRule::linear("classification_head.dense", "classifier.dense"),
    KeyRule::linear("classification_head.out_proj", "classifier.output"),
];
const SPAN: &[KeyRule<'static>] = &[KeyRule::linear("qa_outputs", "output")];

fn base_table(config: &BartConfig) -> KeyTable<'static> {
    if config.tie_word_embeddings {
        BASE
    } else {
        KeyTable {
            base: &[ENCODER, DECODER, OWN_WORDS],
            tied: &[],
            ..BASE
        }
    }
}

fn lm_table(config: &BartConfig) -> KeyTable<'static> {
    if config.tie_word_embeddings {
        KeyTable {
            head: &[FINAL_BIAS],
            tied: &[
                ("model.shared.weight", "model.encoder.embed_tokens.weight"),
                ("model.shared.weight", "model.decoder.embed_tokens.weight"),
                ("model.shared.weight", "lm_head.weight"),
            ],
            ..BASE
        }
    } else {
        KeyTable {
            head: &[FINAL_BIAS, LM_HEAD],
            ..base_table(config)
        }
    }
}

/// The base model for a file with these tensors: transformers before 5 wrote one word table for both
/// stacks also where the settings untie the head.
fn fit_to(model: &mut BartModel, names: &[String]) {
    let lacks = |name: &str| !names.is_empty() && !names.iter().any(|other| other.ends_with(name));
    if lacks("encoder.embed_tokens.weight") {
        model.encoder.word = None;
    }
    if lacks("decoder.embed_tokens.weight") {
        model.decoder.word = None;
    }
}

/// Gives each stack of an untied model the table that transformers 5 expects.
fn complete(model: &mut BartModel) {
    if !model.config.tie_word_embeddings {
        let copy = || Embedding {
            weight: copy_of(&model.shared.weight),
        };
        model.encoder.word.get_or_insert_with(copy);
        model.decoder.word.get_or_insert_with(copy);
    }
}

/// What models without word scores leave aside.
fn leftovers() -> Vec<String> {
    ["lm_head", "final_logits_bias"].map(str::to_owned).into()
}

/// `$base` names the base model in the model: `model`, or nothing where it is the model itself.
macro_rules! pretrained {
    ($model:ident $(.$base:ident)?, $head:expr, $table:expr, $leftovers:expr $(, $fit:expr)?) => {
        impl PretrainedModel for $model {
            type Config = BartConfig;

            const HEAD: &'static [&'static str] = $head;

            fn from_config(config: &BartConfig, names: &[String], device: &Device) -> Self {
                let mut model = Self::new(config, device);
                fit_to(&mut model $(.$base)?, names);
                $($fit(&mut model, names);)?
                model
            }

            fn complete(mut self) -> Self {
                complete(&mut self $(.$base)?);
                self
            }

            fn key_table(config: &BartConfig) -> KeyTable<'static> {
                $table(config)
            }

            fn architecture(_: &BartConfig) -> String {
                stringify!($model).to_owned()
            }

            fn init(config: &BartConfig, path: &str) -> Init {
                bert_rule(config.init_std)(path)
            }

            fn vocab_size(config: &BartConfig) -> usize {
                config.vocab_size
            }

            fn leftovers(_: &BartConfig) -> Vec<String> {
                $leftovers
            }
        }
    };
}

pretrained!(BartModel, &[], base_table, leftovers());
pretrained!(
    BartForConditionalGeneration.model,
    &["lm_head.", "final_logits_bias"],
    lm_table,
    Vec::new(),
    |model: &mut BartForConditionalGeneration, names: &[String]| {
        if !names.is_empty() && !names.iter().any(|name| name == "final_logits_bias") {
            model.final_logits_bias = None;
        }
    }
);
pretrained!(
    BartForSequenceClassification.model,
    &["classifier."],
    |config: &BartConfig| KeyTable {
        head: &[CLASSIFIER],
        ..base_table(config)
    },
    leftovers()
);
pretrained!(
    BartForQuestionAnswering.model,
    &["output."],
    |config: &BartConfig| KeyTable {
        head: &[SPAN],
        ..base_table(config)
    },
    leftovers()
);
