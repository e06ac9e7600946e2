//! Tiny checkpoints with what transformers computes from them (`fixtures/parity/make_parity.py`).

use std::path::PathBuf;

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use plm_core::device;
use safetensors::{Dtype, SafeTensors};

/// One checkpoint and its expected values.
pub(super) struct Fixture {
    pub(super) dir: PathBuf,
    bytes: Vec<u8>,
}

impl Fixture {
    pub(super) fn open(name: &str) -> Self {
        let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures/parity")
            .join(name);
        let bytes = std::fs::read(dir.join("expected.safetensors")).expect("expected values");
        Self { dir, bytes }
    }

    fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.bytes).expect("valid safetensors")
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.tensors()
            .names()
            .iter()
            .map(|&name| name.to_owned())
            .collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.tensors().tensor(name).is_ok()
    }

    /// Shape and values of a float tensor.
    pub(super) fn floats(&self, name: &str) -> (Vec<usize>, Vec<f32>) {
        let tensors = self.tensors();
        let view = tensors.tensor(name).unwrap_or_else(|_| panic!("{name}"));
        assert_eq!(view.dtype(), Dtype::F32, "{name}");
        let values = view
            .data()
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
            .collect();
        (view.shape().to_vec(), values)
    }

    /// Shape and values of an integer tensor.
    pub(super) fn integers(&self, name: &str) -> (Vec<usize>, Vec<i64>) {
        let tensors = self.tensors();
        let view = tensors.tensor(name).unwrap_or_else(|_| panic!("{name}"));
        assert_eq!(view.dtype(), Dtype::I64, "{name}");
        let values = view
            .data()
            .chunks_exact(8)
            .map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap()))
            .collect();
        (view.shape().to_vec(), values)
    }

    pub(super) fn ints<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D, Int> {
        let (shape, values) = self.integers(name);
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// True where the mask called `name` is 0.
    pub(super) fn hidden<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D, Bool> {
        self.ints::<D>(name, device).equal_elem(0)
    }

    pub(super) fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D> {
        let (shape, values) = self.floats(name);
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// Asserts that `actual` equals the tensor called `name`.
    pub(super) fn check<const D: usize>(&self, name: &str, actual: Tensor<D>, device: &str) {
        let (shape, expected) = self.floats(name);
        assert_eq!(actual.dims().to_vec(), shape, "{name} on {device}");
        let values = actual
            .into_data()
            .convert::<f32>()
            .try_to_vec::<f32>()
            .unwrap();
        check_close(&values, &expected, device, name);
    }
}

/// Within 1e-4 of the largest expected magnitude (at least 1), on CPUs; GPUs round more. `device` is the
/// name of the device that computed `actual`.
#[track_caller]
pub(super) fn check_close(actual: &[f32], expected: &[f32], device: &str, what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what} on {device}");
    let tolerance = if device == "cuda" { 2e-3 } else { 1e-4 };
    let scale = expected.iter().fold(1.0_f32, |max, x| max.max(x.abs()));
    for (index, (a, e)) in actual.iter().zip(expected).enumerate() {
        assert!(
            (a - e).abs() <= tolerance * scale,
            "{what}[{index}] on {device}: {a}, expected {e}"
        );
    }
}

/// Every device of this build, by name.
pub(super) fn devices() -> Vec<(&'static str, Device)> {
    device::available()
        .into_iter()
        .map(|name| (name, device::parse(name).expect("available")))
        .collect()
}

/// The name of `device` where it is one of [`devices`].
pub(super) fn name_of(device: &Device) -> &'static str {
    let mut all = devices().into_iter();
    let found = all.find(|(_, other)| other == device);
    found.map_or("another device", |(name, _)| name)
}
