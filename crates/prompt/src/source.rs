//! Where prompts come from while something is trained.

use burn::module::Module;
use burn::tensor::Tensor;
use plm_core::nn::DropoutMode;

use crate::{Error, Result};

/// A module whose parameters become prompts: a prompt itself, a table of them, a projector between
/// models, an auto-encoder, a point of a subspace.
///
/// One training loop ([`crate::tune`]) serves all of them: it asks for prompts once a step.
pub trait PromptSource: Module {
    /// The prompts of `tasks`, which are distinct and ascending.
    ///
    /// # Shapes
    /// - result: `[tasks.len(), slots, width]`, or `[1, slots, width]` where all tasks share one
    fn prompts(&self, tasks: &[usize]) -> Tensor<3>;

    /// How many tasks it has prompts for; any number where absent.
    fn tasks(&self) -> Option<usize> {
        None
    }

    /// What a training step needs; `counts` says how many examples of the batch belong to each of
    /// `tasks`, `dropout` is the step's mode for sources that have dropout of their own.
    fn objective(&self, tasks: &[usize], _counts: &[usize], _dropout: DropoutMode) -> Objective {
        Objective {
            prompts: self.prompts(tasks),
            penalty: None,
            task_loss: true,
        }
    }
}

/// Prompts of a training step, and what is minimized.
#[derive(Debug, Clone)]
pub struct Objective {
    /// As [`PromptSource::prompts`] gives them.
    pub prompts: Tensor<3>,
    /// A loss beside the task's own, one element, `[1]`.
    pub penalty: Option<Tensor<1>>,
    /// Whether the task's own loss counts. Where it does not, the backbone is not run.
    pub task_loss: bool,
}

impl Objective {
    /// What is minimized: the loss that `task` gives for the prompts, if it counts, and the penalty.
    ///
    /// # Errors
    /// [`Error::Empty`] where neither counts.
    pub(crate) fn total(self, task: impl FnOnce(Tensor<3>) -> Tensor<1>) -> Result<Tensor<1>> {
        let loss = self.task_loss.then(|| task(self.prompts));
        let terms = loss.into_iter().chain(self.penalty);
        terms.reduce(|sum, term| sum + term).ok_or(Error::Empty {
            what: "terms of the loss",
        })
    }
}
