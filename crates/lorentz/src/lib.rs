#![doc = include_str!("../README.md")]

mod curvature;
pub mod data;
mod error;
pub mod geometry;
mod kernel;
pub mod lorentz_group;
pub mod nn;
pub mod optim;
mod points;
pub mod task;
#[cfg(test)]
mod testing;

pub use curvature::Curvature;
pub use error::{Error, Result};
pub use points::{ManifoldParam, ManifoldRegistry};
