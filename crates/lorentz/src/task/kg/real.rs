//! The number types that the host computes in.

use std::ops::AddAssign;

use num_traits::Float;
use plm_core::graph::Scalar;

/// Single or double precision.
pub trait Real: Scalar + Float + AddAssign {}

impl Real for f32 {}
impl Real for f64 {}

/// The nearest number of type `T`.
#[inline(always)]
pub(super) fn real<T: Real>(value: f64) -> T {
    T::narrow(value)
}
