//! What the optimizers remember of one parameter, and how records keep it.

use burn::optim::{RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};

const TIME: &str = "time";
const FIRST: &str = "exp_avg";
const SECOND: &str = "exp_avg_sq";
const LARGEST: &str = "max_exp_avg_sq";

/// The state of one parameter of rank `D`.
///
/// Points have a first moment (or momentum buffer) that is a tangent vector at the point, and one
/// second moment for each row.
///
/// Moments of a tensor of another shape, or too few of them, are of no use to an update: it begins anew,
/// with zeros and as the first one, so that Adam corrects their bias as that of young moments.
#[derive(Debug, Clone)]
pub struct OptimizerState<const D: usize> {
    /// Updates so far.
    pub time: u64,
    /// Moving average of gradients, or the momentum buffer.
    pub first: Option<Tensor<D>>,
    /// Moving average of squared gradients.
    pub second: Option<Tensor<D>>,
    /// The largest second moment so far, for AMSGrad.
    pub largest: Option<Tensor<D>>,
}

impl<const D: usize> OptimizerState<D> {
    fn new() -> Self {
        Self {
            time: 0,
            first: None,
            second: None,
            largest: None,
        }
    }

    /// The state of the next update, which needs a first and a second moment of these shapes, or less.
    pub(super) fn next(state: Option<Self>, shapes: &[[usize; D]]) -> Self {
        let fits = |state: &Self| {
            let mut slots = [&state.first, &state.second].into_iter().zip(shapes);
            let has = |(slot, shape): (&Option<Tensor<D>>, &[usize; D])| {
                slot.as_ref().is_some_and(|slot| slot.dims() == *shape)
            };
            let largest = state.largest.as_ref().map(|largest| largest.dims());
            slots.all(has) && largest.is_none_or(|dims| shapes.get(1) == Some(&dims))
        };
        let mut state = state.filter(fits).unwrap_or_else(Self::new);
        state.time += 1;
        state
    }

    pub(super) fn on_device(self, device: &Device) -> Self {
        let moved = |slot: Option<Tensor<D>>| slot.map(|tensor| tensor.to_device(device));
        Self {
            time: self.time,
            first: moved(self.first),
            second: moved(self.second),
            largest: moved(self.largest),
        }
    }
}

/// The moment in the type of `like`, or one of zeros of this shape.
pub(super) fn take_or_zeros<const D: usize>(
    slot: Option<Tensor<D>>,
    shape: [usize; D],
    like: &Tensor<D>,
) -> Tensor<D> {
    match slot {
        Some(tensor) => tensor.cast(like.dtype()),
        None => Tensor::zeros(shape, (&like.device(), like.dtype())),
    }
}

/// Keeps the data type of what was saved, where burn's derived form would give every tensor the
/// device's default one.
impl<const D: usize> RecordState for OptimizerState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_scalar(prefix, TIME, self.time.into());
        let slots = [
            (FIRST, &self.first),
            (SECOND, &self.second),
            (LARGEST, &self.largest),
        ];
        for (name, slot) in slots {
            if let Some(tensor) = slot {
                out.push_tensor(prefix, name, tensor.to_data());
            }
        }
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        let time = u64::try_from(source.take_scalar(prefix, TIME)?).ok()?;
        let mut slot = |name| {
            let data = source.take_tensor(prefix, name)?;
            let dtype = data.dtype();
            (data.shape().num_dims() == D).then(|| Tensor::from_data(data, (device, dtype)))
        };
        Some(Self {
            time,
            first: slot(FIRST),
            second: slot(SECOND),
            largest: slot(LARGEST),
        })
    }
}
