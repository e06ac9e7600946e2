#![doc = include_str!("../README.md")]

mod curvature;
mod error;
pub mod geometry;
mod limits;
pub mod lorentz_group;
pub mod nn;
pub mod optim;
mod points;
#[cfg(test)]
mod testing;

pub use curvature::Curvature;
pub use error::{Error, Result};
pub use points::{ManifoldParam, ManifoldRegistry};
