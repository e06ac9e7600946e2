//! What the tests of this area share.

use burn::tensor::{DType, Device, Tensor, TensorData};
use proptest::prelude::*;

use super::{Csr, Duplicates};
use crate::rng::Seed;
use rand::RngExt;

/// Every compiled device under its name.
pub(crate) fn devices() -> Vec<(&'static str, Device)> {
    crate::device::available()
        .into_iter()
        .map(|name| (name, crate::device::parse(name).unwrap()))
        .collect()
}

/// Matrices of up to `rows` x `cols` (at least 1 x 1), empty rows and columns among them.
pub(crate) fn arb_csr(rows: usize, cols: usize) -> impl Strategy<Value = Csr<f32>> {
    (1..=rows, 1..=cols).prop_flat_map(|(n_rows, n_cols)| {
        let entry = (0..n_rows as u32, 0..n_cols as u32, -2.0_f32..2.0);
        proptest::collection::vec(entry, 0..3 * n_rows).prop_map(move |entries| {
            let rows: Vec<u32> = entries.iter().map(|e| e.0).collect();
            let cols: Vec<u32> = entries.iter().map(|e| e.1).collect();
            let values: Vec<f32> = entries.iter().map(|e| e.2).collect();
            Csr::from_coo(n_rows, n_cols, &rows, &cols, &values, Duplicates::First).unwrap()
        })
    })
}

/// Undirected graphs of 1 to `nodes` nodes without self-loops, weights 1.
pub(crate) fn arb_graph(nodes: usize) -> impl Strategy<Value = Csr<f64>> {
    (1..=nodes).prop_flat_map(|n| {
        proptest::collection::vec((0..n as u32, 0..n as u32), 0..2 * n).prop_map(move |edges| {
            Csr::from_edges(n, &edges, Duplicates::First)
                .unwrap()
                .without_self_loops()
                .symmetrize(Duplicates::Max)
                .unwrap()
        })
    })
}

/// An undirected random graph with about `edges` entries, self-loops left out.
pub(crate) fn random_graph(nodes: usize, edges: usize, seed: u64) -> Csr<f32> {
    let mut rng = Seed::new(seed).stream("graph");
    let pairs: Vec<(u32, u32)> = (0..edges / 2)
        .map(|_| {
            (
                rng.random_range(0..nodes as u32),
                rng.random_range(0..nodes as u32),
            )
        })
        .collect();
    Csr::from_edges(nodes, &pairs, Duplicates::First)
        .unwrap()
        .without_self_loops()
        .symmetrize(Duplicates::Max)
        .unwrap()
}

/// Numbers in [-1, 1), the same for the same seed.
pub(crate) fn noise(len: usize, seed: u64) -> Vec<f64> {
    let mut rng = Seed::new(seed).stream("noise");
    (0..len).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// A tensor of type `dtype` with these numbers.
pub(crate) fn tensor<const D: usize>(
    numbers: &[f64],
    shape: [usize; D],
    device: &Device,
    dtype: DType,
) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers.to_vec(), shape), (device, dtype))
}

/// The numbers of a tensor.
pub(crate) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// Fails where two lists differ by more than `tolerance` times (1 + |expected|) at some place.
#[track_caller]
pub(crate) fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: lengths");
    for (at, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!(
            (a - b).abs() <= tolerance * (1.0 + b.abs()),
            "{what}: {a} and {b} at {at}"
        );
    }
}
