//! Losses between two lines of the log.

use burn::tensor::Tensor;

use crate::kernel::at_least_single;
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
        // Sums of half-precision numbers soon lose digits or leave their range.
        let loss = at_least_single(loss).mul_scalar(weight);
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

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, TensorData};

    use super::*;

    #[test]
    fn sums_of_half_precision_losses_are_exact() {
        for name in crate::device::available() {
            let device = crate::device::parse(name).unwrap();
            for dtype in [DType::F16, DType::BF16] {
                if !device.supports_dtype(dtype) {
                    continue;
                }
                let mut window = Window::default();
                for _ in 0..300 {
                    let data = TensorData::new(vec![2.0_f32], [1]);
                    window.add(Tensor::<1>::from_data(data, (&device, dtype)), 1000.0);
                }
                let LossWindow { sum, weight } = window.read();
                assert_eq!((sum, weight), (600_000.0, 300_000.0), "{name} {dtype:?}");
            }
        }
    }
}
