//! From scores to entities and relations.

mod relations;
mod spans;
mod tag_candidates;
mod tag_types;

pub use relations::{RelationCandidate, decode_relations, suppress_relations};
pub use spans::{Overlaps, SpanCandidate, suppress_spans};
pub use tag_candidates::{TagCandidate, TypeProbabilities, keep_best, tag_candidates};
pub use tag_types::TagTypes;
