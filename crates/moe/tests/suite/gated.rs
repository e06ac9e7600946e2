//! A gated ReLU layer worked by hand: its neurons' values have either sign.

use plm_core::kernel::Activation;
use plm_core::nn::FeedForward;
use plm_core::rng::Seed;
use plm_moe::exec::{Path, Planner};
use plm_moe::{
    Activity, Contribution, FfnInputs, FfnWeights, MoeConfig, MoeLayer, Partition, RouterKind,
    SharedPlanner, SparseFfn, SplitKind, expert_contributions,
};

use super::support::{assert_close, devices, run, tolerance};

/// For the input (2, 1) the gate gives (2, 1, 3, 0) and the other branch (-2, 1, -1, 2), so that the
/// neurons' values are (-4, 1, -3, 0).
fn gated(device: &burn::tensor::Device) -> FeedForward {
    FfnWeights {
        hidden_size: 2,
        neurons: 4,
        w_in: vec![-1.0, 0.0, 0.0, 1.0, 0.0, -1.0, 1.0, 0.0],
        b_in: None,
        w_gate: Some(vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0, -1.0, 1.0]),
        b_gate: None,
        w_out: vec![1.0, 0.0, 0.0, 1.0, 1.0, -1.0, 5.0, 5.0],
        b_out: None,
        activation: Activation::Relu,
    }
    .to_feed_forward(device)
}

/// The input (2, 1) so many times.
fn inputs(count: usize) -> FfnInputs {
    FfnInputs {
        width: 2,
        rows: [2.0, 1.0].repeat(count),
    }
}

fn config(split: SplitKind) -> MoeConfig {
    MoeConfig {
        expert_size: 2,
        split,
        router: RouterKind::Groundtruth,
        share: 0.5,
        ..MoeConfig::default()
    }
}

#[test]
fn negative_values_contribute_as_positive_ones_do() {
    for (name, device) in devices() {
        let dense = gated(&device);
        let t = tolerance(name);
        // -4 (1, 0) + (0, 1) - 3 (1, -1)
        assert_close(&run(&dense, &inputs(1), &device), &[-7.0, 4.0], t, name);
        let partition = Partition::new(&[0, 1, 0, 1], 2).unwrap();
        let config = config(SplitKind::Cluster);
        let layer =
            MoeLayer::with_partition(&dense, partition, &inputs(6), &config, Seed::new(0)).unwrap();
        assert_eq!(layer.contribution, Contribution::Absolute);
        // 4 + 3 and 1 + 0; sums of what is positive would be 0 and 1.
        let own = expert_contributions(&layer, &inputs(6)).unwrap();
        assert_close(&own[..2], &[7.0, 1.0], t, name);
        assert!((layer.report.capture - 7.0 / 8.0).abs() < t, "{name}");
        // The first expert: -4 (1, 0) - 3 (1, -1).
        let expected = [-7.0, 3.0];
        assert_close(
            &run(&layer.to_moe_ffn(), &inputs(1), &device),
            &expected,
            t,
            name,
        );
        for path in Path::ALL {
            let planner = SharedPlanner::new(Planner::fixed(path));
            let fast = SparseFfn::new(&layer, &planner).unwrap();
            assert_close(&run(&fast, &inputs(1), &device), &expected, t, name);
        }
    }
}

#[test]
fn neurons_of_negative_values_are_active() {
    for (name, device) in devices() {
        let activity = Activity::of(&gated(&device), &inputs(6)).unwrap();
        assert_eq!(activity.mean(), 0.75, "{name}");
    }
}

#[test]
fn neurons_of_negative_values_are_active_together() {
    for (name, device) in devices() {
        // The pairs (0, 1), (0, 2), (1, 2) have 4, 12 and 3 for each of five tokens, in whole units 1, 4
        // and 1: the lightest of the three even cuts parts {0, 2} from {1, 3}. Of positive values alone
        // there would be no edge.
        let config = config(SplitKind::Coactivation);
        let layer = MoeLayer::convert(&gated(&device), &inputs(6), &config, Seed::new(0)).unwrap();
        assert_eq!(layer.partition.labels(), [0, 1, 0, 1], "{name}");
    }
}
