//! From windows and spans to rows: what is classified together.
//!
//! [`Packing`] cuts spans into groups that share a row. In evaluation this changes no result, because
//! packed spans do not see each other (see [`mask`](crate::mask)); in training it decides which spans
//! share the text's dropout and a step. Relation rows are made for one subject each, which stands
//! between solid markers in the text; the rows of the baselines mark pairs with four solid or four
//! levitated markers, or mark nothing.

mod entities;
mod order;
mod pairs;
mod plain;
mod solid;
mod subject;

pub use entities::{Packed, entity_rows};
pub use order::{Axis, Packing};
pub use pairs::{
    PairMarkers, PairRows, levitated_pair_rows, ordered_pairs, pairs_within, solid_pair_rows,
    token_pair_rows,
};
pub use plain::{TaggedWords, span_rows, word_row};
pub use solid::shifted_span;
pub use subject::{Objects, SubjectPacking, SubjectRows, SubjectTargets, TypedSpan, subject_rows};
