//! Lorentz transformations: what layers keep, and what they contain.

use burn::module::Param;
use burn::tensor::{DType, Tensor};
use plm_core::rng::Seed;

use crate::geometry::origin;
use crate::lorentz_group::LorentzTransform;
use crate::nn::*;
use crate::testing::{by_type, cast, everywhere, gap, points, tensor, values};

fn transforms() -> [LorentzTransform; 3] {
    let boost = LorentzTransform::boost(&[0.42, -0.3, 0.2]).unwrap();
    let rotation = LorentzTransform::plane_rotation(3, 0, 2, 0.7).unwrap();
    let both = rotation.after(&boost).unwrap();
    [boost, rotation, both]
}

#[test]
fn scores_are_invariant_and_attention_moves_along() {
    everywhere(|device, dtype, curvature| {
        let heads = |seed| -> Tensor<4> {
            points(12, 3, 2.0, curvature, seed, (device, dtype)).reshape([1, 2, 6, 4])
        };
        let (query, key, value) = (heads(1), heads(2), heads(3));
        let number = |value: f64| tensor(&[value], [1], device, dtype);
        let scores = |query, key| attention_scores(query, key, number(2.0), number(0.3), curvature);
        let plain = scores(query.clone(), key.clone());
        let (points, weights) = attend(plain.clone(), value.clone(), None, curvature);
        for transform in transforms() {
            let apply = |x: Tensor<4>| transform.apply(x).unwrap();
            let moved = scores(apply(query.clone()), apply(key.clone()));
            let (found, shares) = attend(moved.clone(), apply(value.clone()), None, curvature);
            let limit = by_type(dtype, 1e-9, 1e-3);
            assert!(gap(moved, plain.clone()) < limit);
            assert!(gap(shares, weights.clone()) < limit);
            assert!(gap(found, apply(points.clone())) < limit);
        }
    });
}

/// With the space rows of a Lorentz transformation as weights the layer is the transformation.
#[test]
fn time_from_space_contains_boosts_and_rotations() {
    everywhere(|device, dtype, curvature| {
        let x = points(20, 3, 2.0, curvature, 4, (device, dtype));
        for transform in transforms() {
            let config = TimeFromSpaceConfig {
                bias: false,
                input_curvature: curvature,
                output_curvature: curvature,
                ..TimeFromSpaceConfig::new(4, 4)
            };
            let mut layer = config.init(Seed::new(0), device).unwrap();
            let columns: Vec<f64> = (0..4)
                .flat_map(|input| (1..4).map(move |output| (output, input)))
                .map(|(output, input)| transform.get(output, input))
                .collect();
            layer.linear.weight = Param::from_tensor(tensor(&columns, [4, 3], device, dtype));
            let gap = gap(
                layer.forward(x.clone()),
                transform.apply(x.clone()).unwrap(),
            );
            assert!(gap < by_type(dtype, 1e-12, 1e-4), "{gap:e}");
        }
    });
}

/// Boosts move the origin, so no tangent layer without a bias is one.
#[test]
fn boosts_move_what_tangent_layers_fix() {
    everywhere(|device, dtype, curvature| {
        let start: Tensor<2> = origin([1, 4], curvature, device, dtype);
        let moved = transforms()[0].apply(start.clone()).unwrap();
        assert!(gap(moved, start.clone()) > 0.1);
        let config = TangentLinearConfig {
            bias: false,
            curvature,
            ..TangentLinearConfig::new(4, 4)
        };
        let layer = cast(config.init(Seed::new(2), device).unwrap(), dtype);
        assert_eq!(values(layer.forward(start.clone())), values(start));
    });
}

#[test]
fn distance_scores_are_invariant() {
    everywhere(|device, dtype, curvature| {
        if dtype != DType::F64 {
            return;
        }
        let x = points(6, 3, 2.0, curvature, 5, (device, dtype));
        let centers = points(3, 3, 2.0, curvature, 6, (device, dtype));
        let scores = |x, centers| {
            let centers = crate::ManifoldParam::from_points(centers, curvature).unwrap();
            cast(DistanceHead::new(centers), dtype).forward::<2>(x)
        };
        let plain = scores(x.clone(), centers.clone());
        for transform in transforms() {
            let apply = |x: &Tensor<2>| transform.apply(x.clone()).unwrap();
            assert!(gap(scores(apply(&x), apply(&centers)), plain.clone()) < 1e-9);
        }
    });
}
