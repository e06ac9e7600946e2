//! What sees what in one sequence of text and markers.
//!
//! Text sees text; a marker sees the text and its group. So the states of the text are the same with
//! and without markers, and those of a group depend neither on the other groups of its row nor on their
//! order: packing changes no result in evaluation. In training it decides which spans share a dropout
//! mask of the text and a step. [`Visibility`] has switches that break this, for ablations.

mod cells;
mod dense;
mod visibility;

pub use cells::{PaddedSize, span_cells};
pub use dense::DenseMask;
pub use visibility::Visibility;
