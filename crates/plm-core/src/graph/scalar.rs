//! The number types a sparse matrix can hold.

use burn::tensor::{DType, Element};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// The value type of a [`Csr`](super::Csr): `f32` or `f64`.
pub trait Scalar:
    sealed::Sealed
    + Element
    + Copy
    + Default
    + PartialOrd
    + std::ops::Add<Output = Self>
    + std::ops::AddAssign
    + std::ops::Mul<Output = Self>
    + Send
    + Sync
    + 'static
{
    /// The tensor type that holds the same numbers.
    const DTYPE: DType;

    /// Exactly this number in double precision.
    fn widen(self) -> f64;

    /// The nearest number of this type.
    fn narrow(value: f64) -> Self;
}

impl Scalar for f32 {
    const DTYPE: DType = DType::F32;

    fn widen(self) -> f64 {
        f64::from(self)
    }

    fn narrow(value: f64) -> Self {
        value as Self
    }
}

impl Scalar for f64 {
    const DTYPE: DType = DType::F64;

    fn widen(self) -> f64 {
        self
    }

    fn narrow(value: f64) -> Self {
        value
    }
}
