//! Small tensors and their comparison.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use super::fixture::{check_close, name_of};

/// Token ids, `[rows, length]`.
pub(super) fn ids(rows: &[&[i64]], device: &Device) -> Tensor<2, Int> {
    let flat: Vec<i64> = rows.concat();
    Tensor::from_data(TensorData::new(flat, [rows.len(), rows[0].len()]), device)
}

/// True behind each row's length, `[rows, length]`.
pub(super) fn padding(lengths: &[usize], length: usize, device: &Device) -> Tensor<2, Bool> {
    let flat: Vec<bool> = lengths
        .iter()
        .flat_map(|&real| (0..length).map(move |at| at >= real))
        .collect();
    Tensor::from_data(TensorData::new(flat, [lengths.len(), length]), device)
}

/// All values, row by row.
pub(super) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_to_vec().unwrap()
}

/// Asserts equal shapes and values, to the precision of `a`'s device.
#[track_caller]
pub(super) fn same<const D: usize>(a: Tensor<D>, b: Tensor<D>, what: &str) {
    assert_eq!(a.dims(), b.dims(), "{what}");
    let device = name_of(&a.device());
    check_close(&values(a), &values(b), device, what);
}

/// Asserts that some value differs by more than rounding.
#[track_caller]
pub(super) fn differ<const D: usize>(a: Tensor<D>, b: Tensor<D>, what: &str) {
    let gap: f32 = (a - b).abs().max().into_scalar();
    assert!(gap > 1e-3, "{what}: the same within {gap}");
}
