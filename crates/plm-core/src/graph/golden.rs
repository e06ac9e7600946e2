//! Comparison with scipy and torch; `tests/fixtures/graph/make_graph.py` made the numbers.

use burn::tensor::DType;
use serde::Deserialize;

use super::testing::{assert_close, devices, numbers, tensor};
use super::{
    Csr, Duplicates, EigenOptions, Normalization, Segments, Which, eigen_sparse, segment_max,
    segment_mean, segment_softmax, segment_sum,
};

#[derive(Deserialize)]
struct Golden {
    coo: Coo,
    csr: Compressed,
    transposed: Compressed,
    graph: Coo,
    normalized: Normalized,
    laplacian_values: Vec<f64>,
    laplacian_projector: Vec<f64>,
    largest_values: Vec<f64>,
    components: Vec<u32>,
    distances: Vec<Option<u32>>,
    product: Product,
    attention: Attention,
    segments: SegmentCase,
}

#[derive(Deserialize)]
struct Coo {
    shape: [usize; 2],
    rows: Vec<u32>,
    cols: Vec<u32>,
    values: Vec<f64>,
}

#[derive(Deserialize)]
struct Compressed {
    indptr: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f64>,
}

#[derive(Deserialize)]
struct Normalized {
    symmetric: Vec<f64>,
    symmetric_with_loops: Vec<f64>,
    row: Vec<f64>,
    column: Vec<f64>,
    laplacian: Vec<f64>,
}

#[derive(Deserialize)]
struct Product {
    width: usize,
    x: Vec<f64>,
    out: Vec<f64>,
    weights: Vec<f64>,
    x_gradient: Vec<f64>,
}

#[derive(Deserialize)]
struct Attention {
    heads: usize,
    width: usize,
    scores: Vec<f64>,
    x: Vec<f64>,
    out: Vec<f64>,
    weights: Vec<f64>,
    scores_gradient: Vec<f64>,
    x_gradient: Vec<f64>,
}

#[derive(Deserialize)]
struct SegmentCase {
    ids: Vec<u32>,
    n_segments: usize,
    width: usize,
    x: Vec<f64>,
    sum: Vec<f64>,
    mean: Vec<f64>,
    max: Vec<f64>,
    max_gradient: Vec<f64>,
    softmax: Vec<f64>,
}

fn golden() -> Golden {
    let text = include_str!("../../tests/fixtures/graph/graph.json");
    serde_json::from_str(text).unwrap()
}

fn build(coo: &Coo) -> Csr<f64> {
    let [n_rows, n_cols] = coo.shape;
    Csr::from_coo(
        n_rows,
        n_cols,
        &coo.rows,
        &coo.cols,
        &coo.values,
        Duplicates::Sum,
    )
    .unwrap()
}

#[test]
fn building_and_transposing_equal_scipy() {
    let golden = golden();
    let csr = build(&golden.coo);
    for (found, expected) in [
        (csr.clone(), golden.csr),
        (csr.transpose(), golden.transposed),
    ] {
        assert_eq!(found.indptr(), expected.indptr);
        assert_eq!(found.indices(), expected.indices);
        assert_close(found.values(), &expected.values, 1e-15, "values");
    }
}

#[test]
fn normalizations_equal_scipy() {
    let golden = golden();
    let graph = build(&golden.graph);
    let expected = golden.normalized;
    for (how, expected) in [
        (Normalization::Symmetric, &expected.symmetric),
        (
            Normalization::SymmetricWithLoops,
            &expected.symmetric_with_loops,
        ),
        (Normalization::Row, &expected.row),
        (Normalization::Column, &expected.column),
    ] {
        let found = graph.normalize(how).unwrap().to_dense();
        assert_close(&found, expected, 1e-14, &format!("{how:?}"));
    }
    let found = graph.normalized_laplacian().unwrap().to_dense();
    assert_close(&found, &expected.laplacian, 1e-14, "laplacian");
}

#[test]
fn spectra_equal_scipy() {
    let golden = golden();
    let graph = build(&golden.graph);
    let laplacian = graph.normalized_laplacian().unwrap();
    for dense_up_to in [0, 100] {
        let options = EigenOptions {
            dense_up_to,
            ..EigenOptions::default()
        };
        let k = golden.laplacian_values.len();
        let eigen = eigen_sparse(&laplacian, k, Which::Smallest, &options).unwrap();
        assert_close(&eigen.values, &golden.laplacian_values, 1e-9, "values");
        // The sum of v v^T over the whole (multiple) eigenvalues is free of signs and bases.
        let n = laplacian.n_rows();
        let mut projector = vec![0.0; n * n];
        for vector in &eigen.vectors {
            for row in 0..n {
                for col in 0..n {
                    projector[row * n + col] += vector[row] * vector[col];
                }
            }
        }
        assert_close(&projector, &golden.laplacian_projector, 1e-8, "projector");
        let k = golden.largest_values.len();
        let eigen = eigen_sparse(&laplacian, k, Which::Largest, &options).unwrap();
        assert_close(&eigen.values, &golden.largest_values, 1e-9, "largest");
    }
}

#[test]
fn searches_equal_scipy() {
    let golden = golden();
    let graph = build(&golden.graph);
    assert_eq!(graph.components().unwrap().labels, golden.components);
    let reached = graph.reach(&[0], u32::MAX).unwrap();
    let mut distances = vec![None; graph.n_rows()];
    for (node, distance) in reached.nodes.iter().zip(reached.distances) {
        distances[*node as usize] = Some(distance);
    }
    assert_eq!(distances, golden.distances);
}

#[test]
fn products_equal_scipy_on_every_device() {
    let golden = golden();
    let csr = build(&golden.coo);
    let case = golden.product;
    let [n_rows, n_cols] = golden.coo.shape;
    for (name, device) in devices() {
        let device = device.autodiff();
        let x = tensor(&case.x, [n_cols, case.width], &device, DType::F32).require_grad();
        let weights = tensor(&case.weights, [n_rows, case.width], &device, DType::F32);
        let out = csr.matmul(x.clone());
        let grads = (out.clone() * weights).sum().backward();
        assert_close(&numbers(out), &case.out, 1e-5, name);
        assert_close(
            &numbers(x.grad(&grads).unwrap()),
            &case.x_gradient,
            1e-5,
            name,
        );
    }
}

#[test]
fn graph_attention_equals_torch_on_every_device() {
    let golden = golden();
    let graph = build(&golden.graph);
    let case = golden.attention;
    let segments = Segments::of_rows(&graph).unwrap();
    let n = graph.n_rows();
    for (name, device) in devices() {
        let device = device.autodiff();
        let scores = [graph.nnz(), case.heads];
        let scores = tensor(&case.scores, scores, &device, DType::F32).require_grad();
        let shape = [n, case.heads, case.width];
        let x = tensor(&case.x, shape, &device, DType::F32).require_grad();
        let weights = tensor(&case.weights, shape, &device, DType::F32);
        let out = graph.matmul_heads(segment_softmax(scores.clone(), &segments), x.clone());
        let grads = (out.clone() * weights).sum().backward();
        assert_close(&numbers(out), &case.out, 1e-5, name);
        let found = numbers(scores.grad(&grads).unwrap());
        assert_close(&found, &case.scores_gradient, 1e-5, name);
        let found = numbers(x.grad(&grads).unwrap());
        assert_close(&found, &case.x_gradient, 1e-5, name);
    }
}

#[test]
fn segments_equal_torch_on_every_device() {
    let case = golden().segments;
    let segments = Segments::new(&case.ids, case.n_segments).unwrap();
    for (name, device) in devices() {
        let device = device.autodiff();
        let shape = [case.ids.len(), case.width];
        let x = tensor(&case.x, shape, &device, DType::F32).require_grad();
        let sum = numbers(segment_sum(x.clone(), &segments));
        assert_close(&sum, &case.sum, 1e-5, name);
        let mean = numbers(segment_mean(x.clone(), &segments));
        assert_close(&mean, &case.mean, 1e-5, name);
        let softmax = numbers(segment_softmax(x.clone(), &segments));
        assert_close(&softmax, &case.softmax, 1e-5, name);
        let max = segment_max(x.clone(), &segments);
        let grads = max.clone().square().sum().backward();
        assert_close(&numbers(max), &case.max, 1e-6, name);
        let found = numbers(x.grad(&grads).unwrap());
        assert_close(&found, &case.max_gradient, 1e-5, name);
    }
}
