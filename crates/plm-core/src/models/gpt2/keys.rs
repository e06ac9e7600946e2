//! GPT-2 in Hugging Face directories (`model_type` = `gpt2`).

use burn::tensor::Device;

use super::{
    Gpt2ForQuestionAnswering, Gpt2ForSequenceClassification, Gpt2ForTokenClassification,
    Gpt2LmHeadModel, Gpt2Model,
};
use crate::checkpoint::{KeyRule, KeyTable};
use crate::config::Gpt2Config;
use crate::models::pretrained::PretrainedModel;
use crate::nn::init::{Init, bert_rule};

const LAYERS: &[KeyRule<'static>] = &[
    KeyRule::embedding("wte", "word"),
    KeyRule::embedding("wpe", "position"),
    KeyRule::norm("h.{}.ln_1", "layers.{}.attention_norm"),
    KeyRule::conv1d("h.{}.attn.c_attn", "layers.{}.attention.qkv"),
    KeyRule::conv1d("h.{}.attn.c_proj", "layers.{}.attention.output"),
    KeyRule::norm("h.{}.ln_2", "layers.{}.ffn_norm"),
    KeyRule::conv1d("h.{}.mlp.c_fc", "layers.{}.ffn.inner"),
    KeyRule::conv1d("h.{}.mlp.c_proj", "layers.{}.ffn.outer"),
    KeyRule::norm("ln_f", "final_norm"),
];

/// The base model's names. Old files hold the causal mask as a tensor.
const BASE: KeyTable<'static> = KeyTable {
    prefixes: &["transformer."],
    field: "model.",
    base: &[LAYERS],
    head: &[],
    tied: &[],
    renames: &[],
    ignored: &["*.attn.bias", "*.attn.masked_bias"],
    heads: &["lm_head.", "score.", "classifier.", "qa_outputs."],
};

const LM_HEAD: &[KeyRule<'static>] = &[KeyRule::embedding("lm_head", "lm_head")];
const SCORE: &[KeyRule<'static>] = &[KeyRule::linear("score", "score")];
const CLASSIFIER: &[KeyRule<'static>] = &[KeyRule::linear("classifier", "classifier")];
const SPAN: &[KeyRule<'static>] = &[KeyRule::linear("qa_outputs", "output")];

fn lm_table(config: &Gpt2Config) -> KeyTable<'static> {
    if config.tie_word_embeddings {
        KeyTable {
            tied: &[("transformer.wte.weight", "lm_head.weight")],
            ..BASE
        }
    } else {
        KeyTable {
            head: &[LM_HEAD],
            ..BASE
        }
    }
}

/// BERT's rule with the projections into the residual stream scaled by depth (Radford et al. 2019,
/// section 2.3).
fn init(config: &Gpt2Config, path: &str) -> Init {
    let range = config.initializer_range;
    if path.ends_with("attention.output.weight") || path.ends_with("ffn.outer.weight") {
        return Init::Normal(range / (2.0 * config.n_layer as f64).sqrt());
    }
    bert_rule(range)(path)
}

macro_rules! pretrained {
    ($model:ident, $name:literal, $head:expr, $table:expr, $leftovers:expr) => {
        impl PretrainedModel for $model {
            type Config = Gpt2Config;

            const HEAD: &'static [&'static str] = $head;

            fn from_config(config: &Gpt2Config, _: &[String], device: &Device) -> Self {
                Self::new(config, device)
            }

            fn key_table(config: &Gpt2Config) -> KeyTable<'static> {
                $table(config)
            }

            fn architecture(_: &Gpt2Config) -> String {
                $name.to_owned()
            }

            fn init(config: &Gpt2Config, path: &str) -> Init {
                init(config, path)
            }

            fn vocab_size(config: &Gpt2Config) -> usize {
                config.vocab_size
            }

            fn leftovers(_: &Gpt2Config) -> Vec<String> {
                $leftovers
            }
        }
    };
}

pretrained!(
    Gpt2Model,
    "GPT2Model",
    &[],
    |_: &Gpt2Config| BASE,
    vec!["lm_head".to_owned()]
);
pretrained!(
    Gpt2LmHeadModel,
    "GPT2LMHeadModel",
    &["lm_head."],
    lm_table,
    Vec::new()
);
pretrained!(
    Gpt2ForSequenceClassification,
    "GPT2ForSequenceClassification",
    &["score."],
    |_: &Gpt2Config| KeyTable {
        head: &[SCORE],
        ..BASE
    },
    vec!["lm_head".to_owned()]
);
pretrained!(
    Gpt2ForTokenClassification,
    "GPT2ForTokenClassification",
    &["classifier."],
    |_: &Gpt2Config| KeyTable {
        head: &[CLASSIFIER],
        ..BASE
    },
    vec!["lm_head".to_owned()]
);
pretrained!(
    Gpt2ForQuestionAnswering,
    "GPT2ForQuestionAnswering",
    &["output."],
    |_: &Gpt2Config| KeyTable {
        head: &[SPAN],
        ..BASE
    },
    vec!["lm_head".to_owned()]
);
