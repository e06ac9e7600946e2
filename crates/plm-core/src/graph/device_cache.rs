//! Arrays that a sparse matrix keeps on the devices it was used on.

use std::sync::{Mutex, PoisonError};

use burn::tensor::{DType, Device, Float, Int, Tensor, TensorData};

/// One tensor for each device and number type it was asked for.
///
/// Tensors are held on the plain device, where they are constants to automatic differentiation.
#[derive(Default)]
pub(crate) struct DeviceCache {
    ints: Mutex<Vec<(Device, Tensor<1, Int>)>>,
    floats: Mutex<Vec<(Device, DType, Tensor<1, Float>)>>,
}

impl DeviceCache {
    /// The integers that `make` returns, as a tensor on `device`.
    pub(crate) fn ints(&self, device: &Device, make: impl FnOnce() -> Vec<i32>) -> Tensor<1, Int> {
        let device = device.clone().inner();
        let mut held = self.ints.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, tensor)) = held.iter().find(|(at, _)| *at == device) {
            return tensor.clone();
        }
        let numbers = make();
        let shape = [numbers.len()];
        let tensor = Tensor::from_data(TensorData::new(numbers, shape), &device);
        held.push((device, tensor.clone()));
        tensor
    }

    /// The numbers that `make` returns, as a tensor of type `dtype` on `device`.
    pub(crate) fn floats(
        &self,
        device: &Device,
        dtype: DType,
        make: impl FnOnce() -> TensorData,
    ) -> Tensor<1> {
        let device = device.clone().inner();
        let mut held = self.floats.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, _, tensor)) = held
            .iter()
            .find(|(at, of, _)| *at == device && *of == dtype)
        {
            return tensor.clone();
        }
        let tensor = Tensor::from_data(make(), (&device, dtype));
        held.push((device, dtype, tensor.clone()));
        tensor
    }
}
