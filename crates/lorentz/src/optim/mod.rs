//! Optimizers for modules that hold points beside Euclidean parameters.
//!
//! [`RiemannianAdam`] and [`RiemannianSgd`] move points along geodesics, [`EuclideanAdam`] moves all
//! other parameters. They implement burn's `Optimizer` for one tensor; [`ManifoldOptimizer`] puts
//! them together for a module, with burn's learning-rate schedules and records.

mod adam;
mod clip;
mod euclidean;
mod manifold;
mod rows;
mod sgd;
mod state;
mod step;
#[cfg(test)]
mod tests;

pub use adam::{RiemannianAdam, RiemannianAdamConfig};
pub use clip::{Clip, NormKind, clip_gradients, gradient_norm};
pub use euclidean::{EuclideanAdam, EuclideanAdamConfig};
pub use manifold::{ManifoldOptimizer, ManifoldOptimizerConfig, RiemannianConfig};
pub use sgd::{RiemannianSgd, RiemannianSgdConfig};
pub use state::OptimizerState;
pub use step::StepLimits;
