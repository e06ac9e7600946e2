//! Random subspaces: the Fastfood transform (Le et al. 2013) as Li et al. 2018 and Aghajanyan et al. 2021
//! use it to measure intrinsic dimension.

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::nn::init::normal;
use plm_core::rng::Seed;
use rand::RngExt;
use rand::seq::SliceRandom;

use crate::matrix::PromptMatrix;
use crate::soft_prompt::matrix_of;
use crate::source::PromptSource;
use crate::{Error, Result};

/// A random map from few dimensions to many that needs neither the time nor the memory of a matrix:
/// M = H G Π H B, cut to the many dimensions.
///
/// H is the Walsh–Hadamard matrix of the next power of two L, B random signs, Π a random permutation,
/// G standard normal numbers; the result is divided by √(L Σ G²) and, for what the cut takes away, by
/// √(D / L) with D outputs: the columns of M have length 1 in the mean. Gradients are those of this map:
/// the authors' own backward pass scales by another 1 / √L and is not the adjoint.
#[derive(Module, Debug)]
pub struct Fastfood {
    signs: Param<Tensor<1>>,
    scales: Param<Tensor<1>>,
    order: Param<Tensor<1, Int>>,
    left: Param<Tensor<2>>,
    right: Param<Tensor<2>>,
    #[module(skip)]
    dimensions: usize,
    #[module(skip)]
    outputs: usize,
}

impl Fastfood {
    /// A random map from `dimensions` numbers to `outputs`.
    ///
    /// # Errors
    /// [`Error::Setting`] where there are no dimensions or more than outputs.
    pub fn new(dimensions: usize, outputs: usize, seed: Seed, device: &Device) -> Result<Self> {
        if dimensions == 0 || dimensions > outputs {
            return Err(Error::Setting {
                name: "dimensions",
                value: dimensions.to_string(),
                limit: "must lie between 1 and the prompt's numbers",
            });
        }
        let length = outputs.next_power_of_two();
        let mut rng = seed.stream("signs");
        let signs: Vec<f32> = (0..length)
            .map(|_| if rng.random::<bool>() { 1.0 } else { -1.0 })
            .collect();
        let mut order: Vec<i64> = (0..length as i64).collect();
        order.shuffle(&mut seed.stream("order"));
        let gauss = normal(seed, "scales", length, 1.0);
        let squares: f64 = gauss.iter().map(|&value| f64::from(value).powi(2)).sum();
        let cut = outputs as f64 / length as f64;
        let divisor = (length as f64 * squares * cut).sqrt();
        let scales: Vec<f32> = gauss
            .iter()
            .map(|&value| (f64::from(value) / divisor) as f32)
            .collect();
        // H of length L = H of 2^a ⊗ H of 2^b: two small products in place of a large one.
        let exponent = length.trailing_zeros();
        let fixed = |tensor: Tensor<1>| Param::from_tensor(tensor).set_require_grad(false);
        let hadamard =
            |exponent| Param::from_tensor(hadamard(exponent, device)).set_require_grad(false);
        Ok(Self {
            signs: fixed(Tensor::from_floats(signs.as_slice(), device)),
            scales: fixed(Tensor::from_floats(scales.as_slice(), device)),
            order: Param::initialized(ParamId::new(), Tensor::from_data(order.as_slice(), device)),
            left: hadamard(exponent / 2),
            right: hadamard(exponent - exponent / 2),
            dimensions,
            outputs,
        })
    }

    /// M z.
    ///
    /// # Shapes
    /// - point: `[dimensions]`
    /// - result: `[outputs]`
    pub fn forward(&self, point: Tensor<1>) -> Tensor<1> {
        let length = self.signs.shape().dims::<1>()[0];
        let rest = length - self.dimensions;
        let padded = if rest == 0 {
            point
        } else {
            let zeros = Tensor::<1>::zeros([rest], &point.device());
            Tensor::cat(vec![point, zeros], 0)
        };
        let mixed = self.transform(padded * self.signs.val());
        let mixed = mixed.select(0, self.order.val()) * self.scales.val();
        self.transform(mixed).narrow(0, 0, self.outputs)
    }

    /// H x.
    fn transform(&self, x: Tensor<1>) -> Tensor<1> {
        let (left, right) = (self.left.val(), self.right.val());
        let [rows, columns] = [left.dims()[0], right.dims()[0]];
        left.matmul(x.reshape([rows, columns]))
            .matmul(right)
            .reshape([rows * columns])
    }
}

/// The Walsh–Hadamard matrix of 2^exponent rows, entries ± 1.
fn hadamard(exponent: u32, device: &Device) -> Tensor<2> {
    let size = 1_usize << exponent;
    let values: Vec<f32> = (0..size * size)
        .map(|place| {
            let both = (place / size) & (place % size);
            if both.count_ones().is_multiple_of(2) {
                1.0
            } else {
                -1.0
            }
        })
        .collect();
    Tensor::from_data(TensorData::new(values, [size, size]), device)
}

/// A prompt θ₀ + M z in a random subspace around a start θ₀: only z is trained, from 0 on.
///
/// Qin et al. 2021 move all weights of the model in such a subspace; here the prompt alone moves.
#[derive(Module, Debug)]
pub struct FastfoodPrompt {
    /// The point z, `[dimensions]`.
    pub point: Param<Tensor<1>>,
    /// The map M; not trained.
    pub map: Fastfood,
    /// The start θ₀, `[slots, width]`; not trained.
    pub start: Param<Tensor<2>>,
}

impl FastfoodPrompt {
    /// The random subspace of `dimensions` dimensions around `start`.
    ///
    /// # Errors
    /// As [`Fastfood::new`].
    pub fn new(
        start: &PromptMatrix,
        dimensions: usize,
        seed: Seed,
        device: &Device,
    ) -> Result<Self> {
        let shape = [start.rows(), start.width()];
        // Says first whether there can be so many dimensions.
        let map = Fastfood::new(dimensions, shape[0] * shape[1], seed, device)?;
        let data = TensorData::new(start.values().to_vec(), shape);
        let start = Param::from_tensor(Tensor::from_data(data, device));
        Ok(Self {
            point: Param::from_tensor(Tensor::zeros([dimensions], device)),
            map,
            start: start.set_require_grad(false),
        })
    }

    /// The prompt on the host.
    pub fn to_matrix(&self) -> PromptMatrix {
        matrix_of(self.clone().valid().prompts(&[0]).squeeze_dim(0))
    }
}

impl PromptSource for FastfoodPrompt {
    fn prompts(&self, _tasks: &[usize]) -> Tensor<3> {
        let start = self.start.val();
        let shape = start.dims();
        let moved = start + self.map.forward(self.point.val()).reshape(shape);
        moved.unsqueeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(tensor: Tensor<1>) -> Vec<f64> {
        tensor.into_data().iter::<f32>().map(f64::from).collect()
    }

    /// H by its definition: H of 1 is 1, H of 2n is H of n three times and −H of n.
    fn written_out(size: usize) -> Vec<Vec<f64>> {
        if size == 1 {
            return vec![vec![1.0]];
        }
        let half = written_out(size / 2);
        let row = |row: &Vec<f64>, sign: f64| -> Vec<f64> {
            let right = row.iter().map(|value| sign * value);
            row.iter().copied().chain(right).collect()
        };
        let upper = half.iter().map(|own| row(own, 1.0));
        upper.chain(half.iter().map(|own| row(own, -1.0))).collect()
    }

    #[test]
    fn it_equals_the_matrices_written_out() {
        const INPUTS: usize = 7;
        const OUTPUTS: usize = 50;
        let device = plm_core::device::parse(plm_core::device::available()[0]).unwrap();
        let map = Fastfood::new(INPUTS, OUTPUTS, Seed::new(4), &device).unwrap();
        let (signs, scales) = (host(map.signs.val()), host(map.scales.val()));
        let order: Vec<i64> = map.order.val().into_data().iter::<i64>().collect();
        // The parts are what they are called.
        assert!(signs.iter().all(|sign| sign.abs() == 1.0));
        assert!(signs.contains(&1.0) && signs.contains(&-1.0));
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..64).collect::<Vec<i64>>());
        assert_ne!(sorted, order);
        // Σ G² over the square of the divisor, L Σ G² · D / L.
        let squares: f64 = scales.iter().map(|scale| scale * scale).sum();
        assert!((squares * OUTPUTS as f64 - 1.0).abs() < 1e-5, "{squares}");

        let hadamard = written_out(64);
        let product = |x: &[f64]| -> Vec<f64> {
            let row = |row: &Vec<f64>| row.iter().zip(x).map(|(a, b)| a * b).sum();
            hadamard.iter().map(row).collect()
        };
        let point = normal(Seed::new(5), "point", INPUTS, 1.0);
        let mut signed = vec![0.0; 64];
        for ((signed, &value), sign) in signed.iter_mut().zip(&point).zip(&signs) {
            *signed = f64::from(value) * sign;
        }
        let mixed = product(&signed);
        let turned = order.iter().map(|&from| mixed[from as usize]);
        let scaled: Vec<f64> = turned
            .zip(&scales)
            .map(|(value, scale)| value * scale)
            .collect();
        let expected = product(&scaled);
        let found = host(map.forward(Tensor::from_floats(point.as_slice(), &device)));
        assert_eq!(found.len(), OUTPUTS);
        for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let gap = (found - expected).abs();
            assert!(gap < 1e-4, "place {place}: {found} against {expected}");
        }
    }
}
