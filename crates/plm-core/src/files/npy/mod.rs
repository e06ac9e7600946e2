//! NumPy's arrays: lists and tables of numbers in `.npy` files.
//!
//! [`read`] and [`write_f32`] are for whole files. [`Header`], [`Element`] and [`Array`] are for arrays
//! that lie in something else: a member of an archive, a pickle, a tensor. Those tell what is wrong as an
//! [`ArrayError`], because only the caller knows the place.
//!
//! The format is NumPy's enhancement proposal 1. It is read here and not by the crate `npyz`, which asks
//! for the memory that a header claims and multiplies its axes without a check: a few bytes could stop a
//! program.

mod array;
mod element;
mod file;
mod header;

#[cfg(test)]
mod tests;

pub use array::Array;
pub use element::Element;
pub use file::{read, write_f32};
pub use header::Header;

/// What is wrong with an array. The caller adds the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ArrayError(String);

impl From<String> for ArrayError {
    fn from(reason: String) -> Self {
        Self(reason)
    }
}

impl From<&str> for ArrayError {
    fn from(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}
