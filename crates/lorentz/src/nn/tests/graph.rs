//! Graph convolutions against their dense forms.

use burn::module::Param;
use burn::tensor::{DType, Tensor};
use plm_core::graph::{Csr, Duplicates};
use plm_core::rng::Seed;

use crate::geometry::{centroid, origin};
use crate::nn::sigmoid::sigmoid;
use crate::nn::*;
use crate::testing::{by_type, cast, devices, everywhere, gap, points, tensor};

/// Weighted edges of five nodes, of which the last has no neighbor.
const TABLE: [f64; 25] = [
    0.5, 0.5, 0.0, 0.0, 0.0, //
    0.2, 0.3, 0.5, 0.0, 0.0, //
    0.0, 1.0, 0.0, 2.0, 0.0, //
    0.0, 0.0, 0.0, 0.1, 0.7, //
    0.0, 0.0, 0.0, 0.0, 0.0,
];

#[test]
fn neighbors_are_gathered_as_with_dense_weights() {
    let adjacency = Csr::<f64>::from_dense(5, 5, &TABLE).unwrap();
    everywhere(|device, dtype, curvature| {
        let config = GraphConvolutionConfig {
            linear: LorentzLinearConfig {
                curvature,
                ..LorentzLinearConfig::new(4, 4)
            },
            attention: true,
        };
        let mut layer = cast(config.init(Seed::new(4), device).unwrap(), dtype);
        let x = points(5, 3, 2.0, curvature, 1, (device, dtype));
        let dense: Tensor<2> = tensor(&TABLE, [5, 5], device, dtype);
        let h = layer.linear.forward(x.clone(), None);

        let attention = layer.attention.as_mut().unwrap();
        let bias = tensor(&[1.5], [1], device, dtype);
        attention.score_bias = Param::from_tensor(bias.clone());
        let scores = attention_scores(
            attention.query.forward(h.clone(), None),
            attention.key.forward(h.clone(), None),
            attention.score_scale.val(),
            bias,
            curvature,
        );
        let limit = by_type(dtype, 1e-10, 2e-5);
        let expected = centroid(h.clone(), sigmoid(scores) * dense.clone(), curvature);
        let found = layer.forward(x.clone(), &adjacency, None);
        assert!(gap(found.clone(), expected) < limit);
        let alone = found.narrow(0, 4, 1);
        assert!(gap(alone, origin([1, 4], curvature, device, dtype)) < limit);

        layer.attention = None;
        let found = layer.forward(x, &adjacency, None);
        assert!(gap(found, centroid(h, dense, curvature)) < limit);
    });
}

/// With a large β, all edges count fully.
#[test]
fn a_large_bias_opens_all_edges() {
    let edges = [(0, 1), (1, 2), (2, 0), (2, 2)];
    let adjacency = Csr::<f32>::from_edges(3, &edges, Duplicates::First).unwrap();
    for device in devices() {
        let config = GraphConvolutionConfig {
            attention: true,
            ..GraphConvolutionConfig::new(4, 5)
        };
        let mut layer = config.init(Seed::new(4), &device).unwrap();
        let x = points(3, 3, 2.0, crate::Curvature::UNIT, 1, (&device, DType::F32));
        let attention = layer.attention.as_mut().unwrap();
        let bias = tensor(&[1e3], [1], &device, DType::F32);
        attention.score_bias = Param::from_tensor(bias);
        let with = layer.forward(x.clone(), &adjacency, None);
        layer.attention = None;
        let gap = gap(with, layer.forward(x, &adjacency, None));
        assert!(gap < 1e-5, "{gap:e}");
    }
}

/// The sums of rows of several points would be taken for one point.
#[test]
fn rows_of_several_points_are_refused() {
    let linear = LorentzLinearConfig {
        output_heads: 2,
        ..LorentzLinearConfig::new(4, 4)
    };
    for attention in [false, true] {
        let config = GraphConvolutionConfig { linear, attention };
        let error = config.init(Seed::new(1), &devices()[0]).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("linear.output_heads") && error.contains("is 2"),
            "{error}"
        );
    }
}
