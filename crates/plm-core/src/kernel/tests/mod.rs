//! The fast forms against the plain ones, and the plain ones against finite differences.

mod attention;
mod half;
mod linear;
mod loss;
mod norm;
mod reference;
mod robustness;

use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;

use crate::rng::Seed;

/// `count` values in [-2, 2), the same for the same seed.
pub(super) fn sample(count: usize, seed: u64) -> Vec<f32> {
    let mut rng = Seed::new(seed).rng();
    (0..count).map(|_| rng.random_range(-2.0..2.0)).collect()
}

/// Every compiled device, with autodiff.
pub(super) fn devices() -> Vec<Device> {
    crate::device::available()
        .into_iter()
        .map(|name| crate::device::parse(name).unwrap().autodiff())
        .collect()
}

/// The device of the fast forms, with autodiff.
pub(super) fn flex() -> Device {
    crate::device::parse("flex").unwrap().autodiff()
}

pub(super) fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap()
}

/// Values and gradients of a function.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    pub(super) values: Vec<f32>,
    /// One per input; absent for inputs that are not tracked.
    pub(super) gradients: Vec<Option<Vec<f32>>>,
}

/// Runs `f` on flat inputs, of which those in `tracked` want gradients, and its gradient along a
/// fixed direction.
pub(super) fn run(
    device: &Device,
    inputs: &[Vec<f32>],
    tracked: &[bool],
    f: impl Fn(&[Tensor<1>]) -> Tensor<1>,
) -> Outcome {
    let leaves: Vec<Tensor<1>> = inputs
        .iter()
        .zip(tracked)
        .map(|(values, &tracked)| {
            let data = TensorData::new(values.clone(), [values.len()]);
            Tensor::from_data(data, device).set_require_grad(tracked)
        })
        .collect();
    let y = f(&leaves);
    let values = host(y.clone());
    let direction = sample(values.len(), 99);
    let direction = Tensor::from_data(TensorData::new(direction, [values.len()]), device);
    let gradients = if tracked.contains(&true) {
        let grads = (y * direction).sum().backward();
        leaves
            .iter()
            .map(|leaf| leaf.grad(&grads).map(host))
            .collect()
    } else {
        vec![None; leaves.len()]
    };
    Outcome { values, gradients }
}

/// Asserts that `a` and `b` agree to `tolerance`, relative to the largest value if that is above 1.
pub(super) fn assert_close(a: &[f32], b: &[f32], tolerance: f32, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    let scale = b
        .iter()
        .fold(1.0_f32, |scale, value| scale.max(value.abs()));
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        let error = (a - b).abs();
        assert!(
            error <= tolerance * scale,
            "{what}: element {i} is {a}, not {b}"
        );
    }
}

/// Asserts that two forms agree on flex and on every other device, in values and gradients.
pub(super) fn assert_same(
    inputs: &[Vec<f32>],
    tracked: &[bool],
    fast: impl Fn(&[Tensor<1>]) -> Tensor<1>,
    plain: impl Fn(&[Tensor<1>]) -> Tensor<1>,
) {
    let expected = run(&flex(), inputs, tracked, plain);
    for device in devices() {
        let found = run(&device, inputs, tracked, &fast);
        assert_close(
            &found.values,
            &expected.values,
            1e-5,
            &format!("values on {device:?}"),
        );
        for (i, (a, b)) in found.gradients.iter().zip(&expected.gradients).enumerate() {
            assert_eq!(a.is_some(), tracked[i], "input {i} on {device:?}");
            if let (Some(a), Some(b)) = (a, b) {
                assert_close(a, b, 1e-5, &format!("gradient {i} on {device:?}"));
            }
        }
    }
}
