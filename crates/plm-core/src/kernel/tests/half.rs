//! Half precision, whose range squares and sums soon leave.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};

use super::devices;
use crate::kernel::{cross_entropy, layer_norm, rms_norm};

/// Calls `check` for every device and half-precision type that it computes in.
fn each(check: impl Fn(&Device, DType)) {
    for device in devices() {
        for dtype in [DType::F16, DType::BF16] {
            if device.clone().inner().supports_dtype(dtype) {
                check(&device, dtype);
            }
        }
    }
}

fn tensor<const D: usize>(
    values: &[f32],
    dims: [usize; D],
    (device, dtype): (&Device, DType),
) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), dims), (device, dtype))
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data();
    data.iter::<f32>().collect()
}

/// Asserts that `norm` makes `expected` of `row`, and that the gradient is finite.
fn check_norm(
    row: [f32; 4],
    expected: [f32; 4],
    place: (&Device, DType),
    norm: impl Fn(Tensor<2>) -> Tensor<2>,
) {
    let x: Tensor<2> = tensor(&row, [1, 4], place).require_grad();
    let y = norm(x.clone());
    assert_eq!(y.dtype(), place.1);
    assert_eq!(numbers(y.clone()), expected, "{place:?}");
    let slope = numbers(x.grad(&y.sum().backward()).unwrap());
    assert!(slope.iter().all(|x| x.is_finite()), "{place:?}: {slope:?}");
}

#[test]
fn norms_of_large_states_do_not_overflow() {
    each(|device, dtype| {
        let place = (device, dtype);
        let (gamma, beta) = (
            || tensor(&[1.0; 4], [4], place),
            || tensor(&[0.5; 4], [4], place),
        );
        check_norm([1000.0; 4], [1.0; 4], place, |x| rms_norm(x, gamma(), 1e-6));
        let (row, expected) = ([1000.0, -1000.0, -1000.0, 1000.0], [1.5, -0.5, -0.5, 1.5]);
        check_norm(row, expected, place, |x| {
            layer_norm(x, gamma(), beta(), 1e-12)
        });
    });
}

#[test]
fn the_norm_of_equal_values_is_a_number() {
    each(|device, dtype| {
        let place = (device, dtype);
        check_norm([3.0; 4], [0.5; 4], place, |x| {
            let (gamma, beta) = (tensor(&[1.0; 4], [4], place), tensor(&[0.5; 4], [4], place));
            layer_norm(x, gamma, beta, 1e-12)
        });
    });
}

#[test]
fn many_losses_do_not_overflow() {
    let rows = 10_000;
    each(|device, dtype| {
        let logits: Tensor<2> = tensor(&[0.0_f32, 10.0].repeat(rows), [rows, 2], (device, dtype));
        let logits = logits.require_grad();
        let targets = TensorData::new(vec![0_i32; rows], [rows]);
        let targets = Tensor::<1, Int>::from_data(targets, device);
        let loss = cross_entropy(logits.clone(), targets, None, 0.0);
        assert_eq!(loss.dtype(), dtype);
        // ln(1 + e^10) = 10.00005
        assert_eq!(numbers(loss.clone()), [10.0], "{device:?} {dtype:?}");
        let slope = numbers(logits.grad(&loss.backward()).unwrap());
        for (slope, expected) in slope.into_iter().zip([-1e-4_f32, 1e-4].into_iter().cycle()) {
            let error = (slope - expected).abs();
            assert!(error < 1e-6, "{device:?} {dtype:?}: {slope}");
        }
    });
}
