//! Networks by themselves.

use plm_core::graph::{Csr, Duplicates};
use plm_core::kernel::Activation;
use plm_core::nn::{DropoutContext, DropoutMode};
use plm_core::rng::Seed;

use super::devices;
use crate::Curvature;
use crate::data::generate::SirTreeConfig;
use crate::geometry::residual;
use crate::task::graph::*;

fn tree() -> crate::data::graph::GraphDataset {
    let config = SirTreeConfig {
        nodes: 40,
        ..SirTreeConfig::default()
    };
    config.generate(Seed::new(1)).unwrap()
}

#[test]
fn embeddings_are_points_however_deep_the_network() {
    let tree = tree();
    for device in devices() {
        for k in [0.25, 1.0, 4.0] {
            let curvature = Curvature::from_k(k).unwrap();
            let inputs = GraphInputs::new(&tree.features, &tree.adjacency, &device).unwrap();
            let inputs = inputs.on_hyperboloid(curvature);
            assert_eq!(inputs.width(), 12);
            for (residual_links, attention) in [(false, false), (true, false), (true, true)] {
                let config = LorentzEncoderConfig {
                    curvature,
                    activation: Some(Activation::Relu),
                    residual: residual_links,
                    attention,
                    ..LorentzEncoderConfig::new(12, 8)
                };
                let encoder = config.init(Seed::new(2), &device).unwrap();
                let x = encoder.forward(&inputs, &DropoutContext::default());
                assert_eq!(x.dims(), [40, 16]);
                let worst: f32 = residual(x, curvature).max().into_scalar();
                assert!(worst < 1e-5, "{worst:e}");
            }
        }
    }
}

/// Without edges, every node hears itself alone: numbers worked by hand for one layer of the twin.
#[test]
fn the_twin_averages_neighbors() {
    let path = Csr::<f32>::from_edges(3, &[(0, 1)], Duplicates::First).unwrap();
    let path = path.symmetrize(Duplicates::First).unwrap();
    let features = Csr::from_dense(3, 1, &[1.0, 3.0, 5.0]).unwrap();
    for device in devices() {
        let inputs = GraphInputs::new(&features, &path, &device).unwrap();
        let encoder = GcnEncoderConfig::new(1, 1)
            .init(Seed::new(1), &device)
            .unwrap();
        let weight = encoder.layers[0].weight.val().into_data();
        let weight: Vec<f32> = weight.iter::<f32>().collect();
        let x = encoder
            .forward(&inputs, &DropoutContext::default())
            .into_data();
        let x: Vec<f32> = x.iter::<f32>().collect();
        for (row, mean) in [2.0_f32, 2.0, 5.0].into_iter().enumerate() {
            for (column, weight) in weight.iter().enumerate() {
                assert!((x[row * 16 + column] - mean * weight).abs() < 1e-5);
            }
        }
    }
}

#[test]
fn dropout_acts_in_training_alone() {
    let tree = tree();
    for device in devices() {
        let inputs = GraphInputs::new(&tree.features, &tree.adjacency, &device).unwrap();
        let config = GcnEncoderConfig {
            dropout: 0.5,
            ..GcnEncoderConfig::new(11, 2)
        };
        let encoder = config.init(Seed::new(1), &device).unwrap();
        let run = |context: &DropoutContext| -> Vec<f32> {
            let x = encoder.forward(&inputs, context).into_data();
            x.iter::<f32>().collect()
        };
        let still = DropoutContext::default();
        let [one, two] = [1, 2].map(|seed| DropoutContext::from(DropoutMode::Train { seed }));
        assert_eq!(run(&still), run(&still));
        assert_eq!(run(&one), run(&one));
        assert_ne!(run(&one), run(&two));
        assert_ne!(run(&one), run(&still));
    }
}

#[test]
fn inputs_of_another_space_or_width_are_refused() {
    let tree = tree();
    let device = &devices()[0];
    let inputs = GraphInputs::new(&tree.features, &tree.adjacency, device).unwrap();
    let points = inputs.on_hyperboloid(Curvature::UNIT);
    let lorentz = |width| {
        let config = LorentzEncoderConfig::new(width, 1);
        config.init(Seed::new(1), device).unwrap()
    };
    assert!(lorentz(12).check(&points).is_ok());
    for (error, word) in [
        (lorentz(12).check(&inputs), "Euclidean"),
        (lorentz(11).check(&points), "12 components"),
        (
            lorentz(12).check(&inputs.on_hyperboloid(Curvature::from_k(4.0).unwrap())),
            "k = 4",
        ),
        (
            GcnEncoderConfig::new(12, 1)
                .init(Seed::new(1), device)
                .unwrap()
                .check(&points),
            "k = 1",
        ),
    ] {
        let error = error.unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    assert!(
        LorentzEncoderConfig::new(12, 0)
            .init(Seed::new(1), device)
            .is_err()
    );
    assert!(
        GcnEncoderConfig::new(12, 0)
            .init(Seed::new(1), device)
            .is_err()
    );
    let wide = LorentzEncoderConfig {
        dropout: 1.0,
        ..LorentzEncoderConfig::new(12, 1)
    };
    assert!(wide.init(Seed::new(1), device).is_err());
    let huge = Csr::<f32>::from_coo(40, 1 << 30, &[0], &[0], &[1.0], Duplicates::First).unwrap();
    assert!(GraphInputs::new(&huge, &tree.adjacency, device).is_err());
    assert!(GraphInputs::new(&Csr::identity(2).unwrap(), &tree.adjacency, device).is_err());
}

#[test]
fn networks_without_numbers_are_refused() {
    let device = &devices()[0];
    let good = GcnEncoderConfig::new(3, 1);
    for (config, key) in [
        (GcnEncoderConfig { d_input: 0, ..good }, "`d_input` is 0"),
        (GcnEncoderConfig { d_model: 0, ..good }, "`d_model` is 0"),
        (GcnEncoderConfig { layers: 0, ..good }, "`layers` is 0"),
    ] {
        let error = config.init(Seed::new(1), device).unwrap_err().to_string();
        assert!(error.contains(key), "{error}");
    }
    let none = NodeClassifierConfig {
        encoder: good,
        classes: 0,
    };
    let error = none.init(Seed::new(1), device).unwrap_err().to_string();
    assert!(error.contains("`classes` is 0"), "{error}");
}
