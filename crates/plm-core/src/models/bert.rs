//! BERT (Devlin et al. 2019, arXiv 1810.04805) and MiniLM (Wang et al. 2020, arXiv 2002.10957):
//! names in Hugging Face files (`model_type` = `bert`).

use super::families::FamilyKeys;
use crate::checkpoint::{KeyRule, KeyTable};

/// The layers, named alike in BERT and RoBERTa.
pub(super) const LAYERS: &[KeyRule<'static>] = &[
    KeyRule::linear(
        "encoder.layer.{}.attention.self.query",
        "layers.{}.attention.query",
    ),
    KeyRule::linear(
        "encoder.layer.{}.attention.self.key",
        "layers.{}.attention.key",
    ),
    KeyRule::linear(
        "encoder.layer.{}.attention.self.value",
        "layers.{}.attention.value",
    ),
    KeyRule::linear(
        "encoder.layer.{}.attention.output.dense",
        "layers.{}.attention.output",
    ),
    KeyRule::norm(
        "encoder.layer.{}.attention.output.LayerNorm",
        "layers.{}.attention_norm",
    ),
    KeyRule::linear("encoder.layer.{}.intermediate.dense", "layers.{}.ffn.inner"),
    KeyRule::linear("encoder.layer.{}.output.dense", "layers.{}.ffn.outer"),
    KeyRule::norm("encoder.layer.{}.output.LayerNorm", "layers.{}.ffn_norm"),
    KeyRule::linear("pooler.dense", "pooler"),
];

/// The embeddings, named alike in BERT, RoBERTa and MPNet.
pub(super) const EMBEDDINGS: &[KeyRule<'static>] = &[
    KeyRule::embedding("embeddings.word_embeddings", "embeddings.word"),
    KeyRule::embedding("embeddings.position_embeddings", "embeddings.position"),
    KeyRule::embedding("embeddings.token_type_embeddings", "embeddings.token_type"),
    KeyRule::norm("embeddings.LayerNorm", "embeddings.norm"),
];

const MASKED_LM: &[KeyRule<'static>] = &[
    KeyRule::linear("cls.predictions.transform.dense", "head.dense"),
    KeyRule::norm("cls.predictions.transform.LayerNorm", "head.norm"),
    KeyRule::tensor("cls.predictions.bias", "head.bias"),
];

const MASKED_LM_UNTIED: &[KeyRule<'static>] = &[
    KeyRule::embedding("cls.predictions.decoder", "head.decoder"),
    KeyRule::tensor("cls.predictions.decoder.bias", "head.decoder_bias"),
];

const SEQUENCE: &[KeyRule<'static>] = &[KeyRule::linear("classifier", "classifier.output")];

/// The family's names.
pub(super) const KEYS: FamilyKeys = FamilyKeys {
    base: KeyTable {
        prefixes: &["bert."],
        field: "encoder.",
        base: &[EMBEDDINGS, LAYERS],
        head: &[],
        tied: &[],
        renames: &[],
        ignored: &["*embeddings.position_ids"],
        heads: &["cls.", "classifier.", "qa_outputs."],
    },
    masked_lm: &[MASKED_LM],
    masked_lm_untied: &[MASKED_LM, MASKED_LM_UNTIED],
    masked_lm_tied: &[
        (
            "bert.embeddings.word_embeddings.weight",
            "cls.predictions.decoder.weight",
        ),
        ("cls.predictions.bias", "cls.predictions.decoder.bias"),
    ],
    sequence: &[SEQUENCE],
};
