//! Output matrices by least squares.

use burn::module::Module as _;
use plm_core::kernel::Activation;
use plm_core::rng::Seed;
use plm_core::train::each_param;
use plm_moe::calibrate::{ClosedForm, Trainable, fit_outputs, freeze_but};
use plm_moe::{
    Error, FfnInputs, Fill, Metric, MlpRouterConfig, MoeConfig, MoeLayer, Policy, RouterKind,
    convert,
};

use super::support::{
    LAYERS, WIDTH, assert_close, captured, classifier, config, devices, layer, numbers, rows,
    tolerance,
};

fn converted(fill: Fill, device: &burn::tensor::Device) -> (MoeLayer, FfnInputs) {
    let dense = layer(Activation::Relu, false, device);
    let inputs = rows(600, 1);
    let config = MoeConfig {
        expert_size: 4,
        router: RouterKind::Similarity(Metric::Cosine),
        share: 0.5,
        fill: Some(fill),
        ..MoeConfig::default()
    };
    let layer = MoeLayer::convert(&dense, &inputs, &config, Seed::new(0)).unwrap();
    (layer, inputs)
}

#[test]
fn the_error_falls_and_a_large_ridge_changes_nothing() {
    for (name, device) in devices() {
        for fill in [Fill::Zero, Fill::Mean] {
            let (layer, inputs) = converted(fill, &device);
            let error = |ridge| {
                let mut layer = layer.clone();
                let fitted = fit_outputs(&mut layer, &inputs, &ClosedForm { ridge }).unwrap();
                (fitted, layer)
            };
            let (small, _) = error(1e-4);
            let (usual, _) = error(0.1);
            let (large, still) = error(1e9);
            assert!(
                small.after < usual.after && usual.after < usual.before,
                "{name}"
            );
            assert!(small.after < 0.9 * small.before, "{small:?} on {name}");
            assert!((large.after - large.before).abs() < 1e-4, "{name}");
            let weight = |layer: &MoeLayer| numbers(layer.ffn.outer.weight.val());
            let (old, new) = (weight(&layer), weight(&still));
            assert_close(&new, &old, tolerance(name), name);
        }
    }
}

#[test]
fn all_experts_leave_nothing_to_fit() {
    let (name, device) = devices().remove(0);
    let (mut layer, inputs) = converted(Fill::Zero, &device);
    layer.policy = Policy::All;
    let old = numbers(layer.ffn.outer.weight.val());
    let fitted = fit_outputs(&mut layer, &inputs, &ClosedForm::default()).unwrap();
    assert!(fitted.before < 1e-6 && fitted.after < 1e-6, "{fitted:?}");
    assert_close(&numbers(layer.ffn.outer.weight.val()), &old, 1e-5, name);
}

#[test]
fn parts_of_a_model_are_trained_by_name() {
    let (_, device) = devices().remove(0);
    let model = classifier(&device).model;
    let capture = captured(&model, &device);
    let config = MoeConfig {
        router: RouterKind::Mlp(MlpRouterConfig {
            epochs: 0,
            ..MlpRouterConfig::default()
        }),
        ..config()
    };
    let experts = convert(model, &capture, &config, |_, _| ()).unwrap().model;
    for part in [
        Trainable::Outputs,
        Trainable::OutputsAndNorms,
        Trainable::All,
    ] {
        let model = freeze_but(experts.clone(), part).train();
        let (mut outputs, mut norms, mut routers) = (0, 0, 0);
        each_param(&model, |info| {
            let output = info.path.contains("ffn.ffn.outer.");
            let norm = info.owner.contains("Norm");
            let router = info.path.contains("ffn.router");
            let expected = match part {
                Trainable::Outputs => output,
                Trainable::OutputsAndNorms => output || norm,
                Trainable::All => !router,
            };
            assert_eq!(info.trainable, expected, "{part:?}: {}", info.path);
            outputs += usize::from(output);
            norms += usize::from(norm);
            routers += usize::from(router);
        });
        // Weight and bias: of an output matrix, of two norms a layer and one of the embeddings; two
        // matrices of each router.
        let counts = (2 * LAYERS, 4 * LAYERS + 2, 2 * LAYERS);
        assert_eq!((outputs, norms, routers), counts, "{part:?}");
    }
}

#[test]
fn bad_settings_are_refused() {
    let (_, device) = devices().remove(0);
    let (mut layer, inputs) = converted(Fill::Zero, &device);
    for ridge in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = fit_outputs(&mut layer, &inputs, &ClosedForm { ridge });
        assert!(matches!(error, Err(Error::Setting { name: "ridge", .. })));
    }
    let none = FfnInputs {
        width: WIDTH,
        rows: Vec::new(),
    };
    let error = fit_outputs(&mut layer, &none, &ClosedForm::default());
    assert!(matches!(error, Err(Error::NoTokens { .. })));
}

#[test]
fn products_that_overflow_change_nothing() {
    let (_, device) = devices().remove(0);
    let (mut layer, mut inputs) = converted(Fill::Zero, &device);
    let old = numbers(layer.ffn.outer.weight.val());
    // The neurons' values are numbers, their squares are not.
    inputs.rows.iter_mut().for_each(|value| *value *= 1e25);
    let error = fit_outputs(&mut layer, &inputs, &ClosedForm::default());
    assert!(matches!(error, Err(Error::NotFinite { .. })), "{error:?}");
    assert_eq!(numbers(layer.ffn.outer.weight.val()), old);
}
