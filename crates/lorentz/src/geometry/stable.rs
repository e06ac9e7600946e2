//! Hyperbolic functions of the root of their argument, with finite gradients at zero.
//!
//! cosh √q, sinh √q / √q and asinh √q / √q are analytic in q, so as functions of a squared norm they
//! need no root and no division near zero. There they are evaluated by their Taylor series. Masks
//! keep the branch that is not taken away from arguments where its gradient is not finite.

use burn::tensor::Tensor;

use super::precision::Precision;

/// cosh √q for q ≥ 0.
pub fn cosh_root<const D: usize>(q: Tensor<D>) -> Tensor<D> {
    let limit = Precision::of(q.dtype()).sinh_series;
    let series = |q| polynomial(q, &[1.0, 1.0 / 2.0, 1.0 / 24.0, 1.0 / 720.0]);
    piecewise(q, limit, series, |q| q.sqrt().cosh())
}

/// sinh √q / √q for q ≥ 0.
pub fn sinhc_root<const D: usize>(q: Tensor<D>) -> Tensor<D> {
    let limit = Precision::of(q.dtype()).sinh_series;
    let series = |q| polynomial(q, &[1.0, 1.0 / 6.0, 1.0 / 120.0, 1.0 / 5040.0]);
    piecewise(q, limit, series, |q| {
        let root = q.sqrt();
        root.clone().sinh() / root
    })
}

/// asinh √q / √q for q ≥ 0.
pub fn asinhc_root<const D: usize>(q: Tensor<D>) -> Tensor<D> {
    let limit = Precision::of(q.dtype()).asinh_series;
    let series = |q| polynomial(q, &[1.0, -1.0 / 6.0, 3.0 / 40.0, -15.0 / 336.0]);
    piecewise(q, limit, series, |q| {
        let root = q.sqrt();
        root.clone().asinh() / root
    })
}

/// √q, with value and gradient 0 where q is zero, negative or too small for the root's gradient.
pub fn sqrt_or_zero<const D: usize>(q: Tensor<D>) -> Tensor<D> {
    let none = q.clone().lower_equal_scalar(Precision::of(q.dtype()).tiny);
    q.mask_fill(none.clone(), 1.0).sqrt().mask_fill(none, 0.0)
}

/// `series` up to `limit` and `closed` beyond it.
fn piecewise<const D: usize>(
    q: Tensor<D>,
    limit: f64,
    series: impl FnOnce(Tensor<D>) -> Tensor<D>,
    closed: impl FnOnce(Tensor<D>) -> Tensor<D>,
) -> Tensor<D> {
    let small = q.clone().lower_equal_scalar(limit);
    let near = series(q.clone().mask_fill(small.clone().bool_not(), 0.0));
    let far = closed(q.mask_fill(small.clone(), 1.0));
    far.mask_where(small, near)
}

/// Σ cᵢ qⁱ by Horner's rule.
fn polynomial<const D: usize>(q: Tensor<D>, coefficients: &[f64; 4]) -> Tensor<D> {
    let [c0, c1, c2, c3] = *coefficients;
    let sum = q.clone().mul_scalar(c3).add_scalar(c2);
    let sum = (sum * q.clone()).add_scalar(c1);
    (sum * q).add_scalar(c0)
}

#[cfg(test)]
mod tests {
    use burn::tensor::DType;

    use super::*;
    use crate::testing::{devices, tensor, values};

    type Function = fn(Tensor<1>) -> Tensor<1>;
    type Truth = fn(f64) -> f64;

    /// Both branches meet double-precision truth, and the derivative is that of the function.
    #[test]
    fn values_and_derivatives_hold_on_both_sides_of_the_limits() {
        let cases: [(Function, Truth); 3] = [
            (cosh_root, |q| q.sqrt().cosh()),
            (sinhc_root, |q| q.sqrt().sinh() / q.sqrt()),
            (asinhc_root, |q| q.sqrt().asinh() / q.sqrt()),
        ];
        let points = [1e-3, 9.9e-3, 1.01e-2, 0.09, 0.11, 1.0, 25.0];
        for (device, (function, truth)) in devices()
            .into_iter()
            .flat_map(|d| cases.map(|c| (d.clone(), c)))
        {
            for (dtype, tolerance) in [(DType::F32, 3e-7), (DType::F64, 1e-14)] {
                let q = tensor::<1>(&points, [points.len()], &device.clone().autodiff(), dtype)
                    .require_grad();
                let result = function(q.clone());
                let slopes = values(q.grad(&result.clone().sum().backward()).unwrap());
                for (at, (found, slope)) in points.iter().zip(values(result).iter().zip(slopes)) {
                    assert!((found / truth(*at) - 1.0).abs() < tolerance, "{at} {found}");
                    let h = at * 1e-4;
                    let expected = (truth(at + h) - truth(at - h)) / (2.0 * h);
                    assert!(
                        (slope / expected - 1.0).abs() < 2e-5,
                        "{at} {slope} {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn zero_is_no_trouble() {
        for device in devices() {
            for dtype in [DType::F32, DType::F64] {
                let device = device.clone().autodiff();
                let zero = || tensor::<1>(&[0.0, -1e-30], [2], &device, dtype).require_grad();
                let cases: [(Function, f64, f64); 4] = [
                    (cosh_root, 1.0, 0.5),
                    (sinhc_root, 1.0, 1.0 / 6.0),
                    (asinhc_root, 1.0, -1.0 / 6.0),
                    (sqrt_or_zero, 0.0, 0.0),
                ];
                for (function, value, slope) in cases {
                    let q = zero();
                    let result = function(q.clone());
                    let slopes = values(q.grad(&result.clone().sum().backward()).unwrap());
                    assert_eq!(values(result), [value; 2]);
                    assert!(
                        slopes.iter().all(|s| (s - slope).abs() < 1e-7),
                        "{slopes:?}"
                    );
                }
            }
        }
    }
}
