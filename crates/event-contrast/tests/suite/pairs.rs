//! The loss of pairs on vectors that are given.

use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::Tensor;
use plm_event_contrast::text::{
    EventContrast, Layout, PairLayout, PairPlan, PlannedPair, ScoreFunction, SpanPlace,
};
use proptest::prelude::*;

use super::support::{close, device, devices, matrix, values};

fn place(sentence: usize, start: usize) -> SpanPlace {
    SpanPlace {
        sentence,
        start,
        end: start + 1,
    }
}

/// `pairs` pairs of sentences of their own with so many negatives each. Spans are numbered pair by
/// pair: trigger, argument, argument negatives, trigger negatives.
fn layout(pairs: usize, arguments: usize, triggers: usize) -> PairLayout {
    let planned = (0..pairs).map(|sentence| PlannedPair {
        trigger: place(sentence, 0),
        argument: place(sentence, 1),
        argument_negatives: (0..arguments).map(|at| place(sentence, 2 + at)).collect(),
        trigger_negatives: (0..triggers).map(|at| place(sentence, 100 + at)).collect(),
    });
    let plan = PairPlan {
        arguments: (0..pairs)
            .map(|sentence| (place(sentence, 0), BTreeSet::from([place(sentence, 1)])))
            .collect(),
        pairs: planned.collect(),
    };
    PairLayout::new(&plan, pairs, Layout::Once)
}

fn cosine(tau: f64) -> EventContrast {
    EventContrast {
        score: ScoreFunction::Cosine { tau },
        ..EventContrast::released()
    }
}

#[test]
fn equal_scores() {
    for (name, device) in devices() {
        let ones = |layout: &PairLayout| Tensor::<2>::ones([layout.spans.len(), 1], &device);
        let four = layout(4, 3, 0);
        let found = cosine(1.0).losses(ones(&four), ones(&four), &four);
        close(&values(found), &[1.945_910; 4], 1e-5);
        for (arguments, triggers) in [(1, 0), (7, 0), (23, 9), (30, 2)] {
            let layout = layout(2, arguments, triggers);
            let found = EventContrast::paper().losses(ones(&layout), ones(&layout), &layout);
            let expected = ((arguments + triggers + 1) as f64).ln();
            close(&values(found), &[expected; 2], 1e-5);
        }
        let alone = layout(2, 0, 0);
        let found = EventContrast::paper().losses(ones(&alone), ones(&alone), &alone);
        assert_eq!(values(found), [0.0; 2], "{name}");
    }
}

#[test]
fn orthonormal_positives() {
    for (_, device) in devices() {
        let layout = layout(4, 0, 0);
        let rows: Vec<Vec<f32>> = (0..8)
            .map(|span| {
                (0..4)
                    .map(|at| f32::from(u8::from(at == span / 2)))
                    .collect()
            })
            .collect();
        let rows = matrix(&rows, &device);
        let found = cosine(1.0).losses(rows.clone(), rows.clone(), &layout);
        close(&values(found), &[0.743_668; 4], 1e-5);
        let found = values(cosine(0.07).losses(rows.clone(), rows, &layout));
        close(&found, &[1.874_6e-6; 4], 1e-9);
    }
}

/// Positive 0.8, another pair's argument 0.1, a negative −0.2.
#[test]
fn one_case_by_hand() {
    for (_, device) in devices() {
        let layout = layout(2, 1, 0);
        let at = |cosine: f32| vec![cosine, (1.0 - cosine * cosine).sqrt()];
        let triggers = matrix(&vec![at(1.0); 6], &device);
        let arguments = [0.0, 0.8, -0.2, 0.0, 0.1, 0.5].map(at);
        let found = values(cosine(1.0).losses(triggers, matrix(&arguments, &device), &layout));
        let second = -0.1 + (0.1_f64.exp() + 0.8_f64.exp() + 0.5_f64.exp()).ln();
        close(&found, &[0.622_974, second], 1e-5);
    }
}

#[test]
fn negatives_have_their_softmax_weight_as_gradient() {
    for (_, device) in devices() {
        let device = device.autodiff();
        let layout = layout(1, 2, 1);
        // Scores 0.5 (positive), 1.0 and −0.3 (arguments), 0.2 (trigger): one-dimensional vectors.
        let triggers = matrix(&[[1.0], [0.0], [0.0], [0.0], [0.4]].map(Vec::from), &device);
        let arguments = matrix(
            &[[0.0], [0.5], [1.0], [-0.3], [0.0]].map(Vec::from),
            &device,
        );
        let (triggers, arguments) = (triggers.require_grad(), arguments.require_grad());
        let contrast = EventContrast::paper();
        let loss = contrast.losses(triggers.clone(), arguments.clone(), &layout);
        let gradients = loss.sum().backward();
        let scores = [0.5_f64, 1.0, -0.3, 0.2];
        let sum: f64 = scores.iter().map(|score| score.exp()).sum();
        let weight = |at: usize| scores[at].exp() / sum;
        let of_arguments = values(arguments.grad(&gradients).unwrap());
        let positive = weight(0) - 1.0 + weight(3) * 0.4;
        close(
            &of_arguments,
            &[0.0, positive, weight(1), weight(2), 0.0],
            1e-6,
        );
        let of_triggers = values(triggers.grad(&gradients).unwrap());
        close(&of_triggers[4..], &[weight(3) * 0.5], 1e-6);
    }
}

/// Two arguments of one trigger are no negatives of each other, unless the released loss is asked
/// for.
#[test]
fn false_negatives_are_masked() {
    for (_, device) in devices() {
        let pair = |argument| PlannedPair {
            trigger: place(0, 0),
            argument: place(0, argument),
            argument_negatives: Vec::new(),
            trigger_negatives: Vec::new(),
        };
        let other = PlannedPair {
            trigger: place(1, 0),
            argument: place(1, 1),
            argument_negatives: Vec::new(),
            trigger_negatives: Vec::new(),
        };
        let plan = PairPlan {
            arguments: BTreeMap::from([
                (place(0, 0), BTreeSet::from([place(0, 1), place(0, 2)])),
                (place(1, 0), BTreeSet::from([place(1, 1)])),
            ]),
            pairs: vec![pair(1), pair(2), other],
        };
        let layout = PairLayout::new(&plan, 2, Layout::Once);
        let rows = matrix(&vec![vec![1.0, 0.0]; layout.spans.len()], &device);
        let with = cosine(1.0).losses(rows.clone(), rows.clone(), &layout);
        close(&values(with), &[3.0_f64.ln(); 3], 1e-6);
        let without = EventContrast::default().losses(rows.clone(), rows, &layout);
        let two = 2.0_f64.ln();
        close(&values(without), &[two, two, 3.0_f64.ln()], 1e-6);
    }
}

/// Without negatives of the own sentence the batch's columns of that sentence are hidden too, for
/// triggers that share no argument.
#[test]
fn the_own_sentence_can_be_left_out() {
    for (_, device) in devices() {
        let pair = |sentence, trigger| PlannedPair {
            trigger: place(sentence, trigger),
            argument: place(sentence, trigger + 1),
            argument_negatives: Vec::new(),
            trigger_negatives: Vec::new(),
        };
        let pairs = vec![pair(0, 0), pair(0, 2), pair(1, 0)];
        let arguments = pairs
            .iter()
            .map(|pair| (pair.trigger, BTreeSet::from([pair.argument])));
        let plan = PairPlan {
            arguments: arguments.collect(),
            pairs,
        };
        for layout in [Layout::Once, Layout::PerPair] {
            let layout = PairLayout::new(&plan, 2, layout);
            let rows = matrix(&vec![vec![1.0, 0.0]; layout.spans.len()], &device);
            let with = EventContrast::default().losses(rows.clone(), rows.clone(), &layout);
            close(&values(with), &[3.0_f64.ln(); 3], 1e-6);
            let far = EventContrast {
                same_sentence: false,
                ..EventContrast::default()
            };
            let without = far.losses(rows.clone(), rows, &layout);
            let two = 2.0_f64.ln();
            close(&values(without), &[two, two, 3.0_f64.ln()], 1e-6);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn bounded_and_independent_of_the_order(
        angles in prop::collection::vec(0.0_f32..6.3, 15),
        swap in 0..3_usize,
    ) {
        let device = device();
        let layout = layout(3, 3, 0);
        let mut rows: Vec<Vec<f32>> = angles.iter().map(|a| vec![a.cos(), a.sin()]).collect();
        let losses = |rows: &[Vec<f32>]| {
            let rows = matrix(rows, &device);
            values(cosine(1.0).losses(rows.clone(), rows, &layout))
        };
        let before = losses(&rows);
        let least = (1.0 + 5.0 * (-2.0_f64).exp()).ln();
        prop_assert!(before.iter().all(|&loss| loss >= least - 1e-5));
        rows.swap(2, 2 + swap);
        for (before, after) in before.iter().zip(losses(&rows)) {
            prop_assert!((before - after).abs() < 1e-5);
        }
    }
}
