//! Knowledge-graph completion: which entity completes "head, relation, ?".
//!
//! Entities are points, and every relation is a [`LorentzLinear`](crate::nn::LorentzLinear) map of
//! points (HyboNet, arXiv:2105.14686, section 4.1). [`fit`] trains with one of two learners that do the same:
//!
//! - [`HostLearner`] on the CPU: gradients in closed form, products of matrices for each relation,
//!   updates of the entities that a batch touches;
//! - [`DeviceLearner`] on any device of burn, by automatic differentiation.
//!
//! [`CompletionTables::save`] keeps a model with its settings, [`CompletionTables::load`] gives it back to
//! go on with or to rank. [`rank`] ranks the right entity among all others by one product of matrices a batch. With
//! [`EntityGeometry::Euclidean`] the same model lives in Euclidean space, to compare with.

mod adam;
mod batch;
mod config;
mod device;
mod file;
mod fit;
mod gradients;
mod host;
mod incidence;
mod layer;
mod negatives;
mod points;
mod product;
mod ranking;
mod real;
mod rows;
mod tables;
#[cfg(test)]
mod tests;
mod vector;

pub use batch::Batch;
pub use config::{CompletionConfig, EntityGeometry, NegativeFilter};
pub use device::{CompletionModel, DeviceLearner};
pub use fit::{CompletionLearner, EpochReport, Fit, fit};
pub use host::HostLearner;
pub use negatives::NegativeSampler;
pub use ranking::{RankingScores, rank};
pub use real::Real;
pub use tables::CompletionTables;
