//! Losses that are known exactly: the greatest deviation from each.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use burn::tensor::{Device, Tensor, TensorData};
use plm_event_contrast::contrast::info_nce;
use plm_event_contrast::text::{
    EventContrast, Layout, PairLayout, PairPlan, PlannedPair, ScoreFunction, SpanPlace,
};

use crate::repro::{Check, Op, Outcome};

/// Adds the checks.
pub(super) fn check(device: &Device, outcome: &mut Outcome) -> Result<()> {
    let worst = |found: &[f64], expected: f64| {
        let gaps = found.iter().map(|found| (found - expected).abs());
        gaps.fold(0.0, f64::max)
    };
    let mut add = |id: &str, value: f64, bound: f64| {
        outcome.checks.push(Check::new(id, value, Op::Le, bound));
    };

    let ones = |layout: &PairLayout| Tensor::<2>::ones([layout.spans.len(), 1], device);
    let four = layout(4, 3);
    let found = values(cosine(1.0).losses(ones(&four), ones(&four), &four));
    add(
        "loss_equal_scores_released",
        worst(&found, 7_f64.ln()),
        1e-5,
    );

    let mut gap: f64 = 0.0;
    for negatives in [1, 7, 30] {
        let two = layout(2, negatives);
        let found = values(EventContrast::paper().losses(ones(&two), ones(&two), &two));
        gap = gap.max(worst(&found, ((negatives + 1) as f64).ln()));
    }
    for queue in [1, 7, 32, 10_800, 16_384] {
        let equal = Tensor::<2>::full([2, queue], 0.4, device);
        let found = values(info_nce(equal.clone().narrow(1, 0, 1), equal, None));
        gap = gap.max(worst(&found, ((queue + 1) as f64).ln()));
    }
    add("loss_equal_scores_paper_and_queue", gap, 2e-5);

    let alone = layout(4, 0);
    let axes: Vec<Vec<f32>> = (0..8)
        .map(|span| {
            (0..4)
                .map(|at| f32::from(u8::from(at == span / 2)))
                .collect()
        })
        .collect();
    let axes = matrix(&axes, device);
    let found = values(cosine(1.0).losses(axes.clone(), axes.clone(), &alone));
    let expected = (1.0 + 3.0 * (-1.0_f64).exp()).ln();
    add("loss_orthonormal", worst(&found, expected), 1e-5);
    let found = values(cosine(0.07).losses(axes.clone(), axes, &alone));
    let expected = (3.0 * (-1.0_f64 / 0.07).exp()).ln_1p();
    let relative = worst(&found, expected) / expected;
    add("loss_orthonormal_tau_007_relative", relative, 1e-3);

    add("loss_by_hand", worst(&[by_hand(device)], 0.622_974), 1e-5);
    add("loss_gradient_is_softmax", gradient(device)?, 1e-6);
    let (masked, whole) = false_negatives(device);
    outcome.checks.push(Check::new(
        "masking_false_negatives_lowers_loss",
        whole - masked,
        Op::Gt,
        0.0,
    ));
    Ok(())
}

/// Positive 0.8, another pair's argument 0.1 and 0.8 again (the pair's own, which is in the batch's sum), a
/// negative −0.2: the first of two pairs.
fn by_hand(device: &Device) -> f64 {
    let two = layout(2, 1);
    let at = |cosine: f32| vec![cosine, (1.0 - cosine * cosine).sqrt()];
    let triggers = matrix(&vec![at(1.0); 6], device);
    let arguments = matrix(&[0.0, 0.8, -0.2, 0.0, 0.1, 0.5].map(at), device);
    values(cosine(1.0).losses(triggers, arguments, &two))[0]
}

/// The greatest gap between the gradient for negative scores and their softmax weights.
fn gradient(device: &Device) -> Result<f64> {
    let device = device.clone().autodiff();
    let positive = matrix(&[vec![0.8], vec![-1.0]], &device);
    let negatives = matrix(&[vec![0.8, 0.1, -0.2], vec![2.0, 0.5, 0.0]], &device).require_grad();
    let loss = info_nce(positive, negatives.clone(), None).sum();
    let found = negatives.grad(&loss.backward()).context("no gradient")?;
    let rows = [[0.8_f64, 0.8, 0.1, -0.2], [-1.0, 2.0, 0.5, 0.0]];
    let weights = rows.iter().flat_map(|row| {
        let sum: f64 = row.iter().map(|score| score.exp()).sum();
        row[1..].iter().map(move |score| score.exp() / sum)
    });
    let found = values(found.reshape([6]));
    Ok(found
        .iter()
        .zip(weights)
        .map(|(found, weight)| (found - weight).abs())
        .fold(0.0, f64::max))
}

/// The loss of a pair whose trigger has another argument in the batch: with that one masked, and without.
fn false_negatives(device: &Device) -> (f64, f64) {
    let pair = |argument| PlannedPair {
        trigger: place(0, 0),
        argument: place(0, argument),
        argument_negatives: vec![place(0, 3)],
        trigger_negatives: Vec::new(),
    };
    let plan = PairPlan {
        arguments: [(place(0, 0), BTreeSet::from([place(0, 1), place(0, 2)]))].into(),
        pairs: vec![pair(1), pair(2)],
    };
    let layout = PairLayout::new(&plan, 1, Layout::Once);
    let rows = matrix(&vec![vec![1.0, 0.0]; layout.spans.len()], device);
    let loss =
        |contrast: EventContrast| values(contrast.losses(rows.clone(), rows.clone(), &layout))[0];
    (
        loss(EventContrast::default()),
        loss(EventContrast::released()),
    )
}

fn place(sentence: usize, start: usize) -> SpanPlace {
    SpanPlace {
        sentence,
        start,
        end: start + 1,
    }
}

/// `pairs` pairs of sentences of their own, each with so many negatives for the argument. Spans are numbered
/// pair by pair: trigger, argument, negatives.
fn layout(pairs: usize, negatives: usize) -> PairLayout {
    let planned = (0..pairs).map(|sentence| PlannedPair {
        trigger: place(sentence, 0),
        argument: place(sentence, 1),
        argument_negatives: (0..negatives).map(|at| place(sentence, 2 + at)).collect(),
        trigger_negatives: Vec::new(),
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

fn matrix(rows: &[Vec<f32>], device: &Device) -> Tensor<2> {
    let width = rows.first().map_or(0, Vec::len);
    Tensor::from_data(TensorData::new(rows.concat(), [rows.len(), width]), device)
}

fn values(tensor: Tensor<1>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}
