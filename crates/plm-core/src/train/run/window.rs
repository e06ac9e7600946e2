//! Losses between two lines of the log.

use burn::tensor::Tensor;

use crate::train::state::LossWindow;

/// Losses that were not logged yet. They stay on the device until a line is due.
#[derive(Default)]
pub(super) struct Window {
    sum: Option<Tensor<1>>,
    /// What a checkpoint brought, until the first loss comes.
    pub(super) carried: LossWindow,
    weight: f64,
}

impl Window {
    pub(super) fn add(&mut self, loss: Tensor<1>, weight: f64) {
        let loss = loss.mul_scalar(weight);
        let sum = match self.sum.take() {
            Some(sum) => sum + loss,
            None => {
                let carried = std::mem::take(&mut self.carried);
                self.weight = carried.weight;
                loss.add_scalar(carried.sum)
            }
        };
        self.sum = Some(sum);
        self.weight += weight;
    }

    /// Waits for the device.
    pub(super) fn read(&self) -> LossWindow {
        match &self.sum {
            Some(sum) => LossWindow {
                sum: sum.to_data().iter::<f64>().sum(),
                weight: self.weight,
            },
            None => self.carried,
        }
    }
}
