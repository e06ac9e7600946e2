//! The activations and their slopes at one point.
//!
//! All hand NaN on and have their limits at large arguments.

use crate::kernel::flex::simd::{normal_tail, sigmoid};

/// Where |x| ends for the tails: all of them vanish beyond, and ∞ · 0 is kept out.
const FAR: f32 = 20.0;

#[inline(always)]
fn bounded_abs(x: f32) -> f32 {
    let a = x.abs();
    if a > FAR { FAR } else { a }
}

/// max(x, 0), NaN for NaN.
#[inline(always)]
pub(super) fn relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

/// 1 where the output is above 0.
#[inline(always)]
pub(super) fn relu_slope(y: f32) -> f32 {
    if y > 0.0 { 1.0 } else { 0.0 * y }
}

/// x Φ(x) = max(x, 0) - |x| Φ(-|x|).
#[inline(always)]
pub(super) fn gelu(x: f32) -> f32 {
    let a = bounded_abs(x);
    (-a).mul_add(normal_tail(a).0, relu(x))
}

/// Φ(x) + x φ(x).
#[inline(always)]
pub(super) fn gelu_slope(x: f32) -> f32 {
    const DENSITY: f32 = 0.398_942_3;
    let a = bounded_abs(x);
    let (tail, bell) = normal_tail(a);
    let below = if x < 0.0 { tail } else { 1.0 - tail };
    let density = DENSITY * bell * a;
    below + density.copysign(x)
}

/// 1 - tanh², from the output.
#[inline(always)]
pub(super) fn tanh_slope(y: f32) -> f32 {
    y.mul_add(-y, 1.0)
}

/// x σ(x).
#[inline(always)]
pub(super) fn silu(x: f32) -> f32 {
    x * sigmoid(x)
}

/// x σ(1.702 x).
#[inline(always)]
pub(super) fn quick_gelu(x: f32) -> f32 {
    x * sigmoid(1.702 * x)
}

#[inline(always)]
pub(super) fn silu_slope(x: f32) -> f32 {
    swish_slope(x)
}

#[inline(always)]
pub(super) fn quick_gelu_slope(x: f32) -> f32 {
    swish_slope(1.702 * x)
}

/// σ(t) + t σ(t) (1 - σ(t)), the slope of x σ(c x) at t = c x.
#[inline(always)]
fn swish_slope(t: f32) -> f32 {
    // The product vanishes far out; bounding t keeps ∞ · 0 out of it.
    let t = if t > 80.0 { 80.0 } else { t };
    let t = if t < -80.0 { -80.0 } else { t };
    let s = sigmoid(t);
    (t * s).mul_add(1.0 - s, s)
}

/// √(2/π) and its product with 0.044715.
const TANH_SCALE: f32 = 0.797_884_6;
const TANH_CUBE: f32 = TANH_SCALE * 0.044_715;

/// ½ x (1 + tanh u) = x σ(2u), u = √(2/π) (x + 0.044715 x³).
#[inline(always)]
pub(super) fn gelu_tanh(x: f32) -> f32 {
    let u = x * (x * x).mul_add(TANH_CUBE, TANH_SCALE);
    x * sigmoid(2.0 * u)
}

/// σ(2u) + 2 x u' σ(2u) (1 - σ(2u)).
#[inline(always)]
pub(super) fn gelu_tanh_slope(x: f32) -> f32 {
    let x = if x > FAR { FAR } else { x };
    let x = if x < -FAR { -FAR } else { x };
    let square = x * x;
    let u = x * square.mul_add(TANH_CUBE, TANH_SCALE);
    let du = square.mul_add(3.0 * TANH_CUBE, TANH_SCALE);
    let s = sigmoid(2.0 * u);
    (2.0 * x * du * s).mul_add(1.0 - s, s)
}
