//! Access to the memory behind flex tensors.

use std::mem::MaybeUninit;

use burn::backend::Backend;
use burn::backend::DispatchDevice;
use burn::backend::ExtensionType;
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::{BoolTensor, FloatTensor};
use burn::tensor::{DType, Device, Shape, Tensor, TensorData};

use super::simd;

/// A float operand that may be absent.
#[derive(ExtensionType)]
pub(crate) enum OptionalFloat<B: Backend> {
    /// The operand.
    Given(FloatTensor<B>),
    /// None.
    Absent,
}

/// A boolean operand that may be absent.
#[derive(ExtensionType)]
pub(crate) enum OptionalBool<B: Backend> {
    /// The operand.
    Given(BoolTensor<B>),
    /// None.
    Absent,
}

impl<B: Backend> OptionalFloat<B> {
    /// As an option.
    pub(super) fn into_option(self) -> Option<FloatTensor<B>> {
        match self {
            Self::Given(tensor) => Some(tensor),
            Self::Absent => None,
        }
    }
}

impl<B: Backend> OptionalBool<B> {
    /// As an option.
    pub(super) fn into_option(self) -> Option<BoolTensor<B>> {
        match self {
            Self::Given(tensor) => Some(tensor),
            Self::Absent => None,
        }
    }
}

/// Whether `device` is flex, with or without autodiff, on a machine that the kernels are made for.
pub fn is_flex(device: &Device) -> bool {
    let flex = match device.as_dispatch() {
        DispatchDevice::Flex(_) => true,
        DispatchDevice::Autodiff(inner) => matches!(**inner, DispatchDevice::Flex(_)),
        #[allow(unreachable_patterns)]
        _ => false,
    };
    flex && simd::supported()
}

/// Whether `tensor` holds `f32` values on flex.
pub fn accepts<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.dtype() == DType::F32 && is_flex(&tensor.device())
}

/// `tensor` with its values in row-major order without gaps; copies if they are not.
pub fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.layout().contiguous_offsets().is_some() {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// The values of a tensor from [`contiguous`].
///
/// # Panics
/// If it is not contiguous or holds other numbers than `f32`.
pub fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice::<f32>().expect("contiguous f32 values")
}

/// The values of a tensor from [`contiguous`], to be changed; copied first where other tensors share them.
///
/// # Panics
/// As [`values`].
pub fn values_mut(tensor: &mut FlexTensor) -> &mut [f32] {
    let offsets = tensor.layout().contiguous_offsets();
    let (start, end) = offsets.expect("a contiguous tensor");
    &mut tensor.storage_mut::<f32>()[start..end]
}

/// A tensor of `shape` around `values`, without copying them.
pub fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// A vector of `len` values that `write` fills.
///
/// Large buffers are the rule here, and zeroing them first would cost as much as the cheaper kernels.
///
/// # Safety
/// `write` must initialize every element.
pub unsafe fn filled(len: usize, write: impl FnOnce(&mut [MaybeUninit<f32>])) -> Vec<f32> {
    let mut values = Vec::with_capacity(len);
    write(&mut values.spare_capacity_mut()[..len]);
    // SAFETY: the capacity is there and the caller promises that `write` filled it.
    unsafe { values.set_len(len) };
    values
}

/// A pointer into a buffer of which several threads write disjoint, interleaved parts.
#[derive(Clone, Copy)]
pub(super) struct SharedMut(*mut f32);

// SAFETY: whoever writes through the pointer promises to write to elements of its own only.
unsafe impl Send for SharedMut {}
// SAFETY: as above.
unsafe impl Sync for SharedMut {}

impl SharedMut {
    /// The start of `buffer`.
    pub(super) fn new(buffer: &mut [MaybeUninit<f32>]) -> Self {
        Self(buffer.as_mut_ptr().cast())
    }

    /// The element `offset` places on.
    ///
    /// # Safety
    /// It must lie in the buffer, or one past its end.
    pub(super) unsafe fn at(self, offset: usize) -> *mut f32 {
        // SAFETY: as promised by the caller.
        unsafe { self.0.add(offset) }
    }

    /// The `len` elements from `offset` on.
    ///
    /// # Safety
    /// They must lie in the buffer, which must outlive the slice, and nobody else may use them
    /// meanwhile.
    pub(super) unsafe fn slice<'a>(self, offset: usize, len: usize) -> &'a mut [MaybeUninit<f32>] {
        // SAFETY: as promised by the caller.
        unsafe { std::slice::from_raw_parts_mut(self.at(offset).cast(), len) }
    }
}
