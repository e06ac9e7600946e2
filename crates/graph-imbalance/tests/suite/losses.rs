//! Losses against torch, by finite differences, by hand, and with weights; margins likewise.

use std::collections::BTreeMap;

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use plm_graph_imbalance::graph::Adjacency;
use plm_graph_imbalance::loss::{ClassLoss, LossConfig, Reduction, Tam, TamConfig, weighted_mean};
use proptest::prelude::*;

use super::support::{assert_close, devices, numbers, tensor};

#[derive(serde::Deserialize)]
struct Fixture {
    targets: Vec<i32>,
    counts: Vec<usize>,
    losses: BTreeMap<String, Expected>,
    tam: Margins,
}

#[derive(serde::Deserialize)]
struct Expected {
    value: Vec<f64>,
    grad: Vec<f64>,
}

#[derive(serde::Deserialize)]
struct Margins {
    n_nodes: usize,
    n_classes: usize,
    edges: Vec<(u32, u32)>,
    logits: Vec<f64>,
    nodes: Vec<u32>,
    classes: Vec<u32>,
    margins: Vec<f64>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../fixtures/losses/losses.json")).unwrap()
}

fn config(name: &str) -> (LossConfig, usize) {
    let loss = match name {
        "ce" => LossConfig::CrossEntropy,
        "re-weight" => LossConfig::ReWeight,
        "focal" => LossConfig::focal(),
        "focal-1" => LossConfig::Focal { gamma: 1.0 },
        "focal-0" => LossConfig::Focal { gamma: 0.0 },
        "cb-softmax" => LossConfig::class_balanced(),
        "balanced-softmax" => LossConfig::BalancedSoftmax,
        "ldam" | "ldam-deferred" => LossConfig::ldam(Some(3)),
        "logit-adjust" => LossConfig::LogitAdjust { tau: 1.5 },
        _ => panic!("{name}"),
    };
    (loss, if name == "ldam-deferred" { 3 } else { 2 })
}

/// 0.2 sin(1.1 i + 0.9 j) (j + 1).
fn rule() -> Vec<f64> {
    let rows = (0..6).flat_map(|i| (0..4).map(move |j| (f64::from(i), f64::from(j))));
    rows.map(|(i, j)| 0.2 * (1.1 * i + 0.9 * j).sin() * (j + 1.0))
        .collect()
}

fn targets(classes: &[i32], device: &Device) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(classes.to_vec(), [classes.len()]), device)
}

#[test]
fn values_and_gradients_equal_those_of_torch() {
    let fixture = fixture();
    for (name, device) in devices() {
        for (loss, expected) in &fixture.losses {
            let what = format!("{loss} {name}");
            let (config, epoch) = config(loss);
            let fitted = ClassLoss::new(config, &fixture.counts, &device).unwrap();
            let logits = tensor(&rule(), [6, 4], &device.clone().autodiff(), DType::F32);
            let logits = logits.require_grad();
            let losses = fitted.per_node(logits.clone(), targets(&fixture.targets, &device), epoch);
            let grads = losses.clone().sum().backward();
            assert_close(&numbers(losses), &expected.value, 1e-5, &what);
            let found = numbers(logits.grad(&grads).unwrap());
            assert_close(&found, &expected.grad, 1e-5, &what);
        }
    }
}

#[test]
fn gradients_match_finite_differences() {
    let fixture = fixture();
    for (name, device) in devices() {
        if !device.supports_dtype(DType::F64) {
            continue;
        }
        for loss in fixture.losses.keys() {
            let (config, epoch) = config(loss);
            let fitted = ClassLoss::new(config, &fixture.counts, &device).unwrap();
            let weights = tensor(&[1.5, 0.5, 1.0, 2.0, 0.3, 0.7], [6], &device, DType::F64);
            let value = |logits: Tensor<2>| {
                let losses = fitted.per_node(logits, targets(&fixture.targets, &device), epoch);
                weighted_mean(losses, Some(weights.clone()))
            };
            let on = |values: &[f64], device: &Device| tensor(values, [6, 4], device, DType::F64);
            let tracked = on(&rule(), &device.clone().autodiff()).require_grad();
            let grads = value(tracked.clone()).backward();
            let found = numbers(tracked.grad(&grads).unwrap());
            let step = 1e-6;
            let expected: Vec<f64> = (0..24)
                .map(|at| {
                    let moved = |shift: f64| {
                        let mut values = rule();
                        values[at] += shift;
                        numbers(value(on(&values, &device)))[0]
                    };
                    (moved(step) - moved(-step)) / (2.0 * step)
                })
                .collect();
            assert_close(&found, &expected, 1e-6, &format!("{loss} {name}"));
        }
    }
}

#[test]
fn weights_of_one_change_no_bit() {
    let fixture = fixture();
    for (name, device) in devices() {
        for loss in fixture.losses.keys() {
            let (config, epoch) = config(loss);
            let fitted = ClassLoss::new(config, &fixture.counts, &device).unwrap();
            let run = |weights: Option<Tensor<1>>| {
                let logits = tensor(&rule(), [6, 4], &device.clone().autodiff(), DType::F32);
                let logits = logits.require_grad();
                let losses =
                    fitted.per_node(logits.clone(), targets(&fixture.targets, &device), epoch);
                let mean = weighted_mean(losses, weights);
                let grads = mean.clone().backward();
                (numbers(mean), numbers(logits.grad(&grads).unwrap()))
            };
            let ones = Tensor::ones([6], &device);
            assert_eq!(run(None), run(Some(ones)), "{loss} {name}");
        }
    }
}

#[test]
fn means_and_sums_by_hand() {
    for (name, device) in devices() {
        let of = |values: &[f64]| tensor(values, [values.len()], &device, DType::F32);
        let losses = || of(&[1.0, 3.0, 0.5, 2.0]);
        // 1.5 · 1 + 0.5 · 3 + 2 · 0.5 + 0 · 2 = 4; without weights 6.5.
        let weights = || Some(of(&[1.5, 0.5, 2.0, 0.0]));
        for (reduction, weights, expected) in [
            (Reduction::Mean, None, 1.625),
            (Reduction::Mean, weights(), 1.0),
            (Reduction::Sum, None, 6.5),
            (Reduction::Sum, weights(), 4.0),
        ] {
            let found = numbers(reduction.apply(losses(), weights));
            assert_close(&found, &[expected], 1e-6, name);
        }
    }
}

#[test]
fn hand_worked_losses() {
    // Two classes, z = (0, 0): p = 1/2 for both.
    let ln2 = 2.0_f64.ln();
    for (name, device) in devices() {
        let value = |config: LossConfig, counts: &[usize]| {
            let fitted = ClassLoss::new(config, counts, &device).unwrap();
            let logits = Tensor::zeros([1, 2], &device);
            numbers(fitted.per_node(logits, targets(&[1], &device), 0))[0]
        };
        for (config, expected) in [
            (LossConfig::CrossEntropy, ln2),
            // Counts 3 and 1: mean 2, factor 2.
            (LossConfig::ReWeight, 2.0 * ln2),
            // Two sigmoids of 1/2: 2 · (1/2)² ln 2 · 2.
            (LossConfig::focal(), ln2),
            // β = 0: factor 1; both entropies ln 2.
            (LossConfig::ClassBalanced { beta: 0.0 }, ln2),
            // −ln(1 / (1 + 3)).
            (LossConfig::BalancedSoftmax, 2.0 * ln2),
            (LossConfig::LogitAdjust { tau: 1.0 }, 2.0 * ln2),
            // Margin ln 2 at scale 1: −ln((1/2) / (1 + 1/2)) = ln 3.
            (
                LossConfig::Ldam {
                    margin: ln2,
                    scale: 1.0,
                    deferred: None,
                },
                3.0_f64.ln(),
            ),
        ] {
            let found = value(config, &[3, 1]);
            assert!(
                (found - expected).abs() < 1e-6,
                "{name} {config:?}: {found}"
            );
        }
    }
}

#[test]
fn extreme_logits_stay_finite() {
    for (name, device) in devices() {
        for loss in fixture().losses.keys() {
            let (config, epoch) = config(loss);
            let fitted = ClassLoss::new(config, &[3, 1], &device).unwrap();
            let logits = tensor(
                &[300.0, -300.0, -300.0, 300.0, 40.0, -40.0],
                [3, 2],
                &device.clone().autodiff(),
                DType::F32,
            )
            .require_grad();
            let losses = fitted.per_node(logits.clone(), targets(&[1, 1, 1], &device), epoch);
            let grads = losses.clone().sum().backward();
            let gradient = numbers(logits.grad(&grads).unwrap());
            let values = numbers(losses);
            let finite = values.iter().chain(&gradient).all(|v| v.is_finite());
            assert!(finite, "{loss} {name}: {values:?} {gradient:?}");
            assert!(
                values[0] > 1.0 && values[1] < 1e-3,
                "{loss} {name}: {values:?}"
            );
        }
    }
}

#[test]
fn wrong_settings_are_named() {
    let (_, device) = devices().remove(0);
    for (config, text) in [
        (
            LossConfig::Focal { gamma: -0.5 },
            "`gamma` is -0.5, must be finite and not negative",
        ),
        (LossConfig::ClassBalanced { beta: 1.0 }, "`beta` is 1"),
        (LossConfig::LogitAdjust { tau: f64::NAN }, "`tau` is NaN"),
        (
            LossConfig::Ldam {
                margin: 0.5,
                scale: 0.0,
                deferred: None,
            },
            "`scale` is 0",
        ),
        (
            LossConfig::Ldam {
                margin: -1.0,
                scale: 1.0,
                deferred: None,
            },
            "`margin` is -1",
        ),
    ] {
        let error = ClassLoss::new(config, &[1, 2], &device)
            .unwrap_err()
            .to_string();
        assert!(error.contains(text), "{error:?} lacks {text:?}");
    }
    let text = r#"{"name":"cb-softmax","beta":0.9999}"#;
    let read: LossConfig = serde_json::from_str(text).unwrap();
    assert_eq!(read, LossConfig::class_balanced());
}

/// The path 0 - 1 - 2 with labels 0 and 1 at its ends.
fn path_margins(logits: &[f64], device: &Device) -> Vec<f64> {
    let path = Adjacency::from_edges(3, &[(0, 1), (1, 2)]).unwrap();
    let config = TamConfig {
        phi: 1.0,
        gamma: 0.0,
        ..TamConfig::default()
    };
    let tam = Tam::new(config, &path, &[0, 2], &[0, 1], 2, device).unwrap();
    numbers(tam.margins(tensor(logits, [3, 2], device, DType::F32)))
}

#[test]
fn hand_worked_margins() {
    for (name, device) in devices() {
        // Node 1 is of either class alike: D_0 = (3/4, 1/4), D_2 = (1/4, 3/4). With one node a class
        // M_c = D_v, so that ACM = (1) · (1) and the node's own deviation is 0, its distance to the
        // other class that between the classes: ADM = (0 + d² − d²) / 2d² = 0.
        let margins = path_margins(&[9.0, 1.0, 0.0, 0.0, 3.0, 2.0], &device);
        assert_close(&margins, &[0.0; 4], 1e-5, name);

        // Nodes 0 and 3 of class 0, node 2 of class 1; edges 0 - 1 and 2 - 1, node 3 alone; node 1 is
        // of either class alike. D_0 = (3/4, 1/4), D_3 = (1, 0), D_2 = (1/4, 3/4), M_0 = (7/8, 1/8).
        // ACM of node 0 for class 1: (3/4) / (7/8) · (1/8) / (1/4) = 3/7.
        // ACM of node 3: D_3,1 = 0 is floored, so the quotient is above 1: 1.
        let graph = Adjacency::from_edges(4, &[(0, 1), (2, 1)]).unwrap();
        let config = TamConfig {
            alpha: 1.0,
            beta: 0.0,
            phi: 1.0,
            gamma: 0.0,
            warm_up: 2,
        };
        let run = |config| {
            let tam = Tam::new(config, &graph, &[0, 3, 2], &[0, 0, 1], 2, &device).unwrap();
            assert!(!tam.is_active(1) && tam.is_active(2));
            numbers(tam.margins(Tensor::zeros([4, 2], &device)))
        };
        let expected = [0.0, (3.0_f64 / 7.0).ln(), 0.0, 0.0, 0.0, 0.0];
        assert_close(&run(config), &expected, 1e-5, name);

        // ADM of node 0 for class 1, by the definition with JSD in nats.
        let jsd = |p: [f64; 2], q: [f64; 2]| {
            let kl = |a: f64, b: f64| a * (2.0 * a / (a + b)).ln();
            let sum = kl(p[0], q[0]) + kl(q[0], p[0]) + kl(p[1], q[1]) + kl(q[1], p[1]);
            sum / 2.0
        };
        let (d, own, other) = ([0.75, 0.25], [0.875, 0.125], [0.25, 0.75]);
        let apart = jsd(own, other).powi(2);
        let adm = (jsd(d, own).powi(2) + apart - jsd(d, other).powi(2)) / (2.0 * apart);
        let margins = run(TamConfig {
            alpha: 0.0,
            beta: 1.0,
            ..config
        });
        assert_close(&margins[1..2], &[-adm], 1e-5, name);
    }
}

#[test]
fn margins_equal_those_of_a_plain_loop() {
    let Margins {
        n_nodes,
        n_classes,
        edges,
        logits,
        nodes,
        classes,
        margins,
    } = fixture().tam;
    let graph = Adjacency::from_edges(n_nodes, &edges).unwrap();
    for (name, device) in devices() {
        let config = TamConfig::default();
        let tam = Tam::new(config, &graph, &nodes, &classes, n_classes, &device).unwrap();
        let logits = tensor(
            &logits,
            [n_nodes, n_classes],
            &device.clone().autodiff(),
            DType::F32,
        );
        let found = tam.margins(logits.require_grad());
        assert!(!found.is_tracked(), "margins are constants");
        assert_close(&numbers(found), &margins, 1e-4, name);
    }
}

#[test]
fn wrong_margins_are_named() {
    let (_, device) = devices().remove(0);
    let graph = Adjacency::from_edges(3, &[(0, 1)]).unwrap();
    let make = |config, nodes: &[u32], classes: &[u32]| {
        Tam::new(config, &graph, nodes, classes, 2, &device)
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    let base = TamConfig::default();
    for (error, text) in [
        (
            make(
                TamConfig {
                    alpha: -1.0,
                    ..base
                },
                &[0],
                &[0],
            ),
            "`alpha` is -1",
        ),
        (
            make(TamConfig { gamma: 1.5, ..base }, &[0], &[0]),
            "`gamma` is 1.5",
        ),
        (make(base, &[0, 1], &[0]), "1 classes for 2 nodes"),
        (make(base, &[3], &[0]), "node 3 of 3"),
        (make(base, &[1], &[2]), "node 1 has class 2 of 2"),
        (
            make(base, &[1], &[0]),
            "class 1 of 2 has no labeled training node",
        ),
    ] {
        assert!(error.contains(text), "{error:?} lacks {text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn margins_lower_foreign_classes_only_by_connectivity(seed in 0_u64..1000) {
        use plm_core::rng::Seed;
        use rand::RngExt;
        let mut rng = Seed::new(seed).stream("tam");
        let edges: Vec<(u32, u32)> = (0..14).map(|_| (rng.random_range(0..9), rng.random_range(0..9))).collect();
        let graph = Adjacency::from_edges(9, &edges).unwrap();
        let logits: Vec<f64> = (0..27).map(|_| rng.random_range(-2.0..2.0)).collect();
        let config = TamConfig { beta: 0.0, ..TamConfig::default() };
        for (name, device) in devices() {
            let tam = Tam::new(config, &graph, &[1, 4, 5, 8], &[0, 1, 2, 0], 3, &device).unwrap();
            let margins = numbers(tam.margins(tensor(&logits, [9, 3], &device, DType::F32)));
            prop_assert!(margins.iter().all(|m| *m <= 1e-5 && m.is_finite()), "{}: {:?}", name, margins);
            for (row, class) in [0, 1, 2, 0].into_iter().enumerate() {
                prop_assert_eq!(margins[row * 3 + class], 0.0);
            }
        }
    }
}
