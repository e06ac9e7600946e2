//! Embeddings, positions and heads of scores.

use burn::tensor::{DType, Int, Tensor, TensorData};
use plm_core::rng::Seed;

use crate::geometry::{distance_from_origin, squared_distance};
use crate::nn::*;
use crate::testing::{
    cast, curvatures, devices, everywhere, gap, on_manifold, points, tensor, values,
};
use crate::{Curvature, ManifoldParam, ManifoldRegistry};

#[test]
fn symbols_start_at_one_distance_from_the_origin() {
    for device in devices() {
        for curvature in curvatures() {
            let config = LorentzEmbeddingConfig {
                distance: 0.7,
                curvature,
                ..LorentzEmbeddingConfig::new(20, 5)
            };
            let embedding = config.init(Seed::new(1), &device).unwrap();
            let points = embedding.points.val();
            on_manifold(points.clone(), curvature);
            let distances = values(distance_from_origin(points.clone(), curvature));
            assert!(distances.iter().all(|d| (d - 0.7).abs() < 1e-5));
            embedding.points.check().unwrap();

            let ids = TensorData::new(vec![3_i64, 0, 19, 3], [2, 2]);
            let found = values(embedding.forward(Tensor::<2, Int>::from_data(ids, &device)));
            let table = values(points);
            let expected: Vec<f64> = [3, 0, 19, 3]
                .iter()
                .flat_map(|row| table[5 * row..5 * row + 5].to_vec())
                .collect();
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn positions_are_added_before_the_time_is_taken() {
    for device in devices() {
        let config = PositionEncodingConfig {
            max_length: 3,
            table: PositionTable::Sinusoidal,
            ..PositionEncodingConfig::new(4)
        };
        let layer = config.init(Seed::new(1), &device).unwrap();
        assert!(!layer.table.val().is_require_grad());
        let table = values(layer.table.val());
        let expected = [
            0.0,
            1.0,
            0.0,
            1.0,
            1_f64.sin(),
            1_f64.cos(),
            0.01_f64.sin(),
            0.01_f64.cos(),
        ];
        assert!(crate::testing::gap_of(&table[..8], &expected) < 1e-7);

        let x = points(4, 3, 1.0, Curvature::UNIT, 3, (&device, DType::F32)).reshape([2, 2, 4]);
        let found = layer.forward(x.clone(), None).unwrap();
        let positions = layer.table.val().narrow(0, 0, 2).unsqueeze_dim::<3>(0);
        let positions = positions.expand([2, 2, 4]);
        let expected = layer.linear.forward_residual(x.clone(), positions, None);
        assert_eq!(values(found), values(expected));
        let long = x.reshape([1, 4, 4]);
        let error = layer.forward(long, None).unwrap_err().to_string();
        assert!(
            error.contains("has 4 points") && error.contains("3"),
            "{error}"
        );

        let learned = PositionEncodingConfig::new(4)
            .init(Seed::new(1), &device)
            .unwrap();
        let values = values(learned.table.val());
        let variance = values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64;
        assert!((variance.sqrt() / 0.02 - 1.0).abs() < 0.03, "{variance}");
    }
}

#[test]
fn class_scores_are_negative_squared_distances() {
    everywhere(|device, dtype, curvature| {
        let centers = points(3, 3, 2.0, curvature, 1, (device, dtype));
        let x = points(2, 3, 2.0, curvature, 2, (device, dtype));
        let param = ManifoldParam::from_points(centers.clone(), curvature).unwrap();
        let mut head = cast(DistanceHead::new(param), dtype);
        let bias = tensor(&[0.5, 0.0, -1.0], [3], device, dtype);
        head.bias = burn::module::Param::from_tensor(bias.clone());
        let found = head.forward::<3>(x.clone().reshape([1, 2, 4]));
        assert_eq!(found.dims(), [1, 2, 3]);
        let d = squared_distance(
            x.reshape([2, 1, 4]).expand([2, 3, 4]),
            centers.reshape([1, 3, 4]).expand([2, 3, 4]),
            curvature,
        );
        let expected = bias.unsqueeze::<2>() - d.reshape([2, 3]);
        assert!(gap(found.reshape([2, 3]), expected) < 1e-4);
    });
}

/// Each center scores 0 against itself, in whatever number type it is given.
#[test]
fn a_head_has_the_number_type_of_its_centers() {
    everywhere(|device, dtype, curvature| {
        let centers = points(3, 3, 1.0, curvature, 1, (device, dtype));
        let param = ManifoldParam::from_points(centers.clone(), curvature).unwrap();
        let found = DistanceHead::new(param).forward(centers);
        assert_eq!(found.dtype(), dtype);
        let found = values(found);
        assert!(
            [0, 4, 8].iter().all(|&at| found[at].abs() < 1e-3),
            "{found:?}"
        );
    });
}

#[test]
fn the_optimizer_finds_the_points_of_layers() {
    let device = &devices()[0];
    let embedding = LorentzEmbeddingConfig::new(4, 3)
        .init(Seed::new(1), device)
        .unwrap();
    let registry = ManifoldRegistry::of(&embedding).unwrap();
    assert_eq!(registry.len(), 1);
    let head = DistanceHeadConfig::new(3, 2)
        .init(Seed::new(1), device)
        .unwrap();
    let registry = ManifoldRegistry::of(&head).unwrap();
    assert!(registry.get(head.centers.param().id).is_some());
    assert!(registry.get(head.bias.id).is_none());
    let norm = LorentzBatchNormConfig::new(3).init(device).unwrap();
    assert_eq!(ManifoldRegistry::of(&norm).unwrap().len(), 1);
}
