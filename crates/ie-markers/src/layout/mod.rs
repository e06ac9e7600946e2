//! What one row of a batch holds: a text, and what is classified in it.

mod pair;
mod row;
mod size;
mod text_rows;

pub use pair::MarkerPair;
pub use row::{Marker, MarkerGroup, MarkerRow};
pub use size::Row;
pub use text_rows::{PairRow, SpanRow, SubjectRow, TokenPairRow, WordRow};
