use burn::module::{Module, Param, RunningState};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};

/// What batch normalization takes mean and variance from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistics {
    /// The batch, and the running statistics move a tenth of the way to it: training.
    Batch,
    /// The batch; the running statistics stay as they are: keys of a momentum encoder.
    BatchOnly,
    /// The running statistics: evaluation.
    Running,
}

/// Batch normalization of rows (Ioffe and Szegedy 2015) with an explicit choice of statistics; burn's
/// own goes by the device, and what it saves of its running statistics lags one step behind.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// The factors, `[width]`.
    pub gamma: Param<Tensor<1>>,
    /// The offsets, `[width]`.
    pub beta: Param<Tensor<1>>,
    /// The running mean, `[width]`.
    pub running_mean: RunningState<Tensor<1>>,
    /// The running variance, `[width]`, unbiased.
    pub running_var: RunningState<Tensor<1>>,
}

const EPSILON: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

impl BatchNorm {
    /// The identity, until it has seen a batch.
    pub fn new(width: usize, device: &Device) -> Self {
        Self {
            gamma: Initializer::Ones.init([width], device),
            beta: Initializer::Zeros.init([width], device),
            running_mean: RunningState::new(Tensor::zeros([width], device)),
            running_var: RunningState::new(Tensor::ones([width], device)),
        }
    }

    /// # Shapes
    /// - x: `[rows, width]`, the result the same
    pub fn forward(&self, x: Tensor<2>, statistics: Statistics) -> Tensor<2> {
        let rows = x.dims()[0];
        let (centered, variance) = match statistics {
            Statistics::Running => {
                let on_device = |state: &RunningState<Tensor<1>>| like(state.value_sync(), &x);
                let mean = on_device(&self.running_mean);
                let variance = on_device(&self.running_var);
                (x - mean.unsqueeze(), variance.unsqueeze())
            }
            Statistics::Batch | Statistics::BatchOnly => {
                let mean = x.clone().mean_dim(0);
                let centered = x - mean.clone();
                let variance = centered.clone().square().mean_dim(0);
                if statistics == Statistics::Batch && rows > 1 {
                    let unbiased = rows as f64 / (rows - 1) as f64;
                    follow(&self.running_mean, mean);
                    follow(&self.running_var, variance.clone().mul_scalar(unbiased));
                }
                (centered, variance)
            }
        };
        let unit = centered / variance.add_scalar(EPSILON).sqrt();
        unit * self.gamma.val().unsqueeze() + self.beta.val().unsqueeze()
    }
}

/// Moves a running statistic towards that of a batch, `[1, width]`.
fn follow(state: &RunningState<Tensor<1>>, batch: Tensor<2>) {
    let old = state.value_sync();
    let batch = batch.detach().squeeze_dim::<1>(0);
    let moved = old.mul_scalar(1.0 - MOMENTUM) + batch.mul_scalar(MOMENTUM);
    store(state, moved.detach());
}

/// Puts a value in, so that it is there at once: burn keeps it aside until the next one otherwise.
pub(super) fn store<const D: usize>(state: &RunningState<Tensor<D>>, value: Tensor<D>) {
    state.update(value);
    state.value_sync();
}

/// `value` with or without autodiff, as `other` is.
pub(super) fn like<const D: usize, const E: usize>(
    value: Tensor<D>,
    other: &Tensor<E>,
) -> Tensor<D> {
    match (other.device().is_autodiff(), value.device().is_autodiff()) {
        (true, false) => Tensor::from_inner(value),
        (false, true) => value.inner(),
        _ => value,
    }
}
