//! Candidate spans: all of a sentence up to a width, or those that a cheaper model proposes (see
//! [`tag_candidates`](crate::decode::tag_candidates)), and which gold spans are among them.

mod enumerate;
mod gold;
mod reach;

pub use enumerate::{candidate_count, candidate_spans};
pub use gold::{GoldMap, Unreachable};
pub use reach::ReachReport;
