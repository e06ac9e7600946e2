//! Heads over the states of texts and markers, and their loss.

mod bilinear;
mod head;
mod levitated_pair;
mod loss;
mod ner;
mod relation;
mod solid_pair;
mod span_concat;
mod tagger;
mod token_pair;

use plm_core::checkpoint::KeyRule;

pub use bilinear::BilinearScore;
pub use head::{Head, HeadConfig};
pub use levitated_pair::{LevitatedPairConfig, LevitatedPairFeature, LevitatedPairHead};
pub(crate) use loss::check_nil_weight;
pub use loss::{WeightedLoss, class_loss};
pub use ner::{NerFeature, NerHead, NerHeadConfig};
pub use relation::{RelationHead, RelationHeadConfig, RelationScores};
pub use solid_pair::{SolidPairConfig, SolidPairHead};
pub use span_concat::{SpanConcatConfig, SpanConcatHead};
pub use tagger::{TaggerConfig, TaggerHead};
pub use token_pair::{TokenPairConfig, TokenPairHead};

/// What the layers of all heads are called in files.
pub(crate) fn layer_names() -> impl Iterator<Item = &'static str> {
    let all: [&[&[KeyRule<'static>]]; 7] = [
        NerHead::KEYS,
        SpanConcatHead::KEYS,
        TaggerHead::KEYS,
        RelationHead::KEYS,
        SolidPairHead::KEYS,
        LevitatedPairHead::KEYS,
        TokenPairHead::KEYS,
    ];
    let rules = all.into_iter().flatten().copied().flatten();
    rules.map(|rule| rule.hf)
}
