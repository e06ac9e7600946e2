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

use crate::{Error, Result};

/// Refuses a negative or not-finite setting.
fn not_negative(origin: &str, key: &str, value: f64) -> Result<()> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(Error::config(
        origin,
        key,
        format!("is {value}, must be finite and not negative"),
    ))
}

/// Refuses a zero, negative or not-finite setting.
fn positive(origin: &str, key: &str, value: f64) -> Result<()> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(Error::config(
        origin,
        key,
        format!("is {value}, must be finite and positive"),
    ))
}

/// Refuses a setting outside `[0, 1)`.
fn below_one(origin: &str, key: &str, value: f64) -> Result<()> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    Err(Error::config(
        origin,
        key,
        format!("is {value}, must lie in [0, 1)"),
    ))
}
