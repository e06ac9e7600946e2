//! Stochastic gradient descent with momentum, as `torch.optim.SGD`.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::Update;
use super::state::Slots;
use crate::Result;
use crate::check::not_negative;

/// The momentum's name in saved state.
const MOMENTUM: &str = "momentum_buffer";

/// Constants of stochastic gradient descent. Weight decay is added to the gradient, as torch does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SgdConfig {
    /// Decay of the running gradient; 0 for none.
    pub momentum: f64,
    /// Share of the new gradient that is left out of the running one.
    pub dampening: f64,
    /// Looks one step ahead (Nesterov).
    pub nesterov: bool,
}

impl SgdConfig {
    pub(super) fn check(&self) -> Result<()> {
        not_negative("SgdConfig", "momentum", self.momentum)?;
        not_negative("SgdConfig", "dampening", self.dampening)?;
        if self.nesterov && (self.momentum == 0.0 || self.dampening != 0.0) {
            return Err(crate::Error::config(
                "SgdConfig",
                "nesterov",
                format!(
                    "needs momentum above 0 and dampening 0, they are {} and {}",
                    self.momentum, self.dampening
                ),
            ));
        }
        Ok(())
    }
}

/// One update.
///
/// # Shapes
/// - values, grad: `[elements]`
pub(super) fn step(
    config: &SgdConfig,
    update: &Update<'_>,
    values: Tensor<1>,
    grad: Tensor<1>,
    slots: &mut Slots,
) -> Tensor<1> {
    let mut grad = grad;
    if update.weight_decay != 0.0 {
        grad = grad + values.clone().mul_scalar(update.weight_decay);
    }
    if config.momentum != 0.0 {
        let running = match slots.take(MOMENTUM) {
            None => grad.clone(),
            Some(running) => {
                running
                    .to_tensor(&grad.device())
                    .mul_scalar(config.momentum)
                    + grad.clone().mul_scalar(1.0 - config.dampening)
            }
        };
        grad = if config.nesterov {
            grad + running.clone().mul_scalar(config.momentum)
        } else {
            running.clone()
        };
        slots.set([(MOMENTUM, running)]);
    }
    values - grad.mul_scalar(update.lr)
}
