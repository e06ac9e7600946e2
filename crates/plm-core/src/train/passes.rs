//! The backward passes of one optimizer step.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::gradients::Gradients;
use super::step::{StepContext, StepLoss};
use crate::kernel::precision::is_half;
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
        // A mean over all is the sum of means times their weights over the sum of weights. Half-precision
        // numbers could leave their range on the way back, so their gradients are weighted instead.
        let (weighted, half) = (context.accumulation > 1, is_half(loss.dtype()));
        let loss = if weighted && !half {
            loss.mul_scalar(weight)
        } else {
            loss
        };
        let mut gradients = Gradients::of(&loss, model)?;
        if weighted && half {
            gradients.scale(weight);
        }
        Ok(Some(Self {
            gradients,
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

#[cfg(test)]
mod tests {
    use burn::module::Param;
    use burn::tensor::{DType, TensorData};

    use super::*;
    use crate::rng::Seed;

    #[test]
    fn weights_do_not_drive_half_precision_gradients_out_of_their_range() {
        let context = StepContext {
            step: 0,
            total_steps: None,
            epoch: 0,
            micro: 0,
            accumulation: 2,
            factor: 1.0,
            seed: Seed::new(0),
        };
        for name in crate::device::available() {
            let device = crate::device::parse(name).unwrap();
            for dtype in [DType::F16, DType::BF16] {
                if !device.supports_dtype(dtype) {
                    continue;
                }
                let data = TensorData::new(vec![1.0_f32], [1]);
                let place = (&device.clone().autodiff(), dtype);
                let model = Param::from_tensor(Tensor::<1>::from_data(data, place));
                let mut passes = Passes::default();
                for (slope, weight) in [(2.0_f64, 60_000.0), (4.0, 20_000.0)] {
                    let found = StepLoss::new(model.val().mul_scalar(slope), weight);
                    let pass = Pass::of(found, &model, &context).unwrap();
                    passes.add(pass.expect("its weight is not 0"));
                }
                passes.average(context.accumulation);
                let slope = passes.gradients.get("").unwrap()[0];
                assert!((slope - 2.5).abs() < 1e-5, "{name} {dtype:?}: {slope}");
            }
        }
    }
}
