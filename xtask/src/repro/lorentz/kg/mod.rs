//! Knowledge-graph completion.
//!
//! Embedded: relations of a random tree, in Lorentz space and in Euclidean space of as many numbers. Real:
//! WN18RR and FB15k-237 with 32 numbers an entity.

mod embedded;
mod exact;
mod pictures;
mod real;
mod study;

pub(in crate::repro) use embedded::run as embedded;
pub(in crate::repro) use real::run as real;
