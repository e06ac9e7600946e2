//! Prompts of one task used for another.
//!
//! Source: Su et al., NAACL 2022 (arXiv 2111.06719), section 3 for transfer without training,
//! section 4 for the trained prompt as initialization.

mod curve;
mod matrix;
mod speed_up;

pub use curve::{CurvePoint, LearningCurve};
pub use matrix::{RelativeMeans, TransferMatrix};
pub use speed_up::{MeanSpeedUp, SpeedUp};
