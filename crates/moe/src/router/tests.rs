//! Reference numbers on the planted layer, and the loss of the trained router.

use std::cell::{Cell, RefCell};

use burn::module::{Module as _, Param};
use burn::tensor::{Device, Tensor};
use plm_core::kernel::Activation;
use plm_core::rng::Seed;
use plm_core::train::Gradients;

use super::train::{Labeled, Steps, Trainable as _, train};
use super::{
    CentroidRouter, ContributionRouter, ContributionRouterConfig, Metric, MlpRouter, RandomRouter,
};
use crate::generator::{EXPERTS, Planted, TOKENS, WIDTH, single};
use crate::host::{matrix, values};
use crate::quality::{capture, recall};
use crate::{Error, FfnWeights, Partition};

/// The planted layer with its neurons by planted expert, in the order of the labels, and the
/// experts' contributions to all tokens.
fn planted() -> (FfnWeights, Vec<f32>, Vec<f32>) {
    let planted = Planted::new();
    let partition = Partition::new(&planted.labels, EXPERTS).unwrap();
    let permutation = partition.permutation();
    let size = partition.expert_size();
    let hidden = planted.activations(TOKENS);
    let mut contributions = Vec::with_capacity(TOKENS * EXPERTS);
    for row in hidden.chunks_exact(permutation.len()) {
        for own in permutation.chunks_exact(size) {
            let sum: f64 = own.iter().map(|&neuron| row[neuron as usize]).sum();
            contributions.push(sum as f32);
        }
    }
    let weights = planted.weights(Activation::Relu).permuted(&partition);
    (weights, single(&planted.x), contributions)
}

#[test]
fn similarity_and_initial_router_on_the_planted_layer() {
    for name in plm_core::device::available() {
        let device = plm_core::device::parse(name).unwrap();
        let (weights, x, contributions) = planted();
        let x = matrix(&x, TOKENS, WIDTH, &device);
        let rows = weights.routing_rows();
        let means = |metric| {
            CentroidRouter::means(rows, WIDTH, EXPERTS, metric, &device)
                .unwrap()
                .forward(x.clone())
        };
        let initial = MlpRouter::initial(rows, WIDTH, EXPERTS, &device)
            .unwrap()
            .forward(x.clone());
        for (what, scores, expected) in [
            ("cosine", means(Metric::Cosine), [0.939_744, 0.988_159]),
            ("distance", means(Metric::Euclidean), [0.938_498, 0.971_924]),
            ("network", initial, [0.939_789, 0.989_014]),
        ] {
            let scores = values(scores);
            let found = [
                capture(&scores, &contributions, EXPERTS, 2).unwrap(),
                recall(&scores, &contributions, EXPERTS, 2).unwrap(),
            ];
            // The second and third scores of a token differ by 4.6e-5 or more, so that rounding to single
            // precision changes no choice; GPUs may multiply in tf32.
            let tolerance = match name {
                "flex" | "ndarray" => 1e-5,
                _ => 5e-3,
            };
            for (found, expected) in found.into_iter().zip(expected) {
                let gap = (found - expected).abs();
                assert!(
                    gap < tolerance,
                    "{what} on {name}: {found}, expected {expected}"
                );
            }
        }
    }
}

#[test]
fn random_choices_get_their_share_of_the_planted_layer() {
    let (_, x, contributions) = planted();
    let router = RandomRouter {
        experts: EXPERTS,
        seed: 5,
    };
    let scores = router.draw(&x, WIDTH);
    // Two of 16 experts are an eighth; the standard deviation of either mean is 0.0036.
    for found in [
        capture(&scores, &contributions, EXPERTS, 2).unwrap(),
        recall(&scores, &contributions, EXPERTS, 2).unwrap(),
    ] {
        assert!((found - 0.125).abs() < 0.016, "{found}");
    }
}

#[test]
fn random_choices_follow_the_row_and_the_seed() {
    let router = |seed| RandomRouter { experts: 5, seed };
    let rows: [f32; 8] = [0.3, -1.2, 0.8, 0.1, 1.5, -0.4, 0.2, 0.9];
    let [first, second] = [&rows[..4], &rows[4..]];
    let batch = [second, first, second].concat();
    let scores = router(1).draw(&batch, 4);
    let (own, other) = (router(1).draw(second, 4), router(1).draw(first, 4));
    assert_eq!(scores, [own.clone(), other.clone(), own.clone()].concat());
    assert_ne!(own, other);
    assert_ne!(own, router(2).draw(second, 4));
    // Rounding changes nothing.
    let rounded: Vec<f32> = second.iter().map(|value| value * 1.000_001).collect();
    assert_eq!(router(1).draw(&rounded, 4), own);
}

#[test]
fn similarity_and_first_neurons_by_hand() {
    for name in plm_core::device::available() {
        let device = plm_core::device::parse(name).unwrap();
        // Neurons (1, 0) and (1, 1) of the first expert, (0, 1) and (-1, 1) of the second.
        let rows = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0, -1.0, 1.0];
        let x = matrix(&[2.0, 1.0, -1.0, 2.0, 1.0, -3.0], 3, 2, &device);
        let similarity = CentroidRouter::means(&rows, 2, 2, Metric::Cosine, &device).unwrap();
        let first = CentroidRouter::first_neurons(&rows, 2, 2, &device);
        assert_eq!(values(first.centers.clone()), [1.0, 0.0, 0.0, 1.0]);
        for (what, router, expected) in [
            (
                "similarity",
                similarity,
                [
                    0.997_48, 0.070_89, -0.070_89, 0.997_48, -0.070_89, -0.997_48,
                ],
            ),
            // x over its length.
            (
                "first neurons",
                first,
                [0.894_43, 0.447_21, -0.447_21, 0.894_43, 0.316_23, -0.948_68],
            ),
        ] {
            let scores = values(router.forward(x.clone()));
            for (found, expected) in scores.iter().zip(expected) {
                let gap: f32 = found - expected;
                assert!(gap.abs() < 1e-3, "{what} on {name}: {found}, {expected}");
            }
            let picks: Vec<bool> = scores.chunks(2).map(|row| row[1] > row[0]).collect();
            assert_eq!(picks, [false, true, false], "{what} on {name}");
        }
    }
}

#[test]
fn training_lowers_the_error_of_predicted_sizes() {
    let device = plm_core::device::parse(plm_core::device::available()[0]).unwrap();
    let (width, experts, tokens) = (3, 2, 64);
    let rows: Vec<f32> = (0..tokens * width)
        .map(|i| (i as f32 * 1.7 + 0.7).sin())
        .collect();
    let sizes = |row: &[f32]| [row[0].max(0.0) + row[1].max(0.0), (-row[2]).max(0.0)];
    let data = Labeled {
        contributions: rows.chunks(width).flat_map(sizes).collect(),
        rows,
        width,
        experts,
    };
    let steps = Steps {
        lr: 0.01,
        epochs: 20,
        batch_size: 16,
        seed: Seed::new(1),
    };
    let config = ContributionRouterConfig {
        hidden_size: 16,
        ..ContributionRouterConfig::default()
    };
    let initial = ContributionRouter::initial(width, experts, &config, &device);
    let error = |router: &ContributionRouter| -> f64 {
        let x = matrix(&data.rows, tokens, width, &device);
        let targets = matrix(&data.contributions, tokens, experts, &device);
        let loss = ContributionRouter::loss(router.forward(x), targets);
        f64::from(loss.into_scalar::<f32>())
    };
    let before = error(&initial);
    let trained = train(initial, &data, &steps, &device, |router| Ok(-error(router))).unwrap();
    let after = error(&trained.router);
    assert!(after < 0.5 * before, "{before} before, {after} after");
}

/// A small router and what it is trained on.
fn small(device: &Device) -> (MlpRouter, Labeled, Steps) {
    let (width, experts, tokens) = (3, 2, 8);
    let wave = |count: usize, shift: f32| -> Vec<f32> {
        (0..count).map(|i| (i as f32 * 1.7 + shift).sin()).collect()
    };
    let data = Labeled {
        rows: wave(tokens * width, 0.7),
        contributions: wave(tokens * experts, 2.0)
            .iter()
            .map(|v| v.abs())
            .collect(),
        width,
        experts,
    };
    let steps = Steps {
        lr: 0.1,
        epochs: 3,
        batch_size: 4,
        seed: Seed::new(1),
    };
    let initial = MlpRouter::initial(&wave(4 * width, 0.3), width, experts, device).unwrap();
    (initial, data, steps)
}

#[test]
fn training_returns_the_router_of_the_best_epoch() {
    let device = plm_core::device::parse(plm_core::device::available()[0]).unwrap();
    let (initial, data, steps) = small(&device);
    // What is measured after each epoch is laid down, and which router it was is noted.
    let values_of = |router: &MlpRouter| [values(router.w1.val()), values(router.w2.val())];
    for (measures, best) in [
        ([0.5, 0.7, 0.6, 0.4], 1),
        ([0.8, 0.7, 0.8, 0.4], 0),
        ([0.1, 0.2, 0.3, 0.4], 3),
    ] {
        let seen = RefCell::new(Vec::new());
        let trained = train(initial.clone(), &data, &steps, &device, |router| {
            let mut seen = seen.borrow_mut();
            seen.push(values_of(router));
            Ok(measures[seen.len() - 1])
        })
        .unwrap();
        let seen = seen.into_inner();
        assert_eq!(trained.history, measures);
        assert_eq!(trained.best, best);
        for (epoch, router) in seen.iter().enumerate() {
            let same = *router == values_of(&trained.router);
            assert_eq!(same, epoch == best, "epoch {epoch}");
        }
    }
}

#[test]
fn scores_that_are_not_finite_end_the_training() {
    let device = plm_core::device::parse(plm_core::device::available()[0]).unwrap();
    let (initial, data, steps) = small(&device);
    let measures = [0.5, 0.7, f64::NAN, 0.9];
    let calls = Cell::new(0);
    let trained = train(initial.clone(), &data, &steps, &device, |_| {
        let value = measures[calls.replace(calls.get() + 1)];
        // The second expert has all the contributions and the best score, unless that is NaN.
        let own = capture(&[0.0, value as f32], &[0.0, 1.0], 2, 1)?;
        Ok(own * value)
    })
    .unwrap();
    assert_eq!(calls.get(), 3);
    assert_eq!((trained.history, trained.best), (vec![0.5, 0.7], 1));
    // Those of the first router are an error, and so is whatever else goes wrong.
    let failed = train(initial.clone(), &data, &steps, &device, |_| {
        capture(&[0.0, f32::NAN], &[1.0; 2], 2, 1)
    });
    assert!(matches!(failed.err(), Some(Error::NotFinite { .. })));
    let calls = Cell::new(0);
    let failed = train(initial, &data, &steps, &device, |_| {
        let own = [1.0, 0.0][calls.replace(calls.get() + 1)];
        capture(&[0.0; 2], &[own; 2], 2, 1)
    });
    assert!(matches!(failed.err(), Some(Error::NoTokens { .. })));
}

#[test]
fn the_loss_at_zero_is_the_logarithm_of_two() {
    for name in plm_core::device::available() {
        let device = plm_core::device::parse(name).unwrap();
        let zeros = || Tensor::<2>::zeros([3, 4], &device);
        let loss: f32 = MlpRouter::loss(zeros(), zeros()).into_scalar();
        assert!((loss - 2.0_f32.ln()).abs() < 1e-6, "{loss} on {name}");
    }
}

#[test]
fn gradients_of_the_loss_match_differences() {
    for name in plm_core::device::available() {
        let device = plm_core::device::parse(name).unwrap();
        let (width, experts, tokens) = (3, 2, 4);
        let wave = |count: usize, shift: f32| -> Vec<f32> {
            (0..count).map(|i| (i as f32 * 1.7 + shift).sin()).collect()
        };
        let targets: Vec<f32> = wave(tokens * experts, 2.0)
            .iter()
            .map(|v| v.abs())
            .collect();
        let (w1, w2) = (wave(width * experts, 0.3), wave(experts * experts, 1.1));
        let build = |w1: &[f32], w2: &[f32]| {
            let parameter = |values: &[f32], rows: usize| {
                Param::from_tensor(matrix(values, rows, values.len() / rows, &device))
            };
            MlpRouter {
                w1: parameter(w1, width),
                w2: parameter(w2, experts),
            }
        };
        let loss = |router: &MlpRouter, device: &Device| {
            let x = matrix(&wave(tokens * width, 0.7), tokens, width, device);
            let y = matrix(&targets, tokens, experts, device);
            MlpRouter::loss(router.forward(x), y)
        };
        let tracked = build(&w1, &w2).train();
        let total = loss(&tracked, &device.clone().autodiff());
        let gradients = Gradients::of(&total, &tracked).unwrap();
        let value = |w1: &[f32], w2: &[f32]| -> f64 {
            f64::from(loss(&build(w1, w2), &device).into_scalar::<f32>())
        };
        let step = 1e-2_f32;
        for (path, at, len) in [("w1", 0, w1.len()), ("w2", 1, w2.len())] {
            let gradient = gradients.get(path).unwrap();
            for place in 0..len {
                let moved = |shift: f32| {
                    let mut both = [w1.clone(), w2.clone()];
                    both[at][place] += shift;
                    value(&both[0], &both[1])
                };
                let slope = (moved(step) - moved(-step)) / f64::from(2.0 * step);
                let gap = (slope - f64::from(gradient[place])).abs();
                assert!(
                    gap < 2e-4,
                    "{path}[{place}] on {name}: {slope}, {}",
                    gradient[place]
                );
            }
        }
    }
}
