//! The loop that classification and writing share.

use std::ops::ControlFlow;

use burn::tensor::Tensor;
use plm_core::text::{BatchBy, LengthBuckets};
use plm_core::train::{
    AdamWConfig, Evaluation, Event, Observer, Optimizer, StepContext, StepLoss, TrainConfig,
    TrainReport, Trainer,
};

use super::TuneSettings;
use super::history::{FILE, History};
use crate::source::PromptSource;
use crate::transfer::CurvePoint;
use crate::{Error, Result};

/// What training gives.
#[derive(Debug, Clone)]
pub struct Tuned<S> {
    /// The trained source, on the plain device: the best evaluation's, or the last where nothing was
    /// evaluated.
    pub source: S,
    /// How training ended.
    pub report: TrainReport,
    /// Scores on the development set, in order, those before a resumption included.
    pub curve: Vec<CurvePoint>,
    /// Mean loss of each line of the log, one every 10 steps, those before a resumption included.
    pub losses: Vec<CurvePoint>,
}

impl<S> Tuned<S> {
    /// A warning where no evaluation beat the first one: mostly a learning rate that is too small or
    /// too large, or too few steps.
    pub fn warning(&self) -> Option<String> {
        let (first, later) = self.curve.split_first()?;
        let better = |point: &CurvePoint| {
            point.score > first.score || first.score.is_nan() && !point.score.is_nan()
        };
        (!later.is_empty() && !later.iter().any(better)).then(|| {
            format!(
                "no evaluation beat the first one ({:.4} after {} steps); try another learning rate or \
                 more steps",
                first.score, first.step
            )
        })
    }
}

/// The function that scores a source on the plain device.
pub(super) type Score<'f, S> = &'f mut dyn FnMut(&S) -> Result<f64>;

/// Trains `source` by the loss that `step` gives for the examples at some rows; `lengths` are those of
/// all examples.
pub(super) fn learn<S: PromptSource>(
    source: S,
    lengths: Vec<usize>,
    settings: &TuneSettings,
    observer: Option<&mut dyn Observer>,
    mut step: impl FnMut(&S, &[usize], &StepContext) -> Result<Tensor<1>>,
    evaluate: Option<Score<'_, S>>,
) -> Result<Tuned<S>> {
    settings.check()?;
    let by = BatchBy::Count(settings.batch_size);
    let mut buckets = LengthBuckets::new(lengths, by, settings.seed.child("order"))?;
    let metrics = settings
        .checkpoint
        .as_ref()
        .map(|place| place.dir.join(FILE));
    let config = TrainConfig {
        seed: settings.seed.child("steps"),
        schedule: settings.schedule,
        max_grad_norm: settings.max_grad_norm,
        evaluate: settings.evaluate,
        evaluate_initial: settings.evaluate_initial,
        patience: settings.patience,
        restore_best: evaluate.is_some(),
        log_every: 10,
        metrics: metrics.clone(),
        checkpoint: settings.checkpoint.clone(),
        ..TrainConfig::new(settings.until)
    };
    let adamw = AdamWConfig {
        epsilon: settings.epsilon,
        ..AdamWConfig::default()
    };
    let optimizer = Optimizer::adamw(adamw, settings.lr).with_weight_decay(settings.weight_decay);
    let mut history = History::default();
    let mut record = |event: &Event<'_>| {
        match event {
            Event::Evaluated(found) => history.curve.push(CurvePoint {
                step: found.step,
                score: found.metric,
            }),
            Event::Logged(found) => history.losses.push(CurvePoint {
                step: found.step,
                score: found.loss,
            }),
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let mut trainer = Trainer::new(config, optimizer)?.with_observer(&mut record);
    if let Some(observer) = observer {
        trainer = trainer.with_observer(observer);
    }
    // The trainer's functions give the core's errors; ours wait here.
    let mut failure = None;
    let mut weigh = |source: &S, rows: Vec<usize>, context: &StepContext| {
        let loss = step(source, &rows, context);
        let loss = loss.map_err(|error| keep(error, &mut failure))?;
        Ok(StepLoss::new(loss, rows.len() as f64))
    };
    let mut refusal = None;
    let result = match evaluate {
        None => trainer.fit(source, &mut buckets, &mut weigh),
        Some(evaluate) => trainer.fit_evaluated(source, &mut buckets, &mut weigh, |source, _| {
            let score = evaluate(source).map_err(|error| keep(error, &mut refusal))?;
            Ok(Evaluation::new(score))
        }),
    };
    drop(trainer);
    if let Some(error) = failure.or(refusal) {
        return Err(error);
    }
    let (source, report) = result?;
    // The events are those of this process; the file has what came before as well.
    if let (Some(_), Some(path)) = (report.resumed_from, &metrics) {
        history = History::read(path)?;
    }
    Ok(Tuned {
        source: source.valid(),
        report,
        curve: history.curve,
        losses: history.losses,
    })
}

/// Puts `error` aside and gives the core's loop something to stop with.
fn keep(error: Error, place: &mut Option<Error>) -> plm_core::Error {
    match error {
        Error::Core(error) => error,
        other => {
            let text = other.to_string();
            *place = Some(other);
            plm_core::Error::invalid("prompt tuning", text)
        }
    }
}

#[cfg(test)]
mod tests {
    use plm_core::train::StopReason;

    use super::*;

    /// Whether a run with these scores is warned of.
    fn warned(scores: &[f64]) -> bool {
        let points = (0..)
            .zip(scores)
            .map(|(step, &score)| CurvePoint { step, score });
        let tuned = Tuned {
            source: (),
            report: TrainReport {
                step: 0,
                epoch: 0,
                best: None,
                stopped: StopReason::Completed,
                non_finite: 0,
                resumed_from: None,
                seconds: 0.0,
            },
            curve: points.collect(),
            losses: Vec::new(),
        };
        tuned.warning().is_some()
    }

    #[test]
    fn runs_whose_first_evaluation_is_not_beaten_are_warned_of() {
        assert!(warned(&[0.5, 0.5]) && warned(&[0.5, 0.4, f64::NAN]));
        assert!(!warned(&[0.5, 0.4, 0.6]) && !warned(&[0.5]) && !warned(&[]));
        // A score that is no number is beaten by any that is, and beats none.
        assert!(warned(&[f64::NAN, f64::NAN]) && !warned(&[f64::NAN, 0.5]));
    }
}
