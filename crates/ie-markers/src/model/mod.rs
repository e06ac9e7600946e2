//! Models: an encoder with a head, as Hugging Face directories.

mod classifier;
mod config;
mod headed;
mod levitated_pair;
mod markers;
mod ner;
mod predict;
mod relations;
mod solid_pair;
mod span_concat;
mod tagger;
#[cfg(test)]
mod tests;
mod token_pair;

pub use classifier::RowClassifier;
pub(crate) use classifier::check_labels;
pub use config::HeadedConfig;
pub use headed::{Headed, load_base, with_head};
pub use levitated_pair::LevitatedPairRelations;
pub use markers::{initialize_markers, set_marker_rows};
pub use ner::MarkerNer;
pub use predict::{RelationPrediction, predict, predict_relations};
pub use relations::MarkerRelations;
pub use solid_pair::SolidPairRelations;
pub use span_concat::SpanConcatNer;
pub use tagger::SequenceTagger;
pub use token_pair::TokenPairRelations;
