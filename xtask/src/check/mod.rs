//! The project's own checks: what `cargo xtask test` and `ci` run.

mod benchmarks;
mod ci;
mod claims;
mod docs;
mod records;
mod source;
mod steps;
mod tidy;
mod tree;

pub use ci::{CiStep, ci, test};
pub use docs::{check as check_docs, write as write_docs};
pub use records::keep;
pub use tidy::{Finding, tidy};
