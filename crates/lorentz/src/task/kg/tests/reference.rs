//! The closed forms against burn's automatic differentiation, the crate's layer and differences.

use burn::module::Param;
use burn::tensor::{Tensor, TensorData};
use plm_core::rng::Seed;

use super::super::gradients::Gradients;
use super::super::layer::Layer;
use super::*;
use crate::nn::{LorentzLinearConfig, Parity};
use crate::task::kg::{CompletionLearner, CompletionModel, DeviceLearner, HostLearner};
use crate::testing::{devices, gap_of};

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// Gradients of both ways, and the loss.
fn gradients<T: Real>(config: &CompletionConfig, batch: &Batch) -> (f64, [Vec<f64>; 5]) {
    let tables = tables::<T>(config, 3);
    let mut gradients = Gradients::default();
    // Twice, so that what an earlier batch left behind would show.
    gradients.compute(&tables, &super::batch(&graph(9), config, 5));
    let loss = gradients.compute(&tables, batch);
    let d = config.d_model;
    for entity in 0..ENTITIES {
        if !gradients.touches(entity) {
            gradients.entities[entity * d..][..d].fill(T::zero());
        }
    }
    let parts = [
        &gradients.entities,
        &gradients.relation_weights,
        &gradients.relation_biases,
        &gradients.head_biases,
        &gradients.tail_biases,
    ];
    let square = gradients.square(d);
    let parts = parts.map(|part| part.iter().map(|x| x.widen()).collect::<Vec<f64>>());
    let expected: f64 = parts.iter().flatten().map(|x| x * x).sum();
    assert!((square / expected - 1.0).abs() < 1e-5);
    (loss, parts)
}

fn closed_form_is_automatic<T: Real>(tolerance: f64) {
    let config = config(EntityGeometry::Lorentz);
    let batch = batch(&graph(2), &config, 1);
    let (loss, found) = gradients::<T>(&config, &batch);
    for device in devices() {
        let device = device.autodiff();
        let model = CompletionModel::from_tables(&tables::<T>(&config, 3), &device).unwrap();
        let expected = model.loss(&batch);
        let gap = (numbers(expected.clone())[0] / loss - 1.0).abs();
        assert!(gap < tolerance, "{gap:e}");
        let grads = expected.backward();
        let expected = [
            numbers(model.entities.val().grad(&grads).unwrap()),
            numbers(model.relation_weights.val().grad(&grads).unwrap()),
            numbers(model.relation_biases.val().grad(&grads).unwrap()),
            numbers(model.head_bias.val().grad(&grads).unwrap()),
            numbers(model.tail_bias.val().grad(&grads).unwrap()),
        ];
        for (part, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let largest = expected.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
            assert!(largest > 1e-6);
            let scale = |part: &[f64]| part.iter().map(|x| x / largest).collect::<Vec<f64>>();
            let gap = gap_of(&scale(found), &scale(expected));
            assert!(gap < tolerance, "part {part}: {gap:e}");
        }
    }
}

#[test]
fn closed_form_gradients_are_those_of_automatic_differentiation() {
    closed_form_is_automatic::<f64>(1e-12);
    closed_form_is_automatic::<f32>(2e-5);
}

/// Central differences of the loss, for Euclidean space, which burn's module does not know.
#[test]
fn euclidean_gradients_are_those_of_differences() {
    let config = config(EntityGeometry::Euclidean);
    let batch = batch(&graph(2), &config, 1);
    let (_, found) = gradients::<f64>(&config, &batch);
    let start = tables::<f64>(&config, 3);
    let touched = batch.candidates()[1] as usize;
    let head = batch.triples()[0].head as usize;
    let relation = batch.triples()[0].relation as usize;
    let (d, h) = (config.d_model, 1e-5);
    for (part, places) in [
        (0, [touched * d, head * d + 3]),
        (1, [relation * d * d + 1, relation * d * d + d]),
        (2, [relation * d, relation * d + 2]),
        (3, [head, head]),
        (4, [touched, batch.triples()[0].tail as usize]),
    ] {
        for place in places {
            let loss = |shift: f64| {
                let mut tables = start.clone();
                let table = match part {
                    0 => &mut tables.entities,
                    1 => &mut tables.relation_weights,
                    2 => &mut tables.relation_biases,
                    3 => &mut tables.head_biases,
                    _ => &mut tables.tail_biases,
                };
                table[place] += shift;
                Gradients::default().compute(&tables, &batch)
            };
            let slope = (loss(h) - loss(-h)) / (2.0 * h);
            let gap = (found[part][place] - slope).abs();
            assert!(
                slope != 0.0 && gap < 1e-9,
                "{part} {place}: {slope} {gap:e}"
            );
        }
    }
}

fn steps_agree<T: Real>(tolerance: f64) {
    let mut config = config(EntityGeometry::Lorentz);
    // Both bounds act, and the clip in one of the runs: the first step of Adam is as long as the rate, and
    // entities start at a norm of sinh 1 = 1.175.
    config.learning_rate = 0.05;
    config.max_step = 0.04;
    config.max_space_norm = 1.2;
    for clip in [None, Some(0.01)] {
        config.clip = clip;
        let graph = graph(2);
        let start = tables::<T>(&config, 3);
        let mut host = HostLearner::new(config, start.clone()).unwrap();
        let device = devices().swap_remove(0);
        let mut device = DeviceLearner::new(config, &start, &device).unwrap();
        for seed in 0..6 {
            let batch = batch(&graph, &config, seed);
            let losses = [host.step(&batch).unwrap(), device.step(&batch).unwrap()];
            assert!(
                (losses[0] / losses[1] - 1.0).abs() < tolerance,
                "{losses:?}"
            );
        }
        let found = all(&host.tables().unwrap());
        let expected = all(&device.model().to_tables::<f64>().unwrap());
        for ((found, expected), start) in found.iter().zip(&expected).zip(&all(&start)) {
            assert!(gap_of(found, start) > 0.01);
            let gap = gap_of(found, expected);
            assert!(gap < tolerance, "{gap:e}");
        }
        for loose in [
            CompletionConfig {
                max_step: 1.5,
                ..config
            },
            CompletionConfig {
                max_space_norm: 1.5,
                ..config
            },
        ] {
            let mut host = HostLearner::new(loose, start.clone()).unwrap();
            for seed in 0..6 {
                host.step(&batch(&graph, &loose, seed)).unwrap();
            }
            let [free, ..] = all(&host.tables().unwrap());
            assert!(gap_of(&free, &found[0]) > 1e-3);
        }
    }
}

/// Times of −200 and below, whose e^200 single precision lacks: no gradient is lost to it.
#[test]
fn far_times_have_finite_gradients() {
    let config = config(EntityGeometry::Lorentz);
    let batch = batch(&graph(2), &config, 1);
    let d = config.d_model;
    let mut tables = tables::<f32>(&config, 3);
    for weights in tables.relation_weights.chunks_mut(d * d) {
        weights[..d].fill(0.0);
        weights[0] = -200.0;
    }
    for device in devices() {
        let model = CompletionModel::from_tables(&tables, &device.autodiff()).unwrap();
        let grads = model.loss(&batch).backward();
        for slopes in [
            numbers(model.entities.val().grad(&grads).unwrap()),
            numbers(model.relation_weights.val().grad(&grads).unwrap()),
        ] {
            assert!(slopes.iter().all(|slope| slope.is_finite()));
            assert!(slopes.iter().any(|slope| *slope != 0.0));
        }
    }
}

#[test]
fn both_learners_take_the_same_steps() {
    steps_agree::<f64>(1e-9);
    steps_agree::<f32>(2e-3);
}

/// The crate's layer with a bias of space alone, and the authors' variant.
#[test]
fn the_map_is_the_lorentz_linear_layer() {
    let config = config(EntityGeometry::Lorentz);
    let tables = tables::<f64>(&config, 4);
    let d = config.d_model;
    let points = &tables.entities[..10 * d];
    for (device, (parity, tolerance)) in devices()
        .into_iter()
        .flat_map(|device| [(None, 1e-13), (Some(Parity::Kg), 1e-4)].map(|p| (device.clone(), p)))
    {
        let double = |values: &[f64], shape: [usize; 2]| -> Tensor<2> {
            let data = TensorData::new(values.to_vec(), shape);
            Tensor::from_data(data, (&device, burn::tensor::DType::F64))
        };
        let mut layer = LorentzLinearConfig {
            scale: config.scale,
            parity,
            ..LorentzLinearConfig::new(d, d)
        }
        .init(Seed::new(1), &device)
        .unwrap();
        let mut bias = tables.relation_biases[..d].to_vec();
        bias[0] = 0.0;
        let weights = &tables.relation_weights[..d * d];
        layer.linear.weight = Param::from_tensor(double(weights, [d, d]).transpose());
        layer.linear.bias = Some(Param::from_tensor(double(&bias, [1, d]).reshape([d])));
        layer.log_scale = Param::from_tensor(double(&[config.scale.ln()], [1, 1]).reshape([1]));
        let expected = numbers(layer.forward(double(points, [10, d]), None));
        let mut found = Vec::new();
        for x in points.chunks(d) {
            let mut z: Vec<f64> = (weights.chunks(d))
                .map(|row| row.iter().zip(x).map(|(a, b)| a * b).sum())
                .collect();
            let mut point = vec![0.0; d];
            Layer::of(&tables).forward(&mut z, &tables.relation_biases[..d], &mut point);
            found.extend(point);
        }
        let gap = gap_of(&found, &expected);
        assert!(gap < tolerance, "{parity:?} {gap:e}");
    }
}

/// √6 / 12, of weights of the input's time too; of 144 weights the largest is near the bound.
#[test]
fn the_authors_variant_starts_within_its_bound() {
    let config = LorentzLinearConfig {
        parity: Some(Parity::Kg),
        ..LorentzLinearConfig::new(12, 12)
    };
    let layer = config.init(Seed::new(7), &devices()[0]).unwrap();
    let weights = numbers(layer.linear.weight.val());
    let bound = 6.0_f64.sqrt() / 12.0;
    let largest = weights.iter().fold(0.0_f64, |most, w| most.max(w.abs()));
    assert!(
        (0.9 * bound..1.000_001 * bound).contains(&largest),
        "{largest}"
    );
    assert!(weights[..12].iter().all(|w| *w != 0.0));
}
