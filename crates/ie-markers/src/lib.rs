#![doc = include_str!("../README.md")]

pub mod data;
pub mod decode;
pub mod encode;
mod error;
pub mod heads;
pub mod labels;
pub mod layout;
pub mod markers;
pub mod mask;
pub mod metrics;
pub mod model;
pub mod pack;
pub mod pipeline;
pub mod spans;
pub mod subwords;
#[cfg(test)]
mod testing;
pub mod train;
pub mod window;

pub use error::{Error, Result};
