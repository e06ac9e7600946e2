//! MPNet (Song et al. 2020, arXiv 2004.09297): names in Hugging Face files
//! (`model_type` = `mpnet`).

use super::bert::EMBEDDINGS;
use super::families::FamilyKeys;
use super::roberta::{MASKED_LM, MASKED_LM_UNTIED, SEQUENCE};
use crate::checkpoint::{KeyRule, KeyTable};

const LAYERS: &[KeyRule<'static>] = &[
    KeyRule::linear(
        "encoder.layer.{}.attention.attn.q",
        "layers.{}.attention.query",
    ),
    KeyRule::linear(
        "encoder.layer.{}.attention.attn.k",
        "layers.{}.attention.key",
    ),
    KeyRule::linear(
        "encoder.layer.{}.attention.attn.v",
        "layers.{}.attention.value",
    ),
    KeyRule::linear(
        "encoder.layer.{}.attention.attn.o",
        "layers.{}.attention.output",
    ),
    KeyRule::norm(
        "encoder.layer.{}.attention.LayerNorm",
        "layers.{}.attention_norm",
    ),
    KeyRule::linear("encoder.layer.{}.intermediate.dense", "layers.{}.ffn.inner"),
    KeyRule::linear("encoder.layer.{}.output.dense", "layers.{}.ffn.outer"),
    KeyRule::norm("encoder.layer.{}.output.LayerNorm", "layers.{}.ffn_norm"),
    KeyRule::embedding("encoder.relative_attention_bias", "relative_bias"),
    KeyRule::linear("pooler.dense", "pooler"),
];

/// The family's names.
pub(super) const KEYS: FamilyKeys = FamilyKeys {
    base: KeyTable {
        prefixes: &["mpnet."],
        field: "encoder.",
        base: &[EMBEDDINGS, LAYERS],
        head: &[],
        tied: &[],
        renames: &[],
        ignored: &["*embeddings.position_ids"],
        heads: &["lm_head.", "classifier.", "qa_outputs."],
    },
    masked_lm: &[MASKED_LM],
    masked_lm_untied: &[MASKED_LM, MASKED_LM_UNTIED],
    masked_lm_tied: &[
        (
            "mpnet.embeddings.word_embeddings.weight",
            "lm_head.decoder.weight",
        ),
        ("lm_head.bias", "lm_head.decoder.bias"),
    ],
    sequence: &[SEQUENCE],
};
