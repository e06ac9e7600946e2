#![doc = include_str!("../README.md")]

pub mod check;
pub mod checkpoint;
pub mod config;
pub mod data;
pub mod device;
mod error;
pub mod files;
pub mod generate;
pub mod graph;
pub mod kernel;
pub mod metrics;
pub mod models;
pub mod nn;
pub mod rng;
pub mod text;
pub mod train;
pub mod vector;

pub use error::{Error, Result};
