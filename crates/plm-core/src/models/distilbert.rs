//! DistilBERT (Sanh et al. 2019, arXiv 1910.01108): names in Hugging Face files
//! (`model_type` = `distilbert`).

use super::bert::EMBEDDINGS;
use super::families::FamilyKeys;
use crate::checkpoint::{KeyRule, KeyTable};

const LAYERS: &[KeyRule<'static>] = &[
    KeyRule::linear(
        "transformer.layer.{}.attention.q_lin",
        "layers.{}.attention.query",
    ),
    KeyRule::linear(
        "transformer.layer.{}.attention.k_lin",
        "layers.{}.attention.key",
    ),
    KeyRule::linear(
        "transformer.layer.{}.attention.v_lin",
        "layers.{}.attention.value",
    ),
    KeyRule::linear(
        "transformer.layer.{}.attention.out_lin",
        "layers.{}.attention.output",
    ),
    KeyRule::norm(
        "transformer.layer.{}.sa_layer_norm",
        "layers.{}.attention_norm",
    ),
    KeyRule::linear("transformer.layer.{}.ffn.lin1", "layers.{}.ffn.inner"),
    KeyRule::linear("transformer.layer.{}.ffn.lin2", "layers.{}.ffn.outer"),
    KeyRule::norm(
        "transformer.layer.{}.output_layer_norm",
        "layers.{}.ffn_norm",
    ),
];

const MASKED_LM: &[KeyRule<'static>] = &[
    KeyRule::linear("vocab_transform", "head.dense"),
    KeyRule::norm("vocab_layer_norm", "head.norm"),
    KeyRule::tensor("vocab_projector.bias", "head.bias"),
];

const MASKED_LM_UNTIED: &[KeyRule<'static>] =
    &[KeyRule::embedding("vocab_projector", "head.decoder")];

const SEQUENCE: &[KeyRule<'static>] = &[
    KeyRule::linear("pre_classifier", "classifier.dense"),
    KeyRule::linear("classifier", "classifier.output"),
];

/// The family's names.
pub(super) const KEYS: FamilyKeys = FamilyKeys {
    base: KeyTable {
        prefixes: &["distilbert."],
        field: "encoder.",
        base: &[EMBEDDINGS, LAYERS],
        head: &[],
        tied: &[],
        renames: &[],
        ignored: &["*embeddings.position_ids"],
        heads: &[
            "vocab_transform.",
            "vocab_layer_norm.",
            "vocab_projector.",
            "pre_classifier.",
            "classifier.",
            "qa_outputs.",
        ],
    },
    masked_lm: &[MASKED_LM],
    masked_lm_untied: &[MASKED_LM, MASKED_LM_UNTIED],
    masked_lm_tied: &[(
        "distilbert.embeddings.word_embeddings.weight",
        "vocab_projector.weight",
    )],
    sequence: &[SEQUENCE],
};
