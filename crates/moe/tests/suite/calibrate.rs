//! Output matrices by least squares.

use plm_core::kernel::Activation;
use plm_core::rng::Seed;
use plm_moe::calibrate::{ClosedForm, fit_outputs};
use plm_moe::{Error, FfnInputs, Fill, Metric, MoeConfig, MoeLayer, Policy, RouterKind};

use super::support::{WIDTH, assert_close, devices, layer, numbers, rows, tolerance};

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
