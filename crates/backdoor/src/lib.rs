#![doc = include_str!("../README.md")]

pub mod attack;
pub mod data;
pub mod defense;
mod error;
pub mod manifest;
pub mod metrics;
pub mod model;
mod percentile;
mod rule;
mod sample;
mod scored;
#[cfg(test)]
mod testing;
mod threshold;
mod traits;
mod verdict;
mod versioned;
pub mod words;

pub use error::{Error, Result};
pub use percentile::percentile;
pub use rule::DecisionRule;
pub use sample::{Poisoned, Sample};
pub use scored::Scored;
pub use threshold::{Calibration, LEVELS, Threshold};
pub use traits::{Classifier, Perplexity, PooledState};
pub use verdict::{Guard, Verdict};
