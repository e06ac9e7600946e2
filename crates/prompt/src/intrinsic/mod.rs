//! Intrinsic prompt tuning: a small space in which prompts of many tasks lie (Qin et al. 2021).

mod auto_encoder;
mod decoder;
mod encoder;
mod fastfood;
mod find;
mod recovery;
mod stability;
mod subspace;

pub use auto_encoder::{AutoEncoderConfig, AutoEncoderKind, PromptAutoEncoder};
pub use decoder::PromptDecoder;
pub use encoder::PromptEncoder;
pub use fastfood::{Fastfood, FastfoodPrompt};
pub use find::{SubspaceObjective, SubspaceSearch};
pub use recovery::{gain_recovery, relative_performance};
pub use stability::stability;
pub use subspace::IntrinsicPrompt;
