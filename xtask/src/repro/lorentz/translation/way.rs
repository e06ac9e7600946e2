//! The two geometries, and what is the same for both.

use std::ops::ControlFlow;
use std::time::Instant;

use anyhow::Result;
use burn::tensor::Device;

use plm_lorentz::task::translation::{
    Evaluation, TokenPair, TrainSettings, Translator, evaluate, train,
};

/// A kind of translator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    Lorentz,
    Euclidean,
}

impl Way {
    pub(super) const BOTH: [Self; 2] = [Self::Lorentz, Self::Euclidean];

    /// Its name in ids of rows.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Lorentz => "lorentz",
            Self::Euclidean => "euclidean",
        }
    }
}

/// When training is measured, and when it may end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watch {
    /// Steps between two measurements.
    pub(super) every: u64,
    /// Training ends with the first measurement of at least this token accuracy.
    pub(super) enough: f64,
    /// Sequences measured at once.
    pub(super) batch: usize,
}

/// A trained translator, on the plain device, and its way there.
#[derive(Debug)]
pub(super) struct Trained<M> {
    pub(super) model: M,
    pub(super) steps: u64,
    /// Measurements on held-out pairs by step.
    pub(super) curve: Vec<(u64, Evaluation)>,
    /// Seconds of a step, measurements left out.
    pub(super) step_seconds: f64,
}

/// Trains a model and measures it on `held` on the way.
pub(super) fn learn<M: Translator>(
    model: M,
    [pairs, held]: [&[TokenPair]; 2],
    settings: &TrainSettings,
    watch: Watch,
    device: &Device,
    mut hear: impl FnMut(u64),
) -> Result<Trained<M>> {
    let mut curve = Vec::new();
    let mut measuring = 0.0;
    let mut steps = 0;
    let start = Instant::now();
    let model = train(
        model,
        pairs,
        settings,
        &device.clone().autodiff(),
        |progress| {
            steps = progress.step;
            hear(steps);
            if steps % watch.every != 0 && steps != settings.steps {
                return Ok(ControlFlow::Continue(()));
            }
            let begin = Instant::now();
            let found = evaluate(&progress.model.valid(), held, watch.batch, device)?;
            measuring += begin.elapsed().as_secs_f64();
            curve.push((steps, found));
            Ok(if found.token_accuracy >= watch.enough {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        },
    )?;
    Ok(Trained {
        model: model.valid(),
        steps,
        curve,
        step_seconds: (start.elapsed().as_secs_f64() - measuring) / steps as f64,
    })
}
