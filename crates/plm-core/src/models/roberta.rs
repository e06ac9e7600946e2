//! RoBERTa (Liu et al. 2019, arXiv 1907.11692): names in Hugging Face files
//! (`model_type` = `roberta`, also `xlm-roberta` and `camembert`).

use super::bert::{EMBEDDINGS, LAYERS};
use super::families::FamilyKeys;
use crate::checkpoint::{KeyRule, KeyTable};

/// The masked-LM head, named alike in RoBERTa and MPNet.
pub(super) const MASKED_LM: &[KeyRule<'static>] = &[
    KeyRule::linear("lm_head.dense", "head.dense"),
    KeyRule::norm("lm_head.layer_norm", "head.norm"),
    KeyRule::tensor("lm_head.bias", "head.bias"),
];

/// What an untied masked-LM head has besides, in RoBERTa and MPNet.
pub(super) const MASKED_LM_UNTIED: &[KeyRule<'static>] = &[
    KeyRule::embedding("lm_head.decoder", "head.decoder"),
    KeyRule::tensor("lm_head.decoder.bias", "head.decoder_bias"),
];

/// The sequence classifier, named alike in RoBERTa and MPNet.
pub(super) const SEQUENCE: &[KeyRule<'static>] = &[
    KeyRule::linear("classifier.dense", "classifier.dense"),
    KeyRule::linear("classifier.out_proj", "classifier.output"),
];

/// The family's names.
pub(super) const KEYS: FamilyKeys = FamilyKeys {
    base: KeyTable {
        prefixes: &["roberta."],
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
            "roberta.embeddings.word_embeddings.weight",
            "lm_head.decoder.weight",
        ),
        ("lm_head.bias", "lm_head.decoder.bias"),
    ],
    sequence: &[SEQUENCE],
};
