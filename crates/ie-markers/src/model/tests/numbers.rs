//! The scores of the baselines' heads, worked out without the heads.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Tensor, TensorData};
use plm_core::config::{EncoderConfig, EncoderFamily};
use plm_core::nn::LayerNorm;

use super::heads::{OFF, model};
use crate::encode::MarkerEncoder;
use crate::heads::{
    Head, LevitatedPairConfig, LevitatedPairFeature, SolidPairConfig, SolidPairHead,
    SpanConcatConfig, SpanConcatHead, TaggerConfig, TaggerHead, TokenPairConfig, TokenPairHead,
};
use crate::layout::MarkerRow;
use crate::model::{LevitatedPairRelations, RowClassifier};
use crate::testing::{config, device, group, tokens, values};

/// A head over states of two numbers.
fn head<H: Head>(own: &H::Config) -> H {
    let encoder = EncoderConfig {
        hidden_size: 2,
        ..config(EncoderFamily::Bert)
    };
    H::new(own, &encoder, &device())
}

/// Four tokens of one row.
fn states() -> Tensor<3> {
    let numbers = [[1.0_f32, 3.0], [2.0, 6.0], [5.0, 7.0], [-1.0, 4.0]];
    Tensor::from_data([numbers], &device())
}

fn param<const D: usize>(numbers: Vec<f32>, dims: [usize; D]) -> Param<Tensor<D>> {
    Param::from_tensor(Tensor::from_data(TensorData::new(numbers, dims), &device()))
}

/// Weights by input, with a number for each class.
fn set<const C: usize>(linear: &mut Linear, weight: &[[f32; C]], bias: [f32; C]) {
    assert_eq!(linear.weight.dims(), [weight.len(), C]);
    linear.weight = param(weight.as_flattened().to_vec(), [weight.len(), C]);
    linear.bias = Some(param(bias.to_vec(), [C]));
}

fn set_norm(norm: &mut LayerNorm, gamma: Vec<f32>, beta: Vec<f32>) {
    assert_eq!(norm.gamma.dims(), [gamma.len()]);
    let dims = [gamma.len()];
    (norm.gamma, norm.beta) = (param(gamma, dims), param(beta, dims));
}

#[track_caller]
fn close(found: Tensor<2>, expected: &[f32]) {
    let found = values(found);
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        let far = (a - b).abs();
        assert!(far < 2e-5 * b.abs().max(1.0), "{found:?}, not {expected:?}");
    }
}

#[test]
fn words_are_tagged_by_their_own_state() {
    let mut head: TaggerHead = head(&TaggerConfig::new(3));
    let weight = [[1.0, 2.0, 3.0], [10.0, 20.0, 40.0]];
    set(&mut head.classifier, &weight, [0.5, -1.0, 0.0]);
    let found = head.forward(&states(), &[(0, 2), (0, 0)], &OFF).unwrap();
    // Of (5, 7): 5 + 70 + .5, 10 + 140 - 1, 15 + 280. Of (1, 3): 1 + 30 + .5, 2 + 60 - 1, 3 + 120.
    close(found, &[75.5, 149.0, 295.0, 31.5, 61.0, 123.0]);
}

#[test]
fn spans_are_scored_by_first_and_then_last_token() {
    let mut head: SpanConcatHead = head(&SpanConcatConfig::new(2));
    let weight = [[1.0, -1.0], [10.0, 0.0], [100.0, 0.0], [1000.0, 1.0]];
    set(&mut head.classifier, &weight, [0.25, 0.0]);
    let (first, last) = ([(0, 0)], [(0, 1)]);
    let found = head.forward(states(), &first, &last, &OFF).unwrap();
    // (1, 3, 2, 6): 1 + 30 + 200 + 6000 + .25 and -1 + 6.
    close(found, &[6231.25, 5.0]);
}

#[test]
fn pairs_of_tokens_are_scored_by_subject_and_then_object() {
    let mut head: TokenPairHead = head(&TokenPairConfig::new(2));
    let first = [1.0, 0.5, 10.0, 5.0, 100.0, 50.0, 1000.0, 500.0];
    let second = [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    let weight: Vec<[f32; 2]> = first.into_iter().zip(second).map(|(a, b)| [a, b]).collect();
    set(&mut head.classifier, &weight, [0.0, -1.0]);
    let places = [0, 1, 2, 3].map(|token| vec![(0, token)]);
    let found = head.forward(states(), &places, &OFF).unwrap();
    // (1, 3, 2, 6, 5, 7, -1, 4): 1 + 1.5 + 20 + 30 + 500 + 350 - 1000 + 2000 and 7 - 1.
    close(found, &[1902.5, 6.0]);
}

#[test]
fn solid_pairs_are_normalized_and_then_scored() {
    let mut head: SolidPairHead = head(&SolidPairConfig::new(2));
    set_norm(
        &mut head.norm,
        vec![1.0, 2.0, 3.0, 4.0],
        vec![0.5, 0.0, 0.0, -1.0],
    );
    let weight = [[1.0, 0.0], [0.0, 1.0], [2.0, 0.0], [0.0, 1.0]];
    set(&mut head.classifier, &weight, [0.25, -0.5]);
    let (one, other) = ((0, 0), (0, 2));
    let found = head.forward(&states(), &[one, other], &[other, one], &OFF);
    // (1, 3, 5, 7) has the mean 4 and the variance 5: (-3, -1, 1, 3) / √5. Scaled and shifted that is
    // (-3 / √5 + .5, -2 / √5, 3 / √5, 12 / √5 - 1). The other way it is (1, 3, -3, -1) / √5, then
    // (1 / √5 + .5, 6 / √5, -9 / √5, -4 / √5 - 1).
    let root = 5.0_f32.sqrt();
    let forward = [3.0 / root + 0.75, 10.0 / root - 1.5];
    let backward = [-17.0 / root + 0.75, 2.0 / root - 1.5];
    close(found.unwrap(), &[forward, backward].concat());
}

/// Mean 0 and variance 1, then scale and shift.
fn normalized(feature: &[f32], gamma: &[f32], beta: &[f32]) -> Vec<f32> {
    let count = feature.len() as f32;
    let mean = feature.iter().sum::<f32>() / count;
    let squares = feature.iter().map(|value| (value - mean).powi(2));
    let deviation = (squares.sum::<f32>() / count).sqrt();
    let affine = gamma.iter().zip(beta);
    let of =
        |(value, (gamma, beta)): (&f32, (&f32, &f32))| (value - mean) / deviation * gamma + beta;
    feature.iter().zip(affine).map(of).collect()
}

#[test]
fn levitated_pairs_are_scored_by_their_markers_in_order() {
    // Markers of a pair: start and end of the subject, start and end of the object.
    for (feature, used) in [
        (LevitatedPairFeature::Starts, vec![0, 2]),
        (LevitatedPairFeature::All, vec![0, 1, 2, 3]),
    ] {
        let mut model: LevitatedPairRelations = model(&LevitatedPairConfig {
            feature,
            ..LevitatedPairConfig::new(3)
        });
        let width = used.len() * 16;
        let bias = [0.1, 0.2, 0.3];
        model.head.classifier.bias = Some(param(bias.to_vec(), [3]));
        let gamma: Vec<f32> = (0..width).map(|place| 0.5 + 0.1 * place as f32).collect();
        let beta: Vec<f32> = (0..width).map(|place| 0.3 - 0.05 * place as f32).collect();
        assert_eq!(
            model.head.norm.is_some(),
            feature == LevitatedPairFeature::Starts
        );
        if let Some(norm) = &mut model.head.norm {
            set_norm(norm, gamma.clone(), beta.clone());
        }
        let row = MarkerRow {
            tokens: tokens(1, 8),
            groups: vec![group(&[1, 2, 4, 6]), group(&[0, 0, 3, 3])],
        };
        let dense = MarkerEncoder::Dense;
        let found = model.logits(&[&row], dense, &OFF).unwrap();
        let states = dense.encode(&model.encoder, &[&row], &OFF).unwrap();
        let states = values(states.markers());
        let weight = values(model.head.classifier.weight.val());
        let mut expected = Vec::new();
        for pair in states.chunks(4 * 16) {
            let own = used.iter().map(|&marker| &pair[marker * 16..][..16]);
            let mut own: Vec<f32> = own.flatten().copied().collect();
            if feature == LevitatedPairFeature::Starts {
                own = normalized(&own, &gamma, &beta);
            }
            for (class, bias) in bias.iter().enumerate() {
                let products = own.iter().zip(weight.chunks(3));
                let sum: f32 = products.map(|(value, row)| value * row[class]).sum();
                expected.push(sum + bias);
            }
        }
        close(found, &expected);
    }
}
