//! Multi-task subspace finding (Qin et al. 2021, section 3.2).

use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData};
use plm_core::check::same_size;
use plm_core::nn::DropoutMode;

use super::PromptAutoEncoder;
use crate::matrix::PromptMatrix;
use crate::soft_prompt::{select, stack};
use crate::source::{Objective, PromptSource};
use crate::{Error, Result};

/// What the search minimizes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SubspaceObjective {
    /// Weight α of the reconstruction's mean squared error. The default is the 200 of the authors' code, where
    /// the tasks' loss is a sum over tokens and examples: it belongs beside
    /// [`Reduction::Sum`](crate::tune::Reduction::Sum), as in
    /// [`TuneSettings::few_shot`](crate::tune::TuneSettings::few_shot). Beside
    /// [`Reduction::Mean`](crate::tune::Reduction::Mean), the default of
    /// [`TuneSettings::new`](crate::tune::TuneSettings::new), it is too large by as many as are summed: divide
    /// it by the examples of a batch, or by the tokens of their targets.
    pub alpha: f64,
    /// Whether the reconstruction's error counts (`AE_loss`).
    pub reconstruction: bool,
    /// Whether the tasks' loss with the reconstructed prompts counts (`Distil_loss`).
    pub task_loss: bool,
}

impl Default for SubspaceObjective {
    fn default() -> Self {
        Self {
            alpha: 200.0,
            reconstruction: true,
            task_loss: true,
        }
    }
}

impl SubspaceObjective {
    /// Refuses an objective without terms, and a weight that is not a finite number from 0 on.
    ///
    /// # Errors
    /// [`Error::Setting`], [`Error::Empty`].
    pub fn check(&self) -> Result<()> {
        if !(self.alpha.is_finite() && self.alpha >= 0.0) {
            return Err(Error::Setting {
                name: "alpha",
                value: self.alpha.to_string(),
                limit: "must be a finite number, not below 0",
            });
        }
        if !(self.reconstruction || self.task_loss) {
            return Err(Error::Empty {
                what: "terms of the subspace's objective",
            });
        }
        Ok(())
    }
}

/// The auto-encoder with the trained prompts of the tasks that it learns from; to be trained by
/// [`tune`](crate::tune::tune) on all these tasks mixed. Only the auto-encoder changes.
///
/// Loss: the tasks' own with the reconstructed prompts P*, plus α · mean((P* − P)²) over examples,
/// slots and dimensions.
#[derive(Module, Debug)]
pub struct SubspaceSearch {
    /// The auto-encoder.
    pub auto_encoder: PromptAutoEncoder,
    /// The tasks' prompts, `[tasks, slots, width]`; not trained.
    pub targets: Param<Tensor<3>>,
    #[module(skip)]
    alpha: f64,
    #[module(skip)]
    reconstruction: bool,
    #[module(skip)]
    task_loss: bool,
}

impl SubspaceSearch {
    /// A search over the prompts of the tasks, in their order.
    ///
    /// # Errors
    /// [`Error::Size`] for prompts of another size than the auto-encoder's; [`Error::Empty`] without
    /// prompts; as [`SubspaceObjective::check`].
    pub fn new(
        auto_encoder: PromptAutoEncoder,
        prompts: &[PromptMatrix],
        objective: &SubspaceObjective,
    ) -> Result<Self> {
        objective.check()?;
        let targets = stack(prompts, &auto_encoder.decoder.device())?;
        let config = auto_encoder.config();
        let [_, slots, width] = targets.dims();
        same_size("slots of a prompt", slots, config.slots)?;
        same_size("numbers a slot of a prompt", width, config.width)?;
        Ok(Self {
            auto_encoder,
            targets: Param::from_tensor(targets).set_require_grad(false),
            alpha: objective.alpha,
            reconstruction: objective.reconstruction,
            task_loss: objective.task_loss,
        })
    }
}

impl PromptSource for SubspaceSearch {
    fn prompts(&self, tasks: &[usize]) -> Tensor<3> {
        self.auto_encoder
            .forward(select(&self.targets.val(), tasks))
    }

    fn tasks(&self) -> Option<usize> {
        Some(self.targets.dims()[0])
    }

    fn objective(&self, tasks: &[usize], counts: &[usize], dropout: DropoutMode) -> Objective {
        let targets = select(&self.targets.val(), tasks);
        let points = self.auto_encoder.encoder.forward(targets.clone());
        let prompts = self.auto_encoder.decoder.forward_with(points, dropout);
        let penalty = self.reconstruction.then(|| {
            let [tasks, slots, width] = targets.dims();
            let error = (prompts.clone() - targets.clone()).square();
            let error: Tensor<2> = error.reshape([tasks, slots * width]).mean_dim(1);
            let total = counts.iter().sum::<usize>().max(1) as f64;
            let shares: Vec<f32> = counts
                .iter()
                .map(|&count| (count as f64 / total * self.alpha) as f32)
                .collect();
            let shares = TensorData::new(shares, [tasks, 1]);
            (error * Tensor::from_data(shares, &targets.device())).sum()
        });
        Objective {
            prompts,
            penalty,
            task_loss: self.task_loss,
        }
    }
}
