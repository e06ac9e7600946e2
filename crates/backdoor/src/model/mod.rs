//! Models: victims of attacks, what attacks do to them, and language models for perplexities.

mod causal_perplexity;
mod fine_tune;
mod layerwise;
mod masked_perplexity;
mod patch;
mod penalty;
mod poison_rows;
mod rows;
mod victim;
mod windows;

pub use causal_perplexity::CausalPerplexity;
pub use fine_tune::{FineTuning, TrainingLoss, fine_tune};
pub use masked_perplexity::MaskedPerplexity;
pub use patch::RowPatch;
pub use penalty::{PenaltySettings, penalized, penalty_gradient};
pub use poison_rows::poison_rows;
pub use rows::{GradientMode, RowScaling, RowSettings};
pub use victim::Victim;

pub(crate) use rows::{RowOptimizer, frozen_on_autodiff, gradient_rows, row_leaves};
pub(crate) use victim::{probabilities_of, rows_of};
