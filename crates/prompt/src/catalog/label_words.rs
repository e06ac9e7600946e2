//! The words that stand for classes, in class order.
//!
//! Masked language models predict the word at the mask, without a space before it. T5 generates
//! it; its classes are told apart by the word's first piece. The ids hold for the tokenizers of
//! `roberta-*`, `bert-base-uncased` and `t5-*`. A caller with tokenizer files should check them.

use serde::Serialize;

/// The words for one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LabelWord {
    /// The word that masked language models predict.
    pub masked: &'static str,
    /// Its id in RoBERTa's vocabulary.
    pub roberta_id: u32,
    /// Its id in BERT's vocabulary, where the study has one.
    pub bert_id: Option<u32>,
    /// The word that T5 generates.
    pub t5: &'static str,
    /// Id of its first piece in T5's vocabulary.
    pub t5_first_piece: u32,
}

const NEGATIVE: LabelWord = word("negative", 33407, Some(4997), "negative", 2841);
const MODERATE: LabelWord = word("moderate", 19397, Some(8777), "moderate", 8107);
const POSITIVE: LabelWord = word("positive", 22173, Some(3893), "positive", 1465);
const CONFLICT: LabelWord = word("conflict", 17075, Some(4736), "conflict", 4129);
const CONTRADICTION: LabelWord = word("no", 2362, Some(2053), "contradiction", 27252);
const NEUTRAL: LabelWord = word("neutral", 12516, Some(8699), "neutral", 7163);
// The first piece of "entailment" is the bare space mark.
const ENTAILMENT: LabelWord = word("yes", 10932, Some(2748), "entailment", 3);
// "unacceptable" is not one word for RoBERTa; its first piece stands for it.
const UNACCEPTABLE: LabelWord = word("un", 897, None, "unacceptable", 29452);
const ACCEPTABLE: LabelWord = word("acceptable", 32047, None, "acceptable", 9961);
const FALSE: LabelWord = word("false", 22303, Some(6270), "false", 6136);
const TRUE: LabelWord = word("true", 29225, Some(2995), "true", 1176);

pub(super) static POLARITY: [LabelWord; 2] = [NEGATIVE, POSITIVE];
pub(super) static POLARITY_OF_THREE: [LabelWord; 3] = [NEGATIVE, MODERATE, POSITIVE];
pub(super) static POLARITY_OF_FOUR: [LabelWord; 4] = [NEGATIVE, MODERATE, POSITIVE, CONFLICT];
pub(super) static INFERENCE: [LabelWord; 3] = [CONTRADICTION, NEUTRAL, ENTAILMENT];
pub(super) static INFERENCE_OF_TWO: [LabelWord; 2] = [CONTRADICTION, ENTAILMENT];
pub(super) static JUDGMENT: [LabelWord; 2] = [UNACCEPTABLE, ACCEPTABLE];
pub(super) static PARAPHRASE: [LabelWord; 2] = [FALSE, TRUE];

const fn word(
    masked: &'static str,
    roberta_id: u32,
    bert_id: Option<u32>,
    t5: &'static str,
    t5_first_piece: u32,
) -> LabelWord {
    LabelWord {
        masked,
        roberta_id,
        bert_id,
        t5,
        t5_first_piece,
    }
}
