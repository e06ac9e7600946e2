//! Activations in loops that compile to vector code.
//!
//! The functions have no branches. Their approximations were fitted for this crate: e^r by its
//! Taylor polynomial of degree 7, and the tail of the normal distribution by a polynomial in
//! `t = 1 / (1 + 0.3 a)`, the form that Abramowitz and Stegun give in 26.2.17, with coefficients by
//! interpolation at Chebyshev nodes.

use std::ops::Range;

use crate::FfnWeights;
use plm_core::kernel::Activation;

use super::simd::{Kernel, Vector, dispatch};

/// Applies `activation` to every value, to an absolute error of about 1e-7 times the larger of 1 and
/// the value.
///
/// NaN stays NaN.
pub fn activate(activation: Activation, values: &mut [f32]) {
    struct Activate<'a>(Activation, &'a mut [f32]);

    impl Kernel for Activate<'_> {
        type Output = ();

        #[inline(always)]
        unsafe fn run<V: Vector>(self) {
            activate_inline(self.0, self.1);
        }
    }

    dispatch(Activate(activation, values));
}

/// Turns the products of one token with the rows of some neurons into the factors of their output
/// rows.
///
/// - z: products with the input rows, `[rows]`; overwritten by the factors
/// - gate: products with the gate rows, `[rows]`; used as scratch space, unused without a gate
/// - rows: the neurons
/// - mean: what an unselected neuron counts as, `[F]`; subtracted
#[inline(always)]
pub(super) fn factors(
    weights: &FfnWeights,
    mean: Option<&[f32]>,
    rows: Range<usize>,
    z: &mut [f32],
    gate: &mut [f32],
) {
    add(z, weights.b_in.as_deref(), &rows);
    if weights.w_gate.is_some() {
        add(gate, weights.b_gate.as_deref(), &rows);
        activate_inline(weights.activation, gate);
        for (z, &gate) in z.iter_mut().zip(&*gate) {
            *z *= gate;
        }
    } else {
        activate_inline(weights.activation, z);
    }
    if let Some(mean) = mean {
        for (z, &mean) in z.iter_mut().zip(&mean[rows]) {
            *z -= mean;
        }
    }
}

#[inline(always)]
fn add(z: &mut [f32], bias: Option<&[f32]>, rows: &Range<usize>) {
    if let Some(bias) = bias {
        for (z, &bias) in z.iter_mut().zip(&bias[rows.clone()]) {
            *z += bias;
        }
    }
}

#[inline(always)]
fn activate_inline(activation: Activation, values: &mut [f32]) {
    match activation {
        Activation::Gelu => each(values, gelu),
        Activation::GeluTanh => each(values, |x| {
            const TWICE_ROOT_2_OVER_PI: f32 = 1.595_769;
            x * sigmoid(TWICE_ROOT_2_OVER_PI * (x + 0.044_715 * x * x * x))
        }),
        Activation::QuickGelu => each(values, |x| x * sigmoid(1.702 * x)),
        Activation::Relu => each(values, positive),
        Activation::Silu => each(values, |x| x * sigmoid(x)),
        Activation::Tanh => each(values, tanh),
    }
}

#[inline(always)]
fn each(values: &mut [f32], op: impl Fn(f32) -> f32) {
    for value in values {
        *value = op(*value);
    }
}

/// max(x, 0), but NaN for NaN.
#[inline(always)]
fn positive(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

/// e^x for x from -87 to 88; the bounds' values beyond.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Adding 1.5 · 2^23 leaves the nearest integer in the low bits.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, the first short enough for exact products.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let p = 1.0 / 5040.0;
    let p = p * r + 1.0 / 720.0;
    let p = p * r + 1.0 / 120.0;
    let p = p * r + 1.0 / 24.0;
    let p = p * r + 1.0 / 6.0;
    let p = p * r + 0.5;
    let p = p * (r * r) + r + 1.0;
    p * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[inline(always)]
fn tanh(x: f32) -> f32 {
    let square = x * x;
    // Near 0 the difference would cancel.
    let near = 1.0 + square * (-1.0 / 3.0 + square * (2.0 / 15.0 - square * (17.0 / 315.0)));
    let far = 1.0 - 2.0 / (1.0 + exp(2.0 * x.abs()));
    if square < 0.04 {
        x * near
    } else {
        far.copysign(x)
    }
}

/// x Φ(x) = max(x, 0) - |x| Φ(-|x|).
#[inline(always)]
fn gelu(x: f32) -> f32 {
    let a = x.abs();
    // Beyond 13 the tail is 0 in f32.
    let a = if a > 13.0 { 13.0 } else { a };
    let t = 1.0 / (1.0 + 0.3 * a);
    let p = 0.037_418_48;
    let p = p * t - 0.164_318_52;
    let p = p * t + 0.218_315_46;
    let p = p * t - 0.064_374_3;
    let p = p * t + 0.134_021_15;
    let p = p * t + 0.098_327_77;
    let p = p * t + 0.120_995_56;
    let p = p * t + 0.119_614_44;
    positive(x) - a * (p * t * exp(-0.5 * a * a))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Φ(x) by its power series around 0, with enough terms for |x| up to 6.
    fn normal(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for k in 1..200 {
            term *= x * x / f64::from(2 * k + 1);
            sum += term;
        }
        0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
    }

    fn exact(activation: Activation, x: f64) -> f64 {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        match activation {
            Activation::Gelu => x * normal(x),
            Activation::GeluTanh => {
                let scale = (2.0 / std::f64::consts::PI).sqrt();
                0.5 * x * (1.0 + (scale * (x + 0.044_715 * x.powi(3))).tanh())
            }
            Activation::QuickGelu => x * sigmoid(1.702 * x),
            Activation::Relu => x.max(0.0),
            Activation::Silu => x * sigmoid(x),
            Activation::Tanh => x.tanh(),
        }
    }

    const ALL: [Activation; 6] = [
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::QuickGelu,
        Activation::Relu,
        Activation::Silu,
        Activation::Tanh,
    ];

    #[test]
    fn values_are_accurate() {
        let xs: Vec<f32> = (-60_000..=60_000).map(|i| i as f32 * 1e-4).collect();
        for activation in ALL {
            let mut found = xs.clone();
            activate(activation, &mut found);
            for (&x, &found) in xs.iter().zip(&found) {
                let exact = exact(activation, f64::from(x));
                let error = (f64::from(found) - exact).abs() / f64::from(x).abs().max(1.0);
                assert!(error < 2e-7, "{activation:?}({x}) = {found}, not {exact}");
            }
        }
    }

    #[test]
    fn known_values_of_gelu() {
        let mut values = [-1.0, 0.0, 1.0, 2.0, 100.0, -100.0];
        activate(Activation::Gelu, &mut values);
        let expected = [-0.158_655_25, 0.0, 0.841_344_8, 1.954_499_7, 100.0, 0.0];
        for (found, expected) in values.iter().zip(expected) {
            approx::assert_abs_diff_eq!(*found, expected, epsilon = 2e-7);
        }
    }

    #[test]
    fn nan_and_extremes() {
        for activation in ALL {
            let mut values = [f32::NAN, 1e4, -1e4];
            activate(activation, &mut values);
            assert!(values[0].is_nan(), "{activation:?}");
            assert!(values[1..].iter().all(|value| value.is_finite()));
        }
    }
}
