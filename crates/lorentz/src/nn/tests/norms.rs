//! Normalization of points.

use burn::tensor::{DType, Tensor};
use plm_core::kernel::{Activation, SiteMask};

use crate::Curvature;
use crate::geometry::{distance_from_origin, exp_origin, lift, origin_tangent, space};
use crate::lorentz_group::LorentzTransform;
use crate::nn::*;
use crate::testing::{cast, devices, everywhere, gap, points, tensor, values};

fn config(curvature: Curvature) -> LorentzBatchNormConfig {
    LorentzBatchNormConfig {
        curvature,
        ..LorentzBatchNormConfig::new(4)
    }
}

/// A batch ends around the origin with variance 1, wherever it was.
#[test]
fn batches_are_centered_and_scaled() {
    everywhere(|device, dtype, curvature| {
        let norm = cast(config(curvature).init(device).unwrap(), dtype);
        let spread = points(40, 3, 1.5, curvature, 3, (device, dtype));
        let boost = LorentzTransform::boost(&[0.6, 0.2, -0.3]).unwrap();
        let x = boost.apply(spread.clone()).unwrap();
        let distances = |x: Tensor<2>| distance_from_origin(norm.forward_train(x), curvature);
        let found = distances(x);
        let variance = values(found.clone().square().mean().unsqueeze::<1>())[0];
        assert!((variance - 1.0).abs() < 1e-3, "{variance}");
        // The same but for a rotation without the boost.
        assert!(gap(found, distances(spread)) < 1e-3);
    });
}

/// Two points at ±2 along an axis: center the origin, variance 4, one tenth of which enters the
/// running variance of 1.
#[test]
fn running_statistics_serve_other_points() {
    everywhere(|device, dtype, curvature| {
        let norm = cast(config(curvature).init(device).unwrap(), dtype);
        let at = |x: &[f64]| {
            let x = tensor(x, [x.len() / 3, 3], device, dtype);
            exp_origin(origin_tangent(x), curvature)
        };
        let before = norm.forward(at(&[0.5, 0.0, 0.1]));
        assert!(gap(before, at(&[0.5, 0.0, 0.1])) < 1e-4);
        let y = norm.forward_train(at(&[2.0, 0.0, 0.0, -2.0, 0.0, 0.0]));
        assert!(gap(y, at(&[1.0, 0.0, 0.0, -1.0, 0.0, 0.0])) < 1e-4);
        let scale = 1.3_f64.sqrt().recip();
        let after = norm.forward(at(&[0.5, 0.0, 0.1]));
        assert!(gap(after, at(&[0.5 * scale, 0.0, 0.1 * scale])) < 1e-4);
    });
}

#[test]
fn an_empty_batch_leaves_the_running_statistics_alone() {
    everywhere(|device, dtype, curvature| {
        let norm = cast(config(curvature).init(device).unwrap(), dtype);
        let x = points(5, 3, 1.0, curvature, 3, (device, dtype));
        let before = values(norm.forward(x.clone()));
        let none = norm.forward_train(Tensor::zeros([0, 4], (device, dtype)));
        assert_eq!(none.dims(), [0, 4]);
        assert_eq!(values(norm.forward(x)), before);
    });
}

#[test]
fn spaces_are_normalized_activated_and_dropped() {
    for device in devices() {
        let k = Curvature::UNIT;
        let x = lift(
            tensor(&[3.0, -1.0, 1.0, -3.0], [1, 4], &device, DType::F32),
            k,
        );
        let norm = SpaceLayerNorm::new(5, 1e-12, k, &device).unwrap();
        let root = 5.0_f64.sqrt();
        let expected = [root, 3.0 / root, -1.0 / root, 1.0 / root, -3.0 / root];
        let found = values(norm.forward(x.clone()));
        assert!(crate::testing::gap_of(&found, &expected) < 1e-6);

        let active = values(activate_space(x.clone(), Activation::Relu, k));
        let expected = [11.0_f64.sqrt(), 3.0, 0.0, 1.0, 0.0];
        assert!(crate::testing::gap_of(&active, &expected) < 1e-6);

        let mask = SiteMask::new(0.5, 4, None);
        let dropped = space(drop_space(x.clone(), Some(&mask), k));
        let kept = plm_core::kernel::dropout(space(x.clone()), Some(&mask));
        assert_eq!(values(dropped), values(kept));
        assert_eq!(values(drop_space(x.clone(), None, k)), values(x));
        for (width, epsilon, name) in [
            (1, 1e-5, "d_model"),
            (5, 0.0, "epsilon"),
            (5, f64::NAN, "epsilon"),
        ] {
            let refused = SpaceLayerNorm::new(width, epsilon, k, &device).unwrap_err();
            assert!(refused.to_string().contains(name), "{refused}");
        }
    }
}
