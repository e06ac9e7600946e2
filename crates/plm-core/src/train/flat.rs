//! Flat vectors of numbers that lie where they are fastest to work on.

use burn::tensor::{DType, Device, Tensor, TensorData};
use rayon::prelude::*;

use crate::device::is_host;
use crate::kernel::at_least_single;
use crate::vector::dot;

/// Elements that one thread works on at a time. Fixed, so that sums do not depend on the number of
/// threads.
pub(crate) const CHUNK: usize = 1 << 14;

/// A gradient or one slot of an optimizer's state.
///
/// On CPU devices an update is one pass by all threads over plain slices, where the same formula in
/// tensor operations takes ten passes by one thread.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one per parameter, and a box would be one more allocation per step"
)]
pub(crate) enum Flat {
    /// Single-precision numbers of a CPU device.
    Host(Vec<f32>),
    /// Anything else: `[elements]`, on the plain device.
    Device(Tensor<1>),
}

impl Flat {
    /// Takes over `tensor`; one that nothing else holds is not copied on CPU devices.
    pub(crate) fn from_tensor<const D: usize>(tensor: Tensor<D>) -> Self {
        let tensor = tensor.inner();
        if on_host_path(&tensor) {
            Self::Host(to_host(tensor))
        } else {
            let count = tensor.shape().num_elements();
            Self::Device(tensor.reshape([count]))
        }
    }

    /// Takes over `data`, to be used with a parameter of `dtype` on `device`.
    pub(crate) fn from_data(data: TensorData, device: &Device, dtype: DType) -> Self {
        let device = device.clone().inner();
        let count = data.num_elements();
        let kept = data.dtype();
        let tensor = Tensor::<1>::from_data(
            TensorData::from_bytes(data.into_bytes(), [count], kept),
            (&device, kept),
        );
        if dtype == DType::F32 && is_host(&device) {
            Self::Host(to_host(tensor))
        } else {
            Self::Device(tensor)
        }
    }

    /// Zeros to go with a parameter of `dtype` on `device`. Half-precision parameters get
    /// single-precision state.
    pub(crate) fn zeros(count: usize, device: &Device, dtype: DType) -> Self {
        let device = device.clone().inner();
        if dtype == DType::F32 && is_host(&device) {
            return Self::Host(vec![0.0; count]);
        }
        Self::Device(Tensor::zeros([count], (&device, compute_dtype(dtype))))
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Host(values) => values.len(),
            Self::Device(tensor) => tensor.dims()[0],
        }
    }

    /// A copy on the host.
    pub(crate) fn to_data(&self) -> TensorData {
        match self {
            Self::Host(values) => TensorData::new(values.clone(), [values.len()]),
            Self::Device(tensor) => tensor.to_data(),
        }
    }

    /// A copy as a tensor on `device`.
    pub(crate) fn to_tensor(&self, device: &Device) -> Tensor<1> {
        match self {
            Self::Host(values) => Tensor::from_data(
                TensorData::new(values.clone(), [values.len()]),
                (device, DType::F32),
            ),
            Self::Device(tensor) => tensor.clone(),
        }
    }

    /// The sum of squares: a number where it costs nothing to have it, else a tensor of one element.
    pub(crate) fn sum_of_squares(&self) -> Sum {
        match self {
            Self::Host(values) => {
                let chunks = values.par_chunks(CHUNK);
                let sums: Vec<f64> = chunks.map(|chunk| dot(chunk, chunk)).collect();
                Sum::Number(sums.iter().sum())
            }
            // Squares of half-precision numbers overflow and underflow soon.
            Self::Device(tensor) => Sum::Tensor(at_least_single(tensor.clone()).square().sum()),
        }
    }

    /// Multiplies by `factor`; half-precision numbers in single precision, and they stay in it.
    pub(crate) fn scale(&mut self, factor: f64) {
        match self {
            Self::Host(values) => {
                let factor = factor as f32;
                values
                    .par_chunks_mut(CHUNK)
                    .for_each(|chunk| chunk.iter_mut().for_each(|x| *x *= factor));
            }
            Self::Device(tensor) => *tensor = at_least_single(tensor.clone()).mul_scalar(factor),
        }
    }

    /// Adds `other`; half-precision numbers in single precision, and they stay in it.
    ///
    /// # Panics
    /// If the lengths differ.
    pub(crate) fn add(&mut self, other: Self) {
        assert_eq!(self.len(), other.len(), "gradients of one parameter");
        match (self, other) {
            (Self::Host(sum), Self::Host(values)) => sum
                .par_chunks_mut(CHUNK)
                .zip(values.par_chunks(CHUNK))
                .for_each(|(sum, values)| {
                    sum.iter_mut()
                        .zip(values)
                        .for_each(|(sum, &value)| *sum += value);
                }),
            (Self::Device(sum), other) => {
                let other = at_least_single(other.to_tensor(&sum.device()));
                *sum = at_least_single(sum.clone()).add(other);
            }
            (sum @ Self::Host(_), Self::Device(other)) => {
                let own = sum.to_tensor(&other.device());
                *sum = Self::Device(own.add(at_least_single(other)));
            }
        }
    }
}

/// What [`Flat::sum_of_squares`] gives.
#[expect(clippy::large_enum_variant, reason = "lives for a moment on the stack")]
pub(crate) enum Sum {
    Number(f64),
    Tensor(Tensor<1>),
}

/// Whether updates of `tensor` are done on plain slices.
pub(crate) fn on_host_path<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.dtype() == DType::F32 && is_host(&tensor.device())
}

/// The numbers of a single-precision tensor, without a copy if nothing else holds it and the backend
/// allows that.
///
/// # Panics
/// If the elements are of another type.
pub(crate) fn to_host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor
        .into_data()
        .try_into_vec::<f32>()
        .expect("single-precision numbers")
}

fn compute_dtype(dtype: DType) -> DType {
    match dtype {
        DType::F64 => DType::F64,
        _ => DType::F32,
    }
}
