//! Routers: gradients, the best epoch, order of quality on layers with structure.

use burn::tensor::{Tensor, TensorData};
use plm_core::kernel::Activation;
use plm_core::rng::Seed;
use plm_moe::{
    Contribution, ContributionRouterConfig, Error, FfnInputs, FfnWeights, Metric, MlpRouterConfig,
    MoeConfig, MoeLayer, RouterKind, SplitKind, coverage, expert_selection,
};
use rand::RngExt;

use super::support::devices;

const GROUPS: usize = 8;
const WIDTH: usize = 24;
const NEURONS: usize = 64;

/// A ReLU layer whose neurons come in groups, in an order that hides them, and inputs near the
/// groups.
fn structured(seed: u64) -> (FfnWeights, FfnInputs) {
    let mut rng = Seed::new(seed).stream("structure");
    let mut normal = move || (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0;
    let centers: Vec<Vec<f32>> = (0..GROUPS)
        .map(|_| {
            let row: Vec<f32> = (0..WIDTH).map(|_| normal()).collect();
            let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt();
            row.iter().map(|x| x / norm).collect()
        })
        .collect();
    let mut w_in = Vec::new();
    for neuron in 0..NEURONS {
        let center = &centers[(neuron * 5) % GROUPS];
        w_in.extend(center.iter().map(|x| x + 0.05 * normal()));
    }
    let w_out = (0..NEURONS * WIDTH).map(|_| normal() / 8.0).collect();
    let mut rows = Vec::new();
    for token in 0..800 {
        let center = &centers[(token * 3) % GROUPS];
        rows.extend(center.iter().map(|x| x + 0.05 * normal()));
    }
    let weights = FfnWeights {
        hidden_size: WIDTH,
        neurons: NEURONS,
        w_in,
        b_in: Some(vec![-0.2; NEURONS]),
        w_gate: None,
        b_gate: None,
        w_out,
        b_out: None,
        activation: Activation::Relu,
    };
    let inputs = FfnInputs { width: WIDTH, rows };
    (weights, inputs)
}

#[test]
fn better_routers_capture_more() {
    for (name, device) in devices() {
        let (weights, inputs) = structured(1);
        let dense = weights.to_feed_forward(&device);
        let build = |router, split| {
            let config = MoeConfig {
                expert_size: NEURONS / GROUPS,
                split,
                router,
                share: 1.0 / GROUPS as f64,
                ..MoeConfig::default()
            };
            MoeLayer::convert(&dense, &inputs, &config, Seed::new(0)).unwrap()
        };
        let cluster = |router| build(router, SplitKind::Cluster).report.capture;
        let random = cluster(RouterKind::Random);
        let similarity = cluster(RouterKind::Similarity(Metric::Cosine));
        let mlp = cluster(RouterKind::Mlp(MlpRouterConfig::default()));
        let best = cluster(RouterKind::Groundtruth);
        // An eighth, give or take four standard deviations of the mean of some 60 different draws.
        assert!((0.01..0.285).contains(&random), "{random} on {name}");
        assert!(
            similarity > 0.8 && mlp > 0.8,
            "{similarity}, {mlp} on {name}"
        );
        assert!(best >= mlp - 1e-9 && best >= similarity - 1e-9, "{name}");
        let shuffled = build(RouterKind::Groundtruth, SplitKind::Random)
            .report
            .capture;
        assert!(
            shuffled < best - 0.2,
            "{shuffled}, clusters {best} on {name}"
        );
        let graph = build(RouterKind::Groundtruth, SplitKind::Coactivation);
        assert!(graph.report.capture > best - 0.02, "{name}");
    }
}

#[test]
fn all_routers_are_reported_by_one_measure() {
    for (name, device) in devices() {
        let (weights, inputs) = structured(1);
        let dense = weights.to_feed_forward(&device);
        let build = |router| {
            let config = MoeConfig {
                expert_size: NEURONS / GROUPS,
                router,
                share: 1.0 / GROUPS as f64,
                ..MoeConfig::default()
            };
            MoeLayer::convert(&dense, &inputs, &config, Seed::new(0)).unwrap()
        };
        let norms = build(RouterKind::Contribution(ContributionRouterConfig::default()));
        assert_eq!(norms.contribution, Contribution::OutputNorm);
        assert_eq!(norms.measure(), Contribution::Positive);
        let best = build(RouterKind::Groundtruth);
        // One token of 80 may be a near tie, which scores of another batch decide otherwise.
        let slack = 0.02;
        for layer in [&norms, &best] {
            let held_out = inputs.held_out();
            let selection = expert_selection(layer, &held_out).unwrap();
            let found = coverage(layer, &selection, layer.measure(), &held_out).unwrap();
            let gap = (found.capture - layer.report.capture).abs();
            assert!(gap < slack, "{found:?}, {:?} on {name}", layer.report);
            let gap = (found.recall - layer.report.recall).abs();
            assert!(gap < slack, "{found:?}, {:?} on {name}", layer.report);
        }
        assert!(best.report.norms.is_none());
        assert!(best.report.capture >= norms.report.capture - 1e-9, "{name}");
        // Of its own measure it is told besides, and training has raised it.
        let own = norms.report.norms.unwrap();
        let (history, kept) = (&norms.report.history, norms.report.best);
        assert!((own.capture - history[kept]).abs() < 1e-9, "{name}");
        assert!(own.capture > history[0] + 0.2, "{history:?} on {name}");
        assert!(own.recall > 0.9, "{own:?} on {name}");
        let held_out = inputs.held_out();
        let selection = expert_selection(&norms, &held_out).unwrap();
        let found = coverage(&norms, &selection, Contribution::OutputNorm, &held_out).unwrap();
        assert!(
            (found.capture - own.capture).abs() < slack,
            "{found:?}, {own:?} on {name}"
        );
        assert!(
            (own.capture - norms.report.capture).abs() > 1e-6,
            "{own:?} on {name}"
        );
    }
}

#[test]
fn contributions_that_overflow_are_refused_wherever_they_are() {
    let (_, device) = devices().remove(0);
    let (weights, inputs) = structured(2);
    let dense = weights.to_feed_forward(&device);
    let config = MoeConfig {
        expert_size: NEURONS / GROUPS,
        router: RouterKind::Mlp(MlpRouterConfig::default()),
        split: SplitKind::Contiguous,
        ..MoeConfig::default()
    };
    // A finite row whose products are not, among those to learn from and among the others.
    for row in [3, 795] {
        let mut inputs = inputs.clone();
        let center = weights.w_in[..WIDTH].iter();
        for (value, center) in inputs.rows[row * WIDTH..].iter_mut().zip(center) {
            *value = center.signum() * f32::MAX;
        }
        let error = MoeLayer::convert(&dense, &inputs, &config, Seed::new(0)).unwrap_err();
        assert!(matches!(error, Error::NotFinite { .. }), "{row}: {error}");
        assert!(error.to_string().contains("contributions"), "{error}");
    }
}

#[test]
fn the_best_epoch_is_kept() {
    let (_, device) = devices().remove(0);
    let (weights, inputs) = structured(2);
    let dense = weights.to_feed_forward(&device);
    // With the second rate the router gets worse.
    for lr in [1e-3, 100.0] {
        let config = MoeConfig {
            expert_size: NEURONS / GROUPS,
            router: RouterKind::Mlp(MlpRouterConfig {
                lr,
                epochs: 6,
                ..MlpRouterConfig::default()
            }),
            // One of eight, as between epochs.
            share: 1.0 / GROUPS as f64,
            ..MoeConfig::default()
        };
        let report = MoeLayer::convert(&dense, &inputs, &config, Seed::new(0))
            .unwrap()
            .report;
        assert_eq!(report.history.len(), 7);
        let best = report.history.iter().copied().fold(0.0, f64::max);
        assert_eq!(report.history[report.best], best, "rate {lr}");
        assert_eq!(report.k, 1);
        assert!((report.capture - best).abs() < 1e-9, "rate {lr}");
        let worst = report.history.iter().copied().fold(1.0, f64::min);
        assert_eq!(worst < best - 0.05, lr == 100.0, "{:?}", report.history);
    }
}

#[test]
fn a_router_that_overflows_is_not_kept() {
    let (_, device) = devices().remove(0);
    let (weights, inputs) = structured(2);
    let dense = weights.to_feed_forward(&device);
    let build = |epochs| {
        let config = MoeConfig {
            expert_size: NEURONS / GROUPS,
            router: RouterKind::Mlp(MlpRouterConfig {
                lr: 1e300,
                epochs,
                ..MlpRouterConfig::default()
            }),
            share: 1.0 / GROUPS as f64,
            ..MoeConfig::default()
        };
        MoeLayer::convert(&dense, &inputs, &config, Seed::new(0))
            .unwrap()
            .report
    };
    let report = build(3);
    assert_eq!((report.history.len(), report.best), (1, 0));
    assert_eq!(report, build(0));
}

#[test]
fn inputs_without_activity_are_refused() {
    let (_, device) = devices().remove(0);
    let (mut weights, inputs) = structured(3);
    weights.b_in = Some(vec![-1e6; NEURONS]);
    let dense = weights.to_feed_forward(&device);
    let config = MoeConfig {
        expert_size: 8,
        router: RouterKind::Mlp(MlpRouterConfig::default()),
        ..MoeConfig::default()
    };
    let error = MoeLayer::convert(&dense, &inputs, &config, Seed::new(0)).unwrap_err();
    assert!(error.to_string().contains("no token"), "{error}");
}

#[test]
fn scores_do_not_depend_on_the_length_of_the_input() {
    for (name, device) in devices() {
        let (weights, inputs) = structured(4);
        let dense = weights.to_feed_forward(&device);
        for router in [
            RouterKind::Similarity(Metric::Cosine),
            RouterKind::Similarity(Metric::Euclidean),
            RouterKind::Representative,
            RouterKind::Mlp(MlpRouterConfig {
                epochs: 1,
                ..MlpRouterConfig::default()
            }),
        ] {
            let config = MoeConfig {
                expert_size: 8,
                router,
                ..MoeConfig::default()
            };
            let layer = MoeLayer::convert(&dense, &inputs, &config, Seed::new(0)).unwrap();
            let x: Tensor<2> = Tensor::from_data(
                TensorData::new(inputs.rows[..3 * WIDTH].to_vec(), [3, WIDTH]),
                &device,
            );
            let plain = layer.router.scores(&x).unwrap();
            let longer = layer.router.scores(&(x * 7.5)).unwrap();
            let gap: f32 = (plain - longer).abs().max().into_scalar();
            assert!(gap < 1e-3, "{router:?} on {name}: {gap}");
        }
    }
}
