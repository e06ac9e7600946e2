//! Whole models: conversion, budgets, errors.

use std::collections::BTreeMap;

use burn::module::Param;
use burn::tensor::{DType, FloatDType};
use plm_core::kernel::Activation;
use plm_core::models::EncoderInput;
use plm_core::nn::FeedForward;
use plm_core::rng::Seed;
use plm_moe::calibrate::{ClosedForm, fit_outputs};
use plm_moe::exec::Planner;
use plm_moe::quality::capture;
use plm_moe::{
    Activity, Capture, Coactivation, ContributionRouterConfig, Error, ExpertLoad,
    FeedForwards as _, FfnInputs, Fill, LayerId, MoeConfig, MoeLayer, Policy, RouterKind,
    SharedPlanner, SparseFfn, convert, expert_contributions, expert_selection, flops, share_out,
    share_out_operations, with_experts, with_sparse_experts,
};

use super::support::{
    LAYERS, WIDTH, assert_close, captured, classifier, config, devices, ids, layer, numbers, rows,
    tolerance,
};

#[test]
fn a_model_is_converted_layer_by_layer() {
    for (name, device) in devices() {
        let model = classifier(&device).model;
        let capture = captured(&model, &device);
        let mut seen = Vec::new();
        let converted = convert(model.clone(), &capture, &config(), |id, layer| {
            seen.push((id, layer.partition.experts()));
        })
        .unwrap();
        let both: Vec<_> = (0..LAYERS).map(|i| (LayerId::encoder(i), 8)).collect();
        assert_eq!(seen, both);
        let input = EncoderInput::ids(ids(3, 6, &device));
        let (_, some) = converted.model.forward(&input);
        let mut all = converted.layers.clone();
        for layer in all.values_mut() {
            assert_eq!(layer.policy, Policy::TopK(4));
            layer.policy = Policy::All;
        }
        let (_, dense) = model.forward(&input);
        let (_, every) = with_experts(model.clone(), &all).forward(&input);
        let (dense, some) = (numbers(dense), numbers(some));
        assert_close(&numbers(every), &dense, 10.0 * tolerance(name), name);
        assert_ne!(some, dense, "half of the experts changed nothing");
        if tolerance(name) <= 1e-5 {
            let planner = SharedPlanner::new(Planner {
                dense: false,
                ..Planner::default()
            });
            let fast = with_sparse_experts(model, &converted.layers, &planner).unwrap();
            let (_, fast) = fast.forward(&input);
            assert_close(&numbers(fast), &some, 1e-4, name);
        }
    }
}

#[test]
fn fills_follow_the_activation() {
    let config = MoeConfig::default();
    assert_eq!(config.fill(Activation::Relu), Fill::Zero);
    assert_eq!(config.fill(Activation::Gelu), Fill::Mean);
    let (_, device) = devices().remove(0);
    let inputs = rows(120, 1);
    let config = MoeConfig {
        expert_size: 4,
        router: RouterKind::Groundtruth,
        share: 0.25,
        ..config
    };
    let gelu = layer(Activation::Gelu, false, &device);
    let converted = MoeLayer::convert(&gelu, &inputs, &config, Seed::new(0)).unwrap();
    let mean = converted.mean.unwrap();
    // The means over the nine tenths that everything is fitted to, from the layer's own values.
    let x = burn::tensor::Tensor::<1>::from_data(&inputs.rows[..108 * WIDTH], &device);
    let x = x.reshape([108, WIDTH]);
    let hidden = plm_core::nn::apply_activated(&converted.ffn.inner, x, Activation::Gelu);
    assert_close(&mean, &numbers(hidden.mean_dim(0)), 1e-5, "means");
}

/// What the layers of a classifier on the first device read, and these layers converted.
fn converted(config: &MoeConfig) -> (Capture, BTreeMap<LayerId, MoeLayer>) {
    let (_, device) = devices().remove(0);
    let model = classifier(&device).model;
    let capture = captured(&model, &device);
    let converted = convert(model, &capture, config, |_, _| ()).unwrap();
    (capture, converted.layers)
}

/// How many experts a token of `layer` gets.
fn chosen(layer: &MoeLayer) -> usize {
    match layer.policy {
        Policy::TopK(k) => k,
        other => panic!("{other:?}"),
    }
}

#[test]
fn budgets_are_kept() {
    let (capture, mut layers) = converted(&config());
    share_out(&mut layers, &capture, 0.5).unwrap();
    let chosen: Vec<usize> = layers.values().map(chosen).collect();
    assert_eq!(chosen.iter().sum::<usize>(), 8, "{chosen:?}");
    let id = LayerId::encoder(0);
    let selection = expert_selection(&layers[&id], capture.layer(id).unwrap()).unwrap();
    let load = ExpertLoad::of(&selection);
    assert_eq!(load.counts.iter().sum::<u64>(), 240 * chosen[0] as u64);
    assert!(share_out(&mut layers, &capture, 0.0).is_err());
}

#[test]
fn budgets_of_operations_count_routers() {
    let (capture, mut layers) = converted(&config());
    // Similarity: 2 d E operations of 4 d F, with eight experts of 32 neurons an eighth.
    for layer in layers.values() {
        assert_eq!(flops::router(layer), 2.0 * (WIDTH * 8) as f64);
    }
    share_out_operations(&mut layers, &capture, 0.625).unwrap();
    // Half of the neurons are left.
    assert_eq!(layers.values().map(chosen).sum::<usize>(), 8);
    for ratio in [0.125, 0.0, -1.0, 1.1, f64::NAN] {
        let error = share_out_operations(&mut layers, &capture, ratio);
        assert!(matches!(error, Err(Error::Setting { name: "ratio", .. })));
    }
}

#[test]
fn neurons_of_one_expert_are_active_together() {
    let (capture, layers) = converted(&config());
    for (id, layer) in &layers {
        let inputs = capture.layer(*id).unwrap();
        let found = Coactivation::of(layer, inputs).unwrap();
        // By the definition, from the values of all neurons.
        let hidden = hidden(layer, inputs);
        let (experts, size) = (layer.partition.experts(), layer.partition.expert_size());
        let rate = |a: usize, b: usize| {
            let both = hidden.iter().filter(|row| row[a] > 0.0 && row[b] > 0.0);
            both.count() as f64 / hidden.len() as f64
        };
        for (e, row) in found.rates().enumerate() {
            for (f, &found) in row.iter().enumerate() {
                let pairs: Vec<f64> = (e * size..(e + 1) * size)
                    .flat_map(|a| (f * size..(f + 1) * size).map(move |b| (a, b)))
                    .filter(|(a, b)| a != b)
                    .map(|(a, b)| rate(a, b))
                    .collect();
                let expected = pairs.iter().sum::<f64>() / pairs.len() as f64;
                assert!((found - expected).abs() < 1e-9, "{e} {f}");
            }
        }
        assert_eq!(found.rates().count(), experts);
    }
    let empty = FfnInputs {
        width: WIDTH,
        rows: Vec::new(),
    };
    let layer = &layers[&LayerId::encoder(0)];
    assert!(matches!(
        Coactivation::of(layer, &empty),
        Err(Error::NoTokens { .. })
    ));
}

/// The values of a layer's neurons after ReLU, one row a token.
fn hidden(layer: &MoeLayer, inputs: &FfnInputs) -> Vec<Vec<f32>> {
    let weights = numbers(layer.ffn.inner.weight.val());
    let bias = layer
        .ffn
        .inner
        .bias
        .as_ref()
        .map(|bias| numbers(bias.val()));
    let neurons = layer.partition.neurons();
    inputs
        .rows
        .chunks_exact(WIDTH)
        .map(|x| {
            (0..neurons)
                .map(|neuron| {
                    let sum: f32 = (x.iter().enumerate())
                        .map(|(place, x)| x * weights[place * neurons + neuron])
                        .sum();
                    sum + bias.as_ref().map_or(0.0, |bias| bias[neuron])
                })
                .collect()
        })
        .collect()
}

#[test]
fn shared_experts_capture_at_least_as_much_as_even_ones() {
    // By the true contributions, each further expert of a token adds less: then the shares that are
    // chosen step by step are the best ones.
    let (inputs, mut layers) = converted(&MoeConfig {
        router: RouterKind::Groundtruth,
        ..config()
    });
    let mean = |layers: &BTreeMap<LayerId, MoeLayer>| -> f64 {
        let captured = layers.iter().map(|(id, layer)| {
            let own = expert_contributions(layer, inputs.layer(*id).unwrap()).unwrap();
            capture(&own, &own, layer.partition.experts(), chosen(layer)).unwrap()
        });
        captured.sum::<f64>() / layers.len() as f64
    };
    for layer in layers.values() {
        assert_eq!(layer.policy, Policy::TopK(4));
    }
    let even = mean(&layers);
    share_out(&mut layers, &inputs, 0.5).unwrap();
    let shared = mean(&layers);
    assert!(shared >= even - 1e-9, "{shared}, evenly {even}");
}

#[test]
fn inputs_that_do_not_fit_are_refused_everywhere() {
    let (_, device) = devices().remove(0);
    let dense = layer(Activation::Relu, false, &device);
    let good = rows(50, 1);
    let layer = MoeLayer::convert(&dense, &good, &config(), Seed::new(0)).unwrap();
    let errors = |bad: &FfnInputs| {
        let seed = Seed::new(0);
        let partition = layer.partition.clone();
        let ridge = ClosedForm::default();
        [
            MoeLayer::convert(&dense, bad, &config(), seed).err(),
            MoeLayer::with_partition(&dense, partition, bad, &config(), seed).err(),
            layer.clone().refit(bad, config().router, seed).err(),
            fit_outputs(&mut layer.clone(), bad, &ridge).err(),
            Activity::of(&dense, bad).err(),
            expert_selection(&layer, bad).err(),
            expert_contributions(&layer, bad).err(),
        ]
    };
    for (width, count) in [(WIDTH, 3 * WIDTH + 1), (WIDTH + 1, 3 * WIDTH + 3), (0, 4)] {
        let rows = vec![0.5; count];
        for error in errors(&FfnInputs { width, rows }) {
            assert!(matches!(error, Some(Error::Size { .. })), "{error:?}");
        }
    }
    let mut bad = good.clone();
    bad.rows[2 * WIDTH + 3] = f32::NAN;
    for error in errors(&bad) {
        assert!(
            matches!(
                error,
                Some(Error::NotFinite {
                    row: 2,
                    column: 3,
                    ..
                })
            ),
            "{error:?}"
        );
    }
    let planner = SharedPlanner::new(Planner::default());
    for router in [
        RouterKind::Random,
        config().router,
        RouterKind::Contribution(ContributionRouterConfig {
            epochs: 0,
            ..ContributionRouterConfig::default()
        }),
    ] {
        let mut layer = layer.clone();
        layer.refit(&good, router, Seed::new(0)).unwrap();
        let fast = SparseFfn::new(&layer, &planner).unwrap();
        let error = fast.run(&[0.5; WIDTH + 1]);
        assert!(matches!(error, Err(Error::Size { .. })), "{router:?}");
    }
}

#[test]
fn mistakes_are_named() {
    let (_, device) = devices().remove(0);
    let dense = layer(Activation::Relu, false, &device);
    let inputs = rows(50, 1);
    let try_with = |config: MoeConfig, inputs: &FfnInputs| {
        MoeLayer::convert(&dense, inputs, &config, Seed::new(0)).unwrap_err()
    };
    let sizes = |expert_size| {
        try_with(
            MoeConfig {
                expert_size,
                ..config()
            },
            &inputs,
        )
    };
    assert!(matches!(
        sizes(5),
        Error::NotDivisible {
            neurons: 32,
            expert_size: 5
        }
    ));
    assert!(matches!(sizes(0), Error::NotDivisible { .. }));
    for share in [0.0, -1.0, 1.5, f64::NAN] {
        let error = try_with(MoeConfig { share, ..config() }, &inputs);
        assert!(
            matches!(error, Error::Setting { name: "share", .. }),
            "{error}"
        );
    }
    let narrow = FfnInputs {
        width: 3,
        rows: vec![0.0; 9],
    };
    assert!(matches!(try_with(config(), &narrow), Error::Size { .. }));
    let none = FfnInputs {
        width: WIDTH,
        rows: Vec::new(),
    };
    assert!(matches!(try_with(config(), &none), Error::NoTokens { .. }));
    let capture = Capture::new(10);
    let model = classifier(&device).model;
    let missing = convert(model.clone(), &capture, &config(), |_, _| ());
    assert!(matches!(missing, Err(Error::NoTokens { .. })));
    let mut bad = dense.clone();
    bad.inner.weight = bad.inner.weight.map(|weight| weight.mul_scalar(f32::NAN));
    let error = MoeLayer::convert(&bad, &inputs, &config(), Seed::new(0)).unwrap_err();
    assert!(error.to_string().contains("W_in"), "{error}");
    assert_eq!(model.ffns().len(), LAYERS);
}

#[test]
fn weights_of_another_number_type_are_refused() {
    let (_, device) = devices().remove(0);
    if !device.supports_dtype(DType::BF16) {
        return;
    }
    let dense = layer(Activation::Relu, false, &device);
    let inputs = rows(50, 1);
    let converted = MoeLayer::convert(&dense, &inputs, &config(), Seed::new(0)).unwrap();
    let half = |mut ffn: FeedForward| {
        for linear in [&mut ffn.inner, &mut ffn.outer] {
            let weight = linear.weight.val().cast(FloatDType::BF16);
            linear.weight = Param::from_tensor(weight);
        }
        ffn
    };
    let dense = half(dense);
    let mut tuned = converted.clone();
    tuned.ffn = half(tuned.ffn);
    let (partition, seed) = (converted.partition, Seed::new(0));
    for error in [
        MoeLayer::convert(&dense, &inputs, &config(), seed).err(),
        MoeLayer::with_partition(&dense, partition, &inputs, &config(), seed).err(),
        tuned.clone().refit(&inputs, config().router, seed).err(),
        fit_outputs(&mut tuned, &inputs, &ClosedForm::default()).err(),
        Activity::of(&dense, &inputs).err(),
        expert_contributions(&tuned, &inputs).err(),
    ] {
        let error = error.unwrap().to_string();
        assert!(error.contains("weights = bf16"), "{error}");
    }
}
