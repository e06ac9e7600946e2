#![doc = include_str!("../README.md")]

pub mod align;
pub mod amr;
pub mod cluster;
pub mod contrast;
pub mod data;
mod error;
pub mod finetune;
pub mod generate;
pub mod gin;
pub mod graph;
pub mod jcsc;
pub mod liberal;
pub mod pairs;
pub mod penman;
pub mod schedule;
pub mod score;
pub mod text;

pub use error::{Error, Result};
