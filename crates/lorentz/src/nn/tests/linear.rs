//! Linear layers by hand.

use burn::module::Param;
use burn::tensor::{DType, Tensor};
use plm_core::kernel::SiteMask;
use plm_core::rng::Seed;

use crate::Curvature;
use crate::geometry::{distance, exp_origin, lift, origin, origin_tangent, space, time};
use crate::nn::*;
use crate::testing::{cast, devices, everywhere, gap, on_manifold, points, sizes, tensor, values};

/// z = x, λ = 2: z₀ = 0 gives σ = 1/2, τ = 1 + √k + 0.1.
#[test]
fn the_time_follows_the_sigmoid_and_the_direction_the_space() {
    everywhere(|device, dtype, curvature| {
        let config = LorentzLinearConfig {
            scale: 2.0,
            bias: false,
            curvature,
            ..LorentzLinearConfig::new(3, 3)
        };
        let mut layer = cast(config.init(Seed::new(0), device).unwrap(), dtype);
        let identity = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        layer.linear.weight = Param::from_tensor(tensor(&identity, [3, 3], device, dtype));
        let x = tensor(&[0.0, 300.0, 400.0, 50.0, 0.0, 0.0], [2, 3], device, dtype);
        let y = layer.forward(x, None);
        on_manifold(y.clone(), curvature);
        let far = 1.1 + curvature.radius();
        let reach = (far * far - curvature.k()).sqrt();
        let origin = [curvature.radius(), 0.0, 0.0];
        let expected = [[far, 0.6 * reach, 0.8 * reach], origin].concat();
        let gap = gap(y, tensor(&expected, [2, 3], device, dtype));
        assert!(gap < 1e-6, "{gap:e}");
    });
}

/// Where directions are clear, the default differs from the authors' code by its 10⁻⁶ only.
#[test]
fn the_variants_agree_where_the_code_has_no_defect() {
    for device in devices() {
        let x = points(20, 4, 2.0, Curvature::UNIT, 3, (&device, DType::F64));
        let run = |parity| {
            let config = LorentzLinearConfig {
                parity,
                ..LorentzLinearConfig::new(5, 4)
            };
            let mut layer = config.init(Seed::new(0), &device).unwrap();
            let weight = tensor(&crate::testing::draws(20, 5), [5, 4], &device, DType::F64);
            layer = cast(layer, DType::F64);
            layer.linear.weight = Param::from_tensor(weight);
            layer.forward(x.clone(), None)
        };
        let plain = run(None);
        for parity in [Parity::Gcn, Parity::Mt, Parity::Kg] {
            let gap = gap(run(Some(parity)), plain.clone());
            assert!(gap > 0.0 && gap < 1e-2, "{parity:?} {gap:e}");
        }
    }
}

/// The knowledge-graph variant takes the time before the bias: W = I, b = (9, 1, 0), x = (0, 0, 2).
#[test]
fn the_knowledge_graph_variant() {
    for device in devices() {
        let config = LorentzLinearConfig {
            scale: 2.5,
            parity: Some(Parity::Kg),
            ..LorentzLinearConfig::new(3, 3)
        };
        let mut layer = cast(config.init(Seed::new(0), &device).unwrap(), DType::F64);
        assert!(!layer.log_scale.val().is_require_grad());
        let identity = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        layer.linear.weight = Param::from_tensor(tensor(&identity, [3, 3], &device, DType::F64));
        let bias = tensor(&[9.0, 1.0, 0.0], [3], &device, DType::F64);
        layer.linear.bias = Some(Param::from_tensor(bias));
        let y = layer.forward(tensor(&[0.0, 0.0, 2.0], [1, 3], &device, DType::F64), None);
        let reach = ((2.35_f64 * 2.35 - 1.0) / 5.0).sqrt();
        let expected = tensor(&[2.35, reach, 2.0 * reach], [1, 3], &device, DType::F64);
        assert!(gap(y, expected) < 1e-6);
    }
}

#[test]
fn layers_start_without_boosts_and_alike_on_all_devices() {
    let config = LorentzLinearConfig {
        input_heads: 2,
        ..LorentzLinearConfig::new(6, 4)
    };
    let all = devices().into_iter().map(|device| {
        let layer = config.init(Seed::new(7), &device).unwrap();
        values(layer.linear.weight.val())
    });
    let mut weights = all.collect::<Vec<_>>();
    weights.dedup();
    assert_eq!(weights.len(), 1);
    for (input, row) in weights[0].chunks(4).enumerate() {
        let silent = input == 0 || input == 3;
        assert!(row.iter().all(|w| (*w == 0.0) == silent && w.abs() <= 0.5));
    }
}

/// At the largest λ, inputs of every size and zeros give points and finite gradients.
#[test]
fn the_largest_scale_leaves_room_for_squares() {
    everywhere(|device, dtype, curvature| {
        let device = device.clone().autodiff();
        let config = LorentzLinearConfig {
            scale: 1e12,
            curvature,
            ..LorentzLinearConfig::new(4, 4)
        };
        let layer = cast(config.init(Seed::new(2), &device).unwrap(), dtype);
        let x = sizes(4, (&device, dtype)).require_grad();
        let y = layer.forward(x.clone(), None);
        on_manifold(y.clone().inner(), curvature);
        let largest = y.clone().detach().abs().max_dim(1).add_scalar(1.0);
        let tape = (y / largest).sum().backward();
        let found = [
            values(x.grad(&tape).unwrap()),
            values(layer.linear.weight.val().grad(&tape).unwrap()),
            values(layer.log_scale.val().grad(&tape).unwrap()),
        ];
        assert!(found.iter().flatten().all(|slope| slope.is_finite()));
        assert!(found[0].iter().any(|slope| *slope != 0.0));
    });
}

/// 2.3 is ln λ of the authors' translation, 2.303 that of the others.
#[test]
fn variants_start_with_the_scale_of_their_code() {
    let seed = Seed::new(0);
    let device = &devices()[0];
    for (parity, expected) in [
        (None, 10_f64.ln()),
        (Some(Parity::Gcn), 10_f64.ln()),
        (Some(Parity::Mt), 2.3),
    ] {
        let starts = |layer: &LorentzLinear| {
            let found = values(layer.log_scale.val())[0];
            assert!((found - expected).abs() < 1e-6, "{parity:?} {found}");
        };
        let plain = LorentzLinearConfig::variant(4, 4, parity);
        starts(&plain.init(seed, device).unwrap());
        let transformer = TransformerConfig {
            parity,
            ..TransformerConfig::new(4, 2, 1)
        };
        let encoder = transformer.init_encoder(seed, device).unwrap();
        starts(&encoder.layers[0].attention.query);
        starts(&encoder.layers[0].feed_forward.output);
        let position = PositionEncodingConfig {
            parity,
            ..PositionEncodingConfig::new(4)
        };
        starts(&position.init(seed, device).unwrap().linear);
    }
}

#[test]
fn dropout_acts_on_the_input() {
    for device in devices() {
        let layer = LorentzLinearConfig::new(5, 5);
        let layer = layer.init(Seed::new(1), &device).unwrap();
        let x = points(3, 4, 1.0, Curvature::UNIT, 2, (&device, DType::F32));
        let mask = SiteMask::new(0.5, 9, None);
        let dropped = plm_core::kernel::dropout(x.clone(), Some(&mask));
        let expected = layer.forward(dropped, None);
        assert_eq!(values(layer.forward(x, Some(&mask))), values(expected));
    }
}

#[test]
fn settings_out_of_their_limits_are_named() {
    let device = &devices()[0];
    let plain = LorentzLinearConfig::new(6, 6);
    let cases = [
        (
            LorentzLinearConfig {
                d_input: 1,
                ..plain
            },
            "`d_input` is 1",
        ),
        (
            LorentzLinearConfig {
                d_output: 0,
                ..plain
            },
            "`d_output` is 0",
        ),
        (
            LorentzLinearConfig {
                input_heads: 4,
                ..plain
            },
            "`input_heads` is 4",
        ),
        (
            LorentzLinearConfig {
                output_heads: 6,
                ..plain
            },
            "`output_heads` is 6",
        ),
        (
            LorentzLinearConfig {
                scale: f64::NAN,
                ..plain
            },
            "`scale` is NaN",
        ),
        (
            LorentzLinearConfig {
                scale: 2e12,
                ..plain
            },
            "must be at most 1e12",
        ),
        (
            LorentzLinearConfig {
                parity: Some(Parity::Mt),
                curvature: Curvature::from_k(4.0).unwrap(),
                ..plain
            },
            "but k is 4",
        ),
    ];
    for (config, text) in cases {
        let error = config.init(Seed::new(0), device).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
    let error = |result: crate::Result<()>| result.unwrap_err().to_string();
    let seed = Seed::new(0);
    assert!(
        error(TimeFromSpaceConfig::new(3, 1).init(seed, device).map(drop)).contains("d_output")
    );
    assert!(error(TangentLinearConfig::new(1, 3).init(seed, device).map(drop)).contains("d_input"));
    let head = HyperplaneConfig::new(3, 0).init_head(seed, device);
    assert!(error(head.map(drop)).contains("hyperplanes"));
    let embedding = LorentzEmbeddingConfig {
        distance: 0.0,
        ..LorentzEmbeddingConfig::new(3, 3)
    };
    assert!(error(embedding.init(seed, device).map(drop)).contains("distance"));
    let transformer = TransformerConfig {
        dropout: 1.0,
        ..TransformerConfig::new(8, 2, 1)
    };
    assert!(error(transformer.init_encoder(seed, device).map(drop)).contains("dropout"));
}

/// s = W x with W = (1 2 0; 0 0 3) as rows, x = (√k, 1, 2), from k = 1 to 4.
#[test]
fn the_time_comes_from_the_space_in_the_new_curvature() {
    for device in devices() {
        let config = TimeFromSpaceConfig {
            bias: false,
            output_curvature: Curvature::from_k(4.0).unwrap(),
            ..TimeFromSpaceConfig::new(3, 3)
        };
        let mut layer = config.init(Seed::new(0), &device).unwrap();
        let weight = tensor(&[1.0, 0.0, 2.0, 0.0, 0.0, 3.0], [3, 2], &device, DType::F64);
        layer.linear.weight = Param::from_tensor(weight);
        let y = layer.forward(tensor(&[1.0, 1.0, 2.0], [1, 3], &device, DType::F64));
        let expected = [(4.0_f64 * 46.0).sqrt(), 6.0, 12.0];
        assert!(gap(y, tensor(&expected, [1, 3], &device, DType::F64)) < 1e-12);
        assert_eq!(layer.curvature().k(), 4.0);
    }
}

/// A tangent layer moves along a geodesic from the origin by its factor; its bias is a shift from
/// there. Without the bias it fixes the origin, which no boost does.
#[test]
fn tangent_layers_fix_the_origin() {
    everywhere(|device, dtype, curvature| {
        let config = TangentLinearConfig {
            curvature,
            ..TangentLinearConfig::new(4, 3)
        };
        let mut layer = cast(config.init(Seed::new(3), device).unwrap(), dtype);
        let start: Tensor<2> = origin([1, 4], curvature, device, dtype);
        let end: Tensor<2> = origin([1, 3], curvature, device, dtype);
        assert!(gap(layer.forward(start.clone()), end.clone()) < 1e-7);

        let weight = [2.0, 0.0, 0.0, 1.0, 0.0, 0.0];
        layer.weight = Param::from_tensor(tensor(&weight, [3, 2], device, dtype));
        let at = |x: &[f64]| {
            let x = tensor(x, [1, x.len()], device, dtype);
            exp_origin(origin_tangent(x), curvature)
        };
        let y = layer.forward(at(&[0.3, 0.4, 0.5]));
        assert!(gap(y, at(&[0.6, 0.4])) < 1e-6);

        let bias = tensor(&[0.3, -0.4], [2], device, dtype);
        layer.bias = Some(Param::from_tensor(bias));
        assert!(gap(layer.forward(start), at(&[0.3, -0.4])) < 1e-6);
        let moved = layer.forward(at(&[0.3, 0.4, 0.5]));
        let apart = values(distance(moved, at(&[0.6, 0.4]), curvature))[0];
        assert!((apart - 0.5).abs() < 1e-5, "{apart}");
    });
}

/// Points on the geodesic along u at distance r from the origin are |u| (r − b) from the hyperplane, in
/// the head's units, and √k |u| sinh((r − b)/√k) in the layer's.
#[test]
fn scores_are_signed_distances_to_hyperplanes() {
    everywhere(|device, dtype, curvature| {
        let config = HyperplaneConfig {
            curvature,
            ..HyperplaneConfig::new(3, 2)
        };
        let bias = [0.5, -0.25];
        let normal = [3.0, 0.0, 4.0, 2.0];
        let mut head = cast(config.init_head(Seed::new(0), device).unwrap(), dtype);
        head.hyperplanes.normal = Param::from_tensor(tensor(&normal, [2, 2], device, dtype));
        head.hyperplanes.bias = Param::from_tensor(tensor(&bias, [2], device, dtype));
        let mut layer = cast(config.init(None, Seed::new(0), device).unwrap(), dtype);
        layer.hyperplanes = head.hyperplanes.clone();
        for r in [0.0, 0.5, 2.0] {
            let along = [0.6 * r, 0.8 * r, 0.0, r];
            let x = exp_origin(
                origin_tangent(tensor(&along, [2, 2], device, dtype)),
                curvature,
            );
            let score = values(head.forward(x.clone()));
            let expected = [5.0 * (r - 0.5), 2.0 * (r + 0.25)];
            assert!((score[0] - expected[0]).abs() < 1e-5, "{score:?}");
            assert!((score[3] - expected[1]).abs() < 1e-5, "{score:?}");
            let y = layer.forward(x);
            let unit = curvature.radius();
            let sine = |length: f64, d: f64| unit * length * (d / unit).sinh();
            let s = values(space(y.clone()));
            let expected = [sine(5.0, r - 0.5), sine(2.0, r + 0.25)];
            assert!(
                (s[0] / expected[0].max(1e-9) - 1.0).abs() < 1e-5
                    || (s[0] - expected[0]).abs() < 1e-5
            );
            assert!((s[3] - expected[1]).abs() < 1e-5 * (1.0 + expected[1].abs()));
            assert_eq!(values(y.clone()), values(lift(space(y.clone()), curvature)));
            assert_eq!(time(y).dims(), [2, 1]);
        }
    });
}

#[test]
fn residuals_lie_between() {
    everywhere(|device, dtype, curvature| {
        let x = points(5, 3, 2.0, curvature, 1, (device, dtype));
        let y = points(5, 3, 2.0, curvature, 2, (device, dtype));
        let mut residual = cast(CentroidResidual::new(curvature, device), dtype);
        let middle = residual.forward(x.clone(), y.clone());
        on_manifold(middle.clone(), curvature);
        let from = distance(middle.clone(), x.clone(), curvature);
        assert!(gap(from, distance(middle, y.clone(), curvature)) < 1e-4);
        residual.mix_bias = Param::from_tensor(tensor(&[40.0], [1], device, dtype));
        assert!(gap(residual.forward(x, y.clone()), y) < 1e-6);
    });
}
