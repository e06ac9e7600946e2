//! One layer of experts: the hand-worked example, agreement of its forms, gradients.

use burn::module::Module as _;
use burn::tensor::{DType, FloatDType, Tensor, TensorData};
use plm_core::kernel::Activation;
use plm_core::nn::FeedForward;
use plm_core::rng::Seed;
use plm_core::train::Gradients;
use plm_moe::calibrate::{Trainable, freeze_but};
use plm_moe::exec::{Path, Planner};
use plm_moe::{
    Contribution, ContributionRouterConfig, FfnInputs, FfnWeights, Fill, Metric, MlpRouterConfig,
    MoeConfig, MoeFfn, MoeLayer, NoWeights, Partition, Policy, Router, RouterKind, SharedPlanner,
    SparseFfn, SplitKind,
};

use super::support::{
    NEURONS, WIDTH, assert_close, devices, forward, layer, numbers, rows, run, tolerance,
};

/// The layer of four neurons whose values can be worked out by hand.
fn toy(device: &burn::tensor::Device) -> FeedForward {
    FfnWeights {
        hidden_size: 2,
        neurons: 4,
        w_in: vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0, -1.0, 1.0],
        b_in: None,
        w_gate: None,
        b_gate: None,
        w_out: vec![1.0, 0.0, 0.0, 1.0, 1.0, -1.0, 5.0, 5.0],
        b_out: None,
        activation: Activation::Relu,
    }
    .to_feed_forward(device)
}

#[test]
fn the_layer_worked_by_hand() {
    for (name, device) in devices() {
        let weights = FfnWeights::read(&toy(&device)).unwrap();
        let partition = Partition::new(&[0, 1, 0, 1], 2).unwrap();
        let inputs = FfnInputs {
            width: 2,
            rows: vec![2.0, 1.0],
        };
        let experts = |k| MoeFfn {
            ffn: weights.permuted(&partition).to_feed_forward(&device),
            router: Router::Groundtruth(NoWeights::default()),
            mean: None,
            experts: 2,
            policy: Policy::TopK(k),
            contribution: Contribution::Positive,
        };
        let what = |k| format!("k = {k} on {name}");
        let t = tolerance(name);
        assert_close(
            &run(&experts(1), &inputs, &device),
            &[5.0, -3.0],
            t,
            &what(1),
        );
        assert_close(
            &run(&experts(2), &inputs, &device),
            &[5.0, -2.0],
            t,
            &what(2),
        );
    }
}

fn configurations() -> Vec<MoeConfig> {
    let base = MoeConfig {
        expert_size: 4,
        share: 0.375,
        ..MoeConfig::default()
    };
    let router = |router| MoeConfig { router, ..base };
    vec![
        router(RouterKind::Groundtruth),
        router(RouterKind::Random),
        router(RouterKind::Similarity(Metric::Cosine)),
        router(RouterKind::Similarity(Metric::Euclidean)),
        router(RouterKind::Representative),
        router(RouterKind::Mlp(MlpRouterConfig {
            epochs: 2,
            batch_size: 64,
            ..MlpRouterConfig::default()
        })),
        router(RouterKind::Contribution(ContributionRouterConfig {
            hidden_size: 8,
            epochs: 2,
            ..ContributionRouterConfig::default()
        })),
        MoeConfig {
            split: SplitKind::Coactivation,
            fill: Some(Fill::Zero),
            ..router(RouterKind::Groundtruth)
        },
        MoeConfig {
            split: SplitKind::Random,
            fill: Some(Fill::Mean),
            ..router(RouterKind::Similarity(Metric::Cosine))
        },
    ]
}

#[test]
fn all_experts_are_the_dense_layer() {
    for (name, device) in devices() {
        for (activation, gated) in [
            (Activation::Relu, false),
            (Activation::Gelu, false),
            (Activation::GeluTanh, true),
        ] {
            let dense = layer(activation, gated, &device);
            let inputs = rows(200, 1);
            let expected = run(&dense, &inputs, &device);
            for config in configurations() {
                let mut converted =
                    MoeLayer::convert(&dense, &inputs, &config, Seed::new(0)).unwrap();
                converted.policy = Policy::All;
                let what = format!("{activation:?}, gated {gated}, {config:?} on {name}");
                let masked = run(&converted.to_moe_ffn(), &inputs, &device);
                assert_close(&masked, &expected, tolerance(name), &what);
                let permuted = run(&converted.ffn, &inputs, &device);
                assert_close(&permuted, &expected, tolerance(name), &what);
            }
        }
    }
}

#[test]
fn the_fast_form_equals_the_masked_one_on_every_path() {
    for (name, device) in devices() {
        if tolerance(name) > 1e-5 {
            // Choices by rounded scores may differ; the fast form runs on the processor anyway.
            continue;
        }
        for (activation, gated) in [(Activation::Relu, false), (Activation::Silu, true)] {
            let dense = layer(activation, gated, &device);
            let inputs = rows(200, 2);
            for config in configurations() {
                let converted = MoeLayer::convert(&dense, &inputs, &config, Seed::new(0)).unwrap();
                for tokens in [1, 3, 40] {
                    let few = FfnInputs {
                        width: WIDTH,
                        rows: inputs.rows[..tokens * WIDTH].to_vec(),
                    };
                    let expected = run(&converted.to_moe_ffn(), &few, &device);
                    for path in Path::ALL {
                        let planner = SharedPlanner::new(Planner::fixed(path));
                        let fast = SparseFfn::new(&converted, &planner).unwrap();
                        let what = format!("{path:?}, {tokens} tokens, {config:?} on {name}");
                        assert_close(&run(&fast, &few, &device), &expected, 2e-5, &what);
                    }
                    let planner = SharedPlanner::new(Planner::fixed(Path::Dense));
                    let fast = SparseFfn::new(&converted, &planner).unwrap();
                    let expected = run(&dense, &few, &device);
                    let what = format!("dense, {tokens} tokens, {config:?} on {name}");
                    assert_close(&run(&fast, &few, &device), &expected, 2e-5, &what);
                }
            }
        }
    }
}

#[test]
fn planners_measure_each_situation_once() {
    let (_, device) = devices().remove(0);
    let dense = layer(Activation::Relu, false, &device);
    let inputs = rows(200, 3);
    let config = configurations()[2];
    let converted = MoeLayer::convert(&dense, &inputs, &config, Seed::new(0)).unwrap();
    let planner = SharedPlanner::new(Planner::default());
    let fast = SparseFfn::new(&converted, &planner).unwrap();
    for _ in 0..3 {
        run(&fast, &inputs, &device);
    }
    assert_eq!(planner.snapshot().decisions.len(), 1);
    run(&fast, &rows(1, 4), &device);
    assert_eq!(planner.snapshot().decisions.len(), 2);
}

#[test]
#[should_panic(expected = "no gradients")]
fn the_fast_form_refuses_devices_with_gradients() {
    let (_, device) = devices().remove(0);
    let dense = layer(Activation::Relu, false, &device);
    let config = configurations()[2];
    let converted = MoeLayer::convert(&dense, &rows(200, 3), &config, Seed::new(0)).unwrap();
    let fast = SparseFfn::new(&converted, &SharedPlanner::default()).unwrap();
    forward(&fast, Tensor::zeros([1, 2, WIDTH], &device.autodiff()));
}

#[test]
#[should_panic(expected = "another model's")]
fn the_fast_form_refuses_inputs_of_another_width() {
    let (_, device) = devices().remove(0);
    let dense = layer(Activation::Relu, false, &device);
    let config = configurations()[2];
    let converted = MoeLayer::convert(&dense, &rows(200, 3), &config, Seed::new(0)).unwrap();
    let fast = SparseFfn::new(&converted, &SharedPlanner::default()).unwrap();
    // As many numbers as four rows of the layer's own width have.
    forward(&fast, Tensor::zeros([1, 2, 2 * WIDTH], &device));
}

#[test]
fn the_fast_form_answers_in_the_type_of_its_inputs() {
    let (_, device) = devices().remove(0);
    if !device.supports_dtype(DType::BF16) {
        return;
    }
    let dense = layer(Activation::Relu, false, &device);
    let inputs = rows(200, 3);
    let config = configurations()[2];
    let converted = MoeLayer::convert(&dense, &inputs, &config, Seed::new(0)).unwrap();
    let planner = SharedPlanner::new(Planner::fixed(Path::Dense));
    let fast = SparseFfn::new(&converted, &planner).unwrap();
    let x = TensorData::new(inputs.rows[..2 * WIDTH].to_vec(), [1, 2, WIDTH]);
    let x = Tensor::<3>::from_data(x, &device);
    let expected = forward(&fast, x.clone());
    assert_eq!(expected.dtype(), DType::F32);
    let found = forward(&fast, x.cast(FloatDType::BF16));
    assert_eq!(found.dtype(), DType::BF16);
    assert_close(&numbers(found), &numbers(expected), 0.05, "bf16");
}

// Named as in a model, whose layers hold their block as `ffn`.
#[derive(burn::module::Module, Debug)]
struct Layer {
    ffn: MoeFfn,
}

#[test]
fn only_output_matrices_are_trained() {
    for (name, device) in devices() {
        let dense = layer(Activation::Relu, false, &device);
        let inputs = rows(60, 5);
        for config in configurations() {
            let converted = MoeLayer::convert(&dense, &inputs, &config, Seed::new(0)).unwrap();
            let model = Layer {
                ffn: converted.to_moe_ffn(),
            };
            let plain = run(&model.ffn, &inputs, &device);
            let tracked = device.clone().autodiff();
            let model = freeze_but(model, Trainable::Outputs).train();
            let shape = [1, 60, WIDTH];
            let x = Tensor::from_data(TensorData::new(inputs.rows.clone(), shape), &tracked);
            let y = forward(&model.ffn, x);
            let what = format!("{config:?} on {name}");
            assert_close(&numbers(y.clone().inner()), &plain, tolerance(name), &what);
            let gradients = Gradients::of(&y.square().mean(), &model).unwrap();
            let mut paths: Vec<&str> = gradients.paths().collect();
            paths.sort_unstable();
            let expected = ["ffn.ffn.outer.bias", "ffn.ffn.outer.weight"];
            assert_eq!(paths, expected, "{what}");
            let gradient = gradients.get("ffn.ffn.outer.weight").unwrap();
            assert_eq!(gradient.len(), NEURONS * WIDTH);
            assert!(gradient.iter().any(|value| *value != 0.0), "{what}");
        }
    }
}
