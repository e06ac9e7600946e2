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

pub use bilinear::BilinearScore;
pub use head::{Head, HeadConfig};
pub use levitated_pair::{LevitatedPairConfig, LevitatedPairFeature, LevitatedPairHead};
pub(crate) use loss::check_nil_weight;
pub use loss::class_loss;
pub use ner::{NerFeature, NerHead, NerHeadConfig};
pub use relation::{RelationHead, RelationHeadConfig, RelationScores};
pub use solid_pair::{SolidPairConfig, SolidPairHead};
pub use span_concat::{SpanConcatConfig, SpanConcatHead};
pub use tagger::{TaggerConfig, TaggerHead};
pub use token_pair::{TokenPairConfig, TokenPairHead};
