//! Distance minimizing: the projection of a task's source prompt shall be its target prompt.

use burn::module::Module;
use burn::tensor::Tensor;
use plm_core::check::same_size;
use plm_core::rng::Seed;
use plm_core::train::{
    AdamWConfig, Optimizer, ShuffledIndices, StepLoss, TrainConfig, TrainReport, Trainer, Until,
};

use super::PromptProjector;
use super::project::checked;
use crate::Result;
use crate::matrix::PromptMatrix;
use crate::soft_prompt::{select, stack};

/// Settings of distance minimizing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DistanceSettings {
    /// Learning rate of AdamW.
    pub lr: f64,
    /// Steps, each over all prompts.
    pub steps: u64,
    /// Seed of the order.
    pub seed: Seed,
}

impl Default for DistanceSettings {
    /// 1,000 steps at the rate of task tuning, 5e-3.
    fn default() -> Self {
        Self {
            lr: 5e-3,
            steps: 1_000,
            seed: Seed::new(0),
        }
    }
}

/// Trains `projector` to the least mean of ‖Proj(Pₛ) − Pₜ‖² over pairs of prompts of the same tasks.
///
/// # Errors
/// [`Error::Size`](crate::Error::Size) where prompts do not fit the projector or there are not as many
/// sources as targets; [`Error::Empty`](crate::Error::Empty) without prompts;
/// [`Error::Core`](crate::Error::Core) where training fails.
pub fn fit_distance(
    projector: PromptProjector,
    sources: &[PromptMatrix],
    targets: &[PromptMatrix],
    settings: &DistanceSettings,
) -> Result<(PromptProjector, TrainReport)> {
    same_size("target prompts", targets.len(), sources.len())?;
    let config = projector.config;
    let device = projector.inner.weight.device().inner().autodiff();
    let read = checked(&config, sources, &device)?;
    let goal = stack(targets, &device)?;
    let [_, slots, width] = goal.dims();
    same_size("slots of a target prompt", slots, config.target_slots)?;
    same_size(
        "numbers a slot of a target prompt",
        width,
        config.target_width,
    )?;
    let train = TrainConfig {
        seed: settings.seed,
        ..TrainConfig::new(Until::Steps(settings.steps))
    };
    let adamw = AdamWConfig {
        epsilon: 1e-6,
        ..AdamWConfig::default()
    };
    let optimizer = Optimizer::adamw(adamw, settings.lr);
    let count = sources.len();
    let mut batches = ShuffledIndices::new(count, count, settings.seed)?;
    let (trained, report) = Trainer::new(train, optimizer)?.fit(
        projector,
        &mut batches,
        |projector: &PromptProjector, rows: Vec<usize>, _| {
            let found = projector.forward(select(&read, &rows));
            Ok(StepLoss::new(distance(found, select(&goal, &rows)), 1.0))
        },
    )?;
    Ok((trained.valid(), report))
}

/// Mean over prompts of the squared distance of all numbers.
fn distance(found: Tensor<3>, goal: Tensor<3>) -> Tensor<1> {
    let count = found.dims()[0] as f64;
    (found - goal).square().sum() / count
}
