//! Measures of quality, over plain slices on the host, in `f64`.
//!
//! | task | measures |
//! |---|---|
//! | classification | [`accuracy`], [`f1`], [`matthews`], [`balanced_accuracy`]; all at once from a [`Confusion`] |
//! | spans | [`span_scores`], [`span_scores_by_label`] |
//! | correlation | [`pearson`], [`spearman`] |
//! | scored binary labels | [`roc_auc`], [`average_precision`] |
//! | ranking | [`filtered_rank`], [`mean_reciprocal_rank`], [`hits_at`] |
//! | generated text | [`Bleu`], [`Rouge`] |
//! | clustering | [`b_cubed`], [`normalized_mutual_information`], [`adjusted_rand_index`], [`fowlkes_mallows`] |
//! | probabilities | [`expected_calibration_error`], [`perplexity`] |
//! | uncertainty | [`Bootstrap`], [`mean_std`] |
//!
//! # Undefined values
//! No function returns NaN. Slices of unequal length, empty input, NaN and out-of-range labels are
//! [`Error::Invalid`](crate::Error::Invalid) naming the argument, the value and the limit. So are
//! measures that the data leaves undefined: a correlation with a constant, a ROC curve of one class.
//! Only where scikit-learn documents a value is that value returned: a precision, recall or F1 with
//! denominator zero is 0, the average precision without positives is 0, Matthews' coefficient with
//! a constant side is 0, and two clusterings that are both one cluster agree fully.

mod bleu;
mod bleu_tokenizer;
mod bootstrap;
mod calibration;
mod check;
mod classification;
mod clustering;
mod correlation;
mod ranking;
mod rouge;
mod scores;
mod span;
mod summary;
#[cfg(test)]
mod testing;
mod threshold;

pub use bleu::{Bleu, BleuCounts, BleuScore, BleuSmoothing};
pub use bleu_tokenizer::BleuTokenizer;
pub use bootstrap::{Bootstrap, Comparison, Interval};
pub use calibration::{expected_calibration_error, perplexity};
pub use classification::{
    Average, ClassScores, Confusion, accuracy, balanced_accuracy, f1, matthews,
};
pub use clustering::{
    adjusted_rand_index, b_cubed, fowlkes_mallows, normalized_mutual_information,
};
pub use correlation::{average_ranks, pearson, spearman};
pub use ranking::{RankTies, filtered_rank, hits_at, mean_reciprocal_rank};
pub use rouge::Rouge;
pub use scores::Scores;
pub use span::{Span, SpanScores, span_scores, span_scores_by_label};
pub use summary::{MeanStd, mean_std};
pub use threshold::{average_precision, roc_auc};
