//! The batches of a step are as one batch, whatever class 0 weighs.

use std::ops::ControlFlow;

use burn::module::Module as _;
use plm_core::nn::DropoutContext;
use plm_core::train::{Event, Gradients};

use super::{SENTENCES, marked, model, settings};
use crate::encode::MarkerEncoder;
use crate::heads::NerHeadConfig;
use crate::layout::MarkerRow;
use crate::model::MarkerNer;
use crate::testing::device;
use crate::train::{FitSettings, Labeled, Learner as _, Objective, fit};

fn examples() -> Vec<Labeled<MarkerRow>> {
    SENTENCES.iter().map(marked).collect()
}

fn start() -> MarkerNer {
    let head = NerHeadConfig {
        dropout: 0.0,
        ..NerHeadConfig::new(3)
    };
    model(&head, &device())
}

#[test]
fn weighted_means_add_up() {
    let examples = examples();
    let all: Vec<_> = examples.iter().collect();
    let model = start().train();
    let objective = Objective {
        encoder: MarkerEncoder::Factorized,
        nil_weight: 0.1,
    };
    let loss = |own: &[&Labeled<MarkerRow>]| {
        let off = DropoutContext::default();
        model.loss(own, &objective, &off).unwrap()
    };
    let whole = loss(&all);
    // 69 spans, 10 of them entities.
    assert!((whole.weight - 15.9).abs() < 1e-9, "{}", whole.weight);
    let expected = Gradients::of(&whole.mean, &model).unwrap();
    let mut found = Gradients::new();
    // The fourth sentence has no entity.
    for part in [&all[..3], &all[3..4], &all[4..]] {
        let part = loss(part);
        let share = part.mean.mul_scalar(part.weight / whole.weight);
        found.accumulate(Gradients::of(&share, &model).unwrap());
    }
    for path in expected.paths() {
        let one = expected.get(path).unwrap();
        let other = found.get(path).unwrap();
        for (a, b) in one.iter().zip(&other) {
            assert!((a - b).abs() < 1e-5, "{path}: {a} {b}");
        }
    }
}

/// The norm of the gradient of the only step over all sentences.
fn norm(batch_size: usize, accumulation: usize) -> f64 {
    let settings = FitSettings {
        epochs: 1,
        batch_size,
        accumulation,
        nil_weight: 0.1,
        ..settings()
    };
    let mut norm = None;
    let mut observer = |event: &Event<'_>| {
        if let Event::Step(step) = event {
            norm = step.grad_norm;
        }
        ControlFlow::Continue(())
    };
    let (_, report) = fit(start(), &examples(), &settings, None, Some(&mut observer)).unwrap();
    assert_eq!(report.step, 1);
    norm.unwrap()
}

#[test]
fn a_step_of_many_batches_is_that_of_one() {
    let whole = norm(8, 1);
    let parts = norm(1, 8);
    assert!((whole - parts).abs() < 1e-4 * whole, "{whole} {parts}");
}

#[test]
fn a_batch_without_weight_is_left_out() {
    let settings = FitSettings {
        epochs: 1,
        batch_size: 1,
        nil_weight: 0.0,
        ..settings()
    };
    let (_, report) = fit(start(), &examples(), &settings, None, None).unwrap();
    assert_eq!((report.step, report.non_finite), (8, 0));
}
