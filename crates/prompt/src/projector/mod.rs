//! Prompts for another model: cross-model transfer (Su et al. 2022, section 4.3).

mod distance;
mod project;

pub use distance::{DistanceSettings, fit_distance};
pub use project::{ProjectedPrompts, ProjectorConfig, ProjectorWeights, PromptProjector, Squash};
