//! Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101), in the order of
//! operations of `torch.optim.AdamW`.

use burn::tensor::Tensor;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Update;
use super::state::Slots;
use crate::Result;
use crate::check::{below_one, not_negative};
use crate::train::flat::CHUNK;

/// First moment's name in saved state.
const EXP_AVG: &str = "exp_avg";
/// Second moment's name in saved state.
const EXP_AVG_SQ: &str = "exp_avg_sq";

/// Constants of AdamW; the defaults are those of torch and Hugging Face's trainer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamWConfig {
    /// Decay of the first moment.
    pub beta_1: f64,
    /// Decay of the second moment.
    pub beta_2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
        }
    }
}

impl AdamWConfig {
    pub(super) fn check(&self) -> Result<()> {
        below_one("AdamWConfig", "beta_1", self.beta_1)?;
        below_one("AdamWConfig", "beta_2", self.beta_2)?;
        not_negative("AdamWConfig", "epsilon", self.epsilon)
    }

    /// `1 - lr · decay`, `lr / (1 - β₁ᵗ)` and `sqrt(1 - β₂ᵗ)`.
    fn factors(&self, update: &Update<'_>) -> (f64, f64, f64) {
        let time = update.step as f64;
        (
            1.0 - update.lr * update.weight_decay,
            update.lr / (1.0 - self.beta_1.powf(time)),
            (1.0 - self.beta_2.powf(time)).sqrt(),
        )
    }
}

/// One update in tensor operations.
///
/// # Shapes
/// - values, grad: `[elements]`
pub(super) fn step(
    config: &AdamWConfig,
    update: &Update<'_>,
    values: Tensor<1>,
    grad: Tensor<1>,
    slots: &mut Slots,
) -> Tensor<1> {
    let device = values.device();
    let (decay, step_size, correction) = config.factors(update);
    let [m, v] = slots
        .get_or_zeros([EXP_AVG, EXP_AVG_SQ], &values)
        .map(|slot| slot.to_tensor(&device));
    let m = m.clone() + (grad.clone() - m).mul_scalar(1.0 - config.beta_1);
    let v = v.mul_scalar(config.beta_2) + grad.square().mul_scalar(1.0 - config.beta_2);
    let root = v
        .clone()
        .sqrt()
        .div_scalar(correction)
        .add_scalar(config.epsilon);
    let values = values.mul_scalar(decay) - m.clone().div(root).mul_scalar(step_size);
    slots.set([(EXP_AVG, m), (EXP_AVG_SQ, v)]);
    values
}

/// One update in place, by all threads. Every element is worked on alone, so the result does not
/// depend on their number.
pub(super) fn step_host(
    config: &AdamWConfig,
    update: &Update<'_>,
    values: &mut [f32],
    grad: &[f32],
    slots: &mut Slots,
) {
    let (decay, step_size, correction) = config.factors(update);
    let [decay, step_size, correction] = [decay, step_size, correction].map(|x| x as f32);
    let (scale, epsilon) = (update.grad_scale as f32, config.epsilon as f32);
    let (take_1, keep_2) = ((1.0 - config.beta_1) as f32, config.beta_2 as f32);
    let take_2 = (1.0 - config.beta_2) as f32;
    let [m, v] = slots.host_or_zeros([EXP_AVG, EXP_AVG_SQ], values.len());
    let chunks = values
        .par_chunks_mut(CHUNK)
        .zip(grad.par_chunks(CHUNK))
        .zip(m.par_chunks_mut(CHUNK))
        .zip(v.par_chunks_mut(CHUNK));
    chunks.for_each(|(((values, grad), m), v)| {
        for (((value, &grad), m), v) in values.iter_mut().zip(grad).zip(m).zip(v) {
            let grad = grad * scale;
            *m += (grad - *m) * take_1;
            *v = *v * keep_2 + grad * grad * take_2;
            let root = v.sqrt() / correction + epsilon;
            *value = *value * decay - step_size * (*m / root);
        }
    });
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, TensorData};
    use proptest::prelude::*;

    use super::*;
    use crate::train::flat::{Flat, to_host};

    fn update(step: u64) -> Update<'static> {
        Update {
            lr: 0.03,
            weight_decay: 0.1,
            grad_scale: 0.5,
            step,
            shape: &[],
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// The fast pass and the tensor operations agree, also beyond one chunk.
        #[test]
        fn host_path_equals_tensor_path(
            count in prop_oneof![1_usize..40, CHUNK - 1..CHUNK + 2],
            seed in any::<u64>(),
        ) {
            use rand::RngExt;
            let config = AdamWConfig::default();
            for name in crate::device::available() {
                let device = crate::device::parse(name).unwrap();
                let mut rng = crate::rng::Seed::new(seed).rng();
                let mut draw = || -> Vec<f32> {
                    (0..count).map(|_| rng.random::<f32>() * 2.0 - 1.0).collect()
                };
                let mut host = draw();
                let tensor = |values: &[f32]| {
                    Tensor::<1>::from_data(TensorData::new(values.to_vec(), [count]), &device)
                };
                let mut values = tensor(&host);
                let (mut host_slots, mut slots) = (Slots::default(), Slots::default());
                for time in 1..4 {
                    let grad = draw();
                    step_host(&config, &update(time), &mut host, &grad, &mut host_slots);
                    let grad = tensor(&grad).mul_scalar(0.5);
                    values = step(&config, &update(time), values, grad, &mut slots);
                }
                for (ours, reference) in host.iter().zip(to_host(values)) {
                    prop_assert!((ours - reference).abs() <= 1e-6, "{} {}", ours, reference);
                }
            }
        }
    }

    /// Half-precision parameters have single-precision state, double-precision ones double.
    #[test]
    fn state_has_at_least_single_precision() {
        for name in crate::device::available() {
            let device = crate::device::parse(name).unwrap();
            for (dtype, expected) in [
                (DType::F16, DType::F32),
                (DType::BF16, DType::F32),
                (DType::F32, DType::F32),
                (DType::F64, DType::F64),
            ] {
                if !device.supports_dtype(dtype) {
                    continue;
                }
                let zeros = Flat::zeros(3, &device, dtype);
                assert_eq!(zeros.to_data().dtype(), expected);
                assert_eq!(zeros.len(), 3);
            }
        }
    }
}
