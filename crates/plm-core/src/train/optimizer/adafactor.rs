//! Adafactor (Shazeer and Stern 2018, arXiv:1804.04235) with the options and the order of operations
//! of Hugging Face's implementation, without a first moment.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::Update;
use super::state::Slots;
use crate::check::not_negative;
use crate::train::flat::Flat;
use crate::{Error, Result};

const ROW: &str = "exp_avg_sq_row";
const COL: &str = "exp_avg_sq_col";
const FULL: &str = "exp_avg_sq";

/// Constants of Adafactor.
///
/// The defaults take the learning rate as it is given, which is the usual setting for fine-tuning
/// T5 (rate 1e-3, constant). `relative_step` and `scale_parameter` together give the paper's rule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdafactorConfig {
    /// Added to squared gradients.
    pub epsilon_1: f64,
    /// Least root mean square of a parameter where the step is scaled by it.
    pub epsilon_2: f64,
    /// Greatest root mean square of an update before the learning rate.
    pub clip_threshold: f64,
    /// Exponent of the second moment's decay, `1 - step^decay_rate`.
    pub decay_rate: f64,
    /// Multiplies the step by the parameter's root mean square.
    pub scale_parameter: bool,
    /// Multiplies the learning rate by `min(1e-2, 1 / sqrt(step))`; give a rate of 1 for the paper's
    /// rule.
    pub relative_step: bool,
}

impl Default for AdafactorConfig {
    fn default() -> Self {
        Self {
            epsilon_1: 1e-30,
            epsilon_2: 1e-3,
            clip_threshold: 1.0,
            decay_rate: -0.8,
            scale_parameter: false,
            relative_step: false,
        }
    }
}

impl AdafactorConfig {
    pub(super) fn check(&self) -> Result<()> {
        not_negative("AdafactorConfig", "epsilon_1", self.epsilon_1)?;
        not_negative("AdafactorConfig", "epsilon_2", self.epsilon_2)?;
        if !(self.clip_threshold.is_finite() && self.clip_threshold > 0.0) {
            return Err(Error::config(
                "AdafactorConfig",
                "clip_threshold",
                format!("is {}, must be finite and positive", self.clip_threshold),
            ));
        }
        if !(self.decay_rate.is_finite() && self.decay_rate < 0.0) {
            return Err(Error::config(
                "AdafactorConfig",
                "decay_rate",
                format!("is {}, must be finite and negative", self.decay_rate),
            ));
        }
        Ok(())
    }
}

/// How long slot `name` of a parameter of this shape is.
pub(super) fn slot_len(name: &str, shape: &[usize]) -> Option<usize> {
    match (name, factored(shape)) {
        (ROW, Some([lead, rows, _])) => Some(lead * rows),
        (COL, Some([lead, _, columns])) => Some(lead * columns),
        (FULL, None) => Some(shape.iter().product()),
        _ => None,
    }
}

/// One update.
///
/// # Shapes
/// - values, grad: `[elements]`
pub(super) fn step(
    config: &AdafactorConfig,
    update: &Update<'_>,
    values: Tensor<1>,
    grad: Tensor<1>,
    slots: &mut Slots,
) -> Tensor<1> {
    let time = update.step as f64;
    let take = time.powf(config.decay_rate);
    let squared = grad.clone().square().add_scalar(config.epsilon_1);
    let direction = match factored(update.shape) {
        Some(shape) => {
            let [lead, rows, columns] = shape;
            let squared = squared.reshape(shape);
            let row = squared.clone().mean_dim(2).reshape([lead * rows]);
            let col = squared.mean_dim(1).reshape([lead * columns]);
            let row = moving(slots, ROW, row, take).reshape([lead, rows, 1]);
            let col = moving(slots, COL, col, take).reshape([lead, 1, columns]);
            let row = (row.clone() / row.mean_dim(1)).sqrt().recip();
            let scale = row * col.sqrt().recip();
            (scale * grad.reshape(shape)).reshape([-1])
        }
        None => grad * moving(slots, FULL, squared, take).sqrt().recip(),
    };
    let clip = rms(&direction)
        .div_scalar(config.clip_threshold)
        .clamp_min(1.0);
    let relative = if config.relative_step {
        (1.0 / time.sqrt()).min(1e-2)
    } else {
        1.0
    };
    let rate = update.lr * relative;
    let rate = if config.scale_parameter {
        rms(&values).clamp_min(config.epsilon_2).mul_scalar(rate)
    } else {
        clip.ones_like().mul_scalar(rate)
    };
    let kept = if update.weight_decay == 0.0 {
        values
    } else {
        let decay = rate.clone().mul_scalar(update.weight_decay);
        values.clone() - values * decay
    };
    kept - direction * (rate / clip)
}

/// `[product of the leading axes, rows, columns]` of a parameter with at least two axes.
fn factored(shape: &[usize]) -> Option<[usize; 3]> {
    match shape {
        [lead @ .., rows, columns] => Some([lead.iter().product(), *rows, *columns]),
        _ => None,
    }
}

/// The moving average in slot `name` after taking in a share `take` of `new`.
fn moving(slots: &mut Slots, name: &str, new: Tensor<1>, take: f64) -> Tensor<1> {
    let old = slots
        .take(name)
        .unwrap_or_else(|| Flat::zeros(new.dims()[0], &new.device(), new.dtype()))
        .to_tensor(&new.device());
    let average = old.mul_scalar(1.0 - take) + new.mul_scalar(take);
    slots.set([(name, average.clone())]);
    average
}

/// The root of the mean square, `[1]`.
fn rms(values: &Tensor<1>) -> Tensor<1> {
    values.clone().square().mean().sqrt()
}
