//! Reference numbers on the planted layer, computed with numpy in `f64`, against what the crate's own
//! functions give in `f32`.

use burn::tensor::{Device, Tensor, TensorData};
use plm_core::kernel::Activation;
use plm_core::nn::{Ffn, FfnContext, Tapped, Taps};
use plm_core::rng::Seed;

use crate::generator::{EXPERTS, NEURONS, Planted, TOKENS, WIDTH, norm, single};
use crate::hidden::mean_values;
use crate::host::values;
use crate::quality::{capture, recall};
use crate::{
    Activity, Contribution, FfnInputs, Fill, MoeConfig, MoeLayer, Partition, Policy, RouterKind,
    expert_contributions,
};

/// Every compiled device and how far its figures may be off.
fn devices() -> Vec<(Device, f64)> {
    plm_core::device::available()
        .into_iter()
        .map(|name| {
            let tolerance = match name {
                "flex" | "ndarray" => 2e-5,
                // GPUs may multiply in tf32.
                _ => 5e-3,
            };
            (plm_core::device::parse(name).unwrap(), tolerance)
        })
        .collect()
}

fn inputs(planted: &Planted) -> FfnInputs {
    FfnInputs {
        width: WIDTH,
        rows: single(&planted.x),
    }
}

/// The planted layer in experts of these labels that the true contributions choose.
fn experts(
    planted: &Planted,
    labels: &[u32],
    activation: Activation,
    fill: Fill,
    device: &Device,
) -> MoeLayer {
    let dense = planted.weights(activation).to_feed_forward(device);
    let partition = Partition::new(labels, EXPERTS).unwrap();
    let config = MoeConfig {
        router: RouterKind::Groundtruth,
        fill: Some(fill),
        ..MoeConfig::default()
    };
    let rows = inputs(planted);
    MoeLayer::with_partition(&dense, partition, &rows, &config, Seed::new(0)).unwrap()
}

/// A block's outputs for all tokens, `[TOKENS, WIDTH]`.
fn outputs<F: Ffn>(block: &F, rows: &FfnInputs, device: &Device) -> Vec<f64> {
    let x = TensorData::new(rows.rows.clone(), [1, TOKENS, WIDTH]);
    let mut context = FfnContext {
        layer: 0,
        taps: &Taps::default(),
        tapped: &mut Tapped::default(),
        masks: &Default::default(),
        dropout: None,
    };
    let y = block.forward(Tensor::from_data(x, device), &mut context);
    values(y).into_iter().map(f64::from).collect()
}

/// ‖y_dense - y‖ / ‖y_dense‖ with the experts that `policy` chooses.
fn relative_error(
    layer: &MoeLayer,
    policy: Policy,
    dense: &[f64],
    rows: &FfnInputs,
    device: &Device,
) -> f64 {
    let mut block = layer.to_moe_ffn();
    block.policy = policy;
    let found = outputs(&block, rows, device);
    let gap: Vec<f64> = found
        .iter()
        .zip(dense)
        .map(|(y, dense)| y - dense)
        .collect();
    norm(&gap) / norm(dense)
}

fn close(what: &str, found: f64, expected: f64, tolerance: f64) {
    let gap = (found - expected).abs();
    assert!(gap <= tolerance, "{what}: {found}, expected {expected}");
}

#[test]
fn activity_of_the_planted_layer() {
    let planted = Planted::new();
    for (device, tolerance) in devices() {
        let dense = planted.weights(Activation::Relu).to_feed_forward(&device);
        let activity = Activity::of(&dense, &inputs(&planted)).unwrap();
        close("active", activity.mean(), 0.152_832_985, tolerance);
        // One token of 4096 may lie on the other side.
        let one = tolerance + 3e-4;
        close("below 10 %", activity.below(0.1), 0.056_884_766, one);
        close("below 20 %", activity.below(0.2), 0.882_812_5, one);
    }
}

#[test]
fn true_contributions_of_planted_experts_and_of_blocks() {
    let planted = Planted::new();
    let rows = inputs(&planted);
    let blocks: Vec<u32> = (0..NEURONS)
        .map(|neuron| (neuron * EXPERTS / NEURONS) as u32)
        .collect();
    for (device, tolerance) in devices() {
        for (labels, figures) in [
            (
                &planted.labels,
                [
                    (1, 0.674_368_782, 0.448_697_732),
                    (2, 0.939_924_120, 0.138_556_342),
                    (3, 0.979_616_944, 0.070_389_860),
                    (4, 0.992_757_320, 0.038_279_386),
                    (8, 0.999_850_958, 0.003_896_348),
                ],
            ),
            (
                &blocks,
                [
                    (1, 0.082_031_337, 0.952_231_929),
                    (2, 0.158_712_668, 0.908_862_880),
                    (3, 0.231_683_663, 0.863_280_501),
                    (4, 0.302_078_328, 0.820_437_554),
                    (8, 0.563_888_158, 0.638_245_671),
                ],
            ),
        ] {
            let layer = experts(&planted, labels, Activation::Relu, Fill::Zero, &device);
            assert_eq!(layer.contribution, Contribution::Positive);
            let own = expert_contributions(&layer, &rows).unwrap();
            let dense = outputs(&layer.ffn, &rows, &device);
            close("norm", norm(&dense) / 93.476_574_82, 1.0, tolerance);
            for (k, captured, error) in figures {
                let found = capture(&own, &own, EXPERTS, k).unwrap();
                close("capture", found, captured, tolerance);
                assert_eq!(recall(&own, &own, EXPERTS, k).unwrap(), 1.0);
                let found = relative_error(&layer, Policy::TopK(k), &dense, &rows, &device);
                close("error", found, error, tolerance);
            }
        }
    }
}

#[test]
fn norms_of_outputs_choose_better_than_sums() {
    let planted = Planted::new();
    let rows = inputs(&planted);
    for (device, tolerance) in devices() {
        let mut layer = experts(
            &planted,
            &planted.labels,
            Activation::Relu,
            Fill::Zero,
            &device,
        );
        layer.contribution = Contribution::OutputNorm;
        let own = expert_contributions(&layer, &rows).unwrap();
        let dense = outputs(&layer.ffn, &rows, &device);
        for (policy, chosen, error) in [
            (Policy::TopK(2), 2.0, 0.137_896_499),
            (Policy::TopK(4), 4.0, 0.037_701_693),
            (Policy::Max { tau: 0.8 }, 2.015_869_141, 0.113_053_091),
            (Policy::Share { tau: 0.8 }, 2.055_908_203, 0.112_968_478),
        ] {
            let selection = policy.select(&own, EXPERTS).unwrap();
            // Two tokens may lie on the other side.
            let few = tolerance + 5e-4;
            close("chosen", selection.mean_chosen(), chosen, few);
            let found = relative_error(&layer, policy, &dense, &rows, &device);
            close("error", found, error, few);
        }
    }
}

#[test]
fn gelu_loses_less_with_means_than_with_zeros() {
    let planted = Planted::new();
    let rows = inputs(&planted);
    for (device, tolerance) in devices() {
        for (fill, contribution, figures) in [
            (
                Fill::Zero,
                Contribution::Absolute,
                [(2, 0.659_881_929), (4, 0.598_462_422), (8, 0.444_149_260)],
            ),
            (
                Fill::Mean,
                Contribution::Deviation,
                [(2, 0.339_351_459), (4, 0.283_511_484), (8, 0.190_472_883)],
            ),
        ] {
            let mut layer = experts(&planted, &planted.labels, Activation::Gelu, fill, &device);
            assert_eq!(layer.contribution, contribution);
            if fill == Fill::Mean {
                // The reference took its means over all tokens.
                layer.mean = Some(mean_values(&layer.ffn, &rows.rows).unwrap());
            }
            let dense = outputs(&layer.ffn, &rows, &device);
            for (k, error) in figures {
                let found = relative_error(&layer, Policy::TopK(k), &dense, &rows, &device);
                close("error", found, error, tolerance + 1e-4);
            }
        }
    }
}
