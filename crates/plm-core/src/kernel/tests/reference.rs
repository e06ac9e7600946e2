//! The plain forms in double precision against central differences.

use burn::tensor::{Bool, DType, Device, Tensor, TensorData};

use super::linear::ACTIVATIONS;
use super::sample;
use crate::kernel::{AttentionArgs, SiteMask, reference};

const STEP: f64 = 1e-5;

fn leaf(values: &[f64], device: &Device) -> Tensor<1> {
    let data = TensorData::new(values.to_vec(), [values.len()]);
    let tensor = Tensor::<1>::from_data(data, (device, DType::F64));
    assert_eq!(tensor.dtype(), DType::F64);
    tensor
}

/// Asserts that the gradient of Σ cᵢ f(x)ᵢ is that of central differences, for every input.
fn check(inputs: &[usize], f: impl Fn(&[Tensor<1>]) -> Tensor<1>) {
    let device = crate::device::parse("flex").unwrap();
    let inputs: Vec<Vec<f64>> = inputs
        .iter()
        .enumerate()
        .map(|(i, &count)| {
            sample(count, 10 + i as u64)
                .into_iter()
                .map(f64::from)
                .collect()
        })
        .collect();
    let objective = |leaves: &[Tensor<1>]| {
        let y = f(leaves);
        assert_eq!(y.dtype(), DType::F64);
        let direction: Vec<f64> = sample(y.dims()[0], 99).into_iter().map(f64::from).collect();
        (y * leaf(&direction, &leaves[0].device())).sum()
    };
    let autodiff = device.clone().autodiff();
    let leaves: Vec<_> = inputs
        .iter()
        .map(|x| leaf(x, &autodiff).require_grad())
        .collect();
    let grads = objective(&leaves).backward();
    let value = |inputs: &[Vec<f64>]| {
        let leaves: Vec<_> = inputs.iter().map(|x| leaf(x, &device)).collect();
        objective(&leaves)
            .into_data()
            .try_into_vec::<f64>()
            .unwrap()[0]
    };
    for (i, leaf) in leaves.iter().enumerate() {
        let found = leaf
            .grad(&grads)
            .unwrap()
            .into_data()
            .try_into_vec::<f64>()
            .unwrap();
        for (j, found) in found.into_iter().enumerate() {
            let shifted = |step: f64| {
                let mut inputs = inputs.clone();
                inputs[i][j] += step;
                value(&inputs)
            };
            let expected = (shifted(STEP) - shifted(-STEP)) / (2.0 * STEP);
            let error = (found - expected).abs();
            assert!(
                error <= 1e-7 * expected.abs().max(1.0),
                "input {i}, element {j}: {found}, not {expected}"
            );
        }
    }
}

#[test]
fn linear_has_the_right_gradient() {
    check(&[6, 12, 4], |x| {
        let weight = x[1].clone().reshape([3, 4]);
        reference::linear(
            x[0].clone().reshape::<2, _>([2, 3]),
            weight,
            Some(x[2].clone()),
        )
        .flatten(0, 1)
    });
}

#[test]
fn activations_have_the_right_gradient() {
    for activation in ACTIVATIONS {
        check(&[9], |x| reference::activate(x[0].clone(), activation));
    }
}

#[test]
fn norms_have_the_right_gradient() {
    check(&[10, 5, 5], |x| {
        let rows = x[0].clone().reshape::<2, _>([2, 5]);
        reference::layer_norm(rows, x[1].clone(), x[2].clone(), 1e-5).flatten(0, 1)
    });
    check(&[10, 5], |x| {
        let rows = x[0].clone().reshape::<2, _>([2, 5]);
        reference::rms_norm(rows, x[1].clone(), 1e-6).flatten(0, 1)
    });
}

#[test]
fn dropout_has_the_right_gradient() {
    let mask = SiteMask::new(0.4, 7, None);
    check(&[24], |x| {
        let x: Tensor<3> = x[0].clone().reshape([2, 3, 4]);
        reference::dropout(x, Some(&mask)).flatten(0, 2)
    });
}

#[test]
fn attention_has_the_right_gradient() {
    check(&[2 * 2 * 4, 2 * 3 * 4, 2 * 3 * 4, 2 * 2 * 3], |x| {
        let hidden = TensorData::new(vec![false, true, false, false, false, true], [2, 1, 3]);
        let args = AttentionArgs {
            heads: 2,
            scale: 0.7,
            mask: Some(Tensor::<3, Bool>::from_data(hidden, &x[0].device())),
            bias: Some(x[3].clone().reshape([1, 2, 2, 3])),
            dropout: None,
        };
        let q = x[0].clone().reshape([2, 2, 4]);
        let [k, v] = [&x[1], &x[2]].map(|x| x.clone().reshape([2, 3, 4]));
        reference::attention(q, k, v, &args).0.flatten(0, 2)
    });
}
