//! The backward passes of one optimizer step.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::gradients::Gradients;
use super::step::{StepContext, StepLoss};
use crate::{Error, Result};

/// Gives the next batch of an optimizer step with its context, and nothing after the last.
pub(super) type NextFn<'n, T> = &'n mut dyn FnMut() -> Result<Option<(T, StepContext)>>;

/// Where and how the batches of an optimizer step are worked on.
pub(super) trait Backward<M, T> {
    /// Forward and backward passes over all batches that `next` gives.
    fn run(&mut self, model: &M, next: NextFn<'_, T>) -> Result<Passes>;
}

/// What the batches of one optimizer step gave.
#[derive(Default)]
pub(super) struct Passes {
    /// The gradients of the weighted mean loss.
    pub(super) gradients: Gradients,
    /// Mean losses and their weights.
    pub(super) losses: Vec<(Tensor<1>, f64)>,
    weight: f64,
}

impl Passes {
    pub(super) fn add(&mut self, pass: Pass) {
        self.losses.push((pass.loss, pass.weight));
        self.gradients.accumulate(pass.gradients);
        self.weight += pass.weight;
    }

    /// From sums to means, where [`Pass::of`] weighted the losses.
    pub(super) fn average(&mut self, accumulation: usize) {
        if accumulation > 1 && self.weight > 0.0 {
            self.gradients.scale(1.0 / self.weight);
        }
    }
}

/// What one batch gave.
pub(super) struct Pass {
    pub(super) gradients: Gradients,
    pub(super) loss: Tensor<1>,
    pub(super) weight: f64,
}

impl Pass {
    /// The backward pass of `found`; nothing where its weight is 0.
    pub(super) fn of<M: Module>(
        found: StepLoss,
        model: &M,
        context: &StepContext,
    ) -> Result<Option<Self>> {
        let StepLoss { loss, weight } = found;
        if !(weight.is_finite() && weight >= 0.0) {
            return Err(Error::invalid(
                "loss weight",
                format!(
                    "is {weight} at step {}, must be finite and not negative",
                    context.step
                ),
            ));
        }
        if weight == 0.0 {
            return Ok(None);
        }
        let plain = loss.clone().inner();
        // A mean over all is the sum of means times their weights over the sum of weights.
        let loss = if context.accumulation > 1 {
            loss.mul_scalar(weight)
        } else {
            loss
        };
        Ok(Some(Self {
            gradients: Gradients::of(&loss, model)?,
            loss: plain,
            weight,
        }))
    }

    /// Moves all to `device`.
    pub(super) fn onto(self, device: &Device) -> Self {
        Self {
            gradients: self.gradients.to_device(device),
            loss: self.loss.to_device(&device.clone().inner()),
            weight: self.weight,
        }
    }
}

/// One batch after the other on the model itself.
pub(super) struct OneByOne<S>(pub(super) S);

impl<M, T, S> Backward<M, T> for OneByOne<S>
where
    M: Module,
    S: FnMut(&M, T, &StepContext) -> Result<StepLoss>,
{
    fn run(&mut self, model: &M, next: NextFn<'_, T>) -> Result<Passes> {
        let mut passes = Passes::default();
        while let Some((batch, context)) = next()? {
            let found = (self.0)(model, batch, &context)?;
            if let Some(pass) = Pass::of(found, model, &context)? {
                passes.add(pass);
            }
        }
        Ok(passes)
    }
}
