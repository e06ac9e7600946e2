//! Dynamic knowledge distillation (Li et al., EMNLP 2021, arXiv 2109.11295): the student's own
//! uncertainty decides, during training, which teacher it follows, about which examples teachers are
//! asked, and what it imitates.
//!
//! The paper studies the three one at a time. Here they can be combined: examples are selected first,
//! teachers adopted for the selected ones, and the weights of the objective multiply those of adoption.

mod adoption;
mod breakdown;
mod loss;
mod matching;
mod selection;
mod settings;

pub use adoption::{Adoption, Share};
pub use breakdown::Breakdown;
pub use loss::{DynamicLoss, StudentBatch};
pub use matching::{LayerMatch, Spaced};
pub use selection::{Selection, Strategy};
pub use settings::{DynamicSettings, HiddenObjective, ObjectiveWeights};
