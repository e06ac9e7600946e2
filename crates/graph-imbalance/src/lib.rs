#![doc = include_str!("../README.md")]

pub mod data;
mod error;
pub mod generate;
pub mod graph;
pub mod loss;
pub mod model;
pub mod ppr;
pub mod renode;
pub mod split;
pub mod totoro;
pub mod train;

pub use error::{Error, Result};
