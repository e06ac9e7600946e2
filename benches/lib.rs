//! Helpers shared by the benchmarks.

/// The examples of the repository's README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
