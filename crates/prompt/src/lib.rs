#![doc = include_str!("../README.md")]

mod average;
pub mod catalog;
mod encode;
mod error;
mod example;
mod init;
pub mod intrinsic;
pub mod io;
mod label;
mod layers;
mod matrix;
mod mean;
mod mixed;
pub mod model;
pub mod projector;
pub mod published;
pub mod similarity;
mod soft_prompt;
mod source;
mod task_set;
mod transfer;
pub mod tune;
mod verbalizer;

pub use average::weighted_average;
pub use encode::{EncodedExample, EncodedTask, TaskEncoder, TextForm};
pub use error::{Error, Result};
pub use example::{Example, Task};
pub use init::PromptInit;
pub use label::TaskLabel;
pub use matrix::PromptMatrix;
pub use mean::DefinedMean;
pub use soft_prompt::{PromptTable, SoftPrompt};
pub use source::{Objective, PromptSource};
pub use task_set::{Choice, TaskSet};
pub use transfer::{
    CurvePoint, LearningCurve, MeanSpeedUp, RelativeMeans, SpeedUp, TransferMatrix,
};
pub use verbalizer::{Pieces, Verbalizer};
