//! The training itself.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use burn::tensor::Device;
use plm_core::checkpoint::SaveOptions;
use plm_core::models::{EncoderForMaskedLM, Pretrained};
use plm_core::nn::DropoutMode;
use plm_core::rng::Seed;
use plm_core::train::{
    AdamWConfig, Batches as _, CheckpointConfig, Evaluation, EvaluationContext, Event, Every, Goal,
    Optimizer, Schedule, StepContext, StepLoss, TrainConfig, Trainer, Until,
};
use serde_json::Value;

use super::Arguments;
use super::masked::MaskedWindows;
use super::start::Start;
use crate::report::{Plot, Series};
use crate::repro::Progress;
use crate::workspace::write_atomic;

/// Of the moments of AdamW, and its weight decay.
pub(crate) const ADAMW: AdamWConfig = AdamWConfig {
    beta_1: 0.9,
    beta_2: 0.98,
    epsilon: 1e-6,
};
pub(crate) const WEIGHT_DECAY: f64 = 0.01;
/// Largest norm of the gradient of a step.
pub(crate) const MAX_GRAD_NORM: f64 = 1.0;

/// Trains and saves; tells `say` what a person wants to know.
pub(crate) fn run(arguments: &Arguments, say: &dyn Fn(&str)) -> Result<()> {
    let start = Start::new(arguments, say)?;
    let trained = train(arguments, &start)?;
    let model = Pretrained {
        model: trained,
        ..start.model
    };
    let folder = arguments.out.join("model");
    model.save(&folder, &SaveOptions::new())?;
    let points = curve(arguments)?;
    if !points.is_empty() {
        let plot = Plot::lines(
            "loss",
            "Masked-LM loss on held-out text",
            "step",
            "loss in nats",
            vec![Series::new("held out", points)],
        );
        write_atomic(&arguments.out.join("loss.svg"), &plot.svg()?)?;
    }
    say(&format!("saved {}", folder.display()));
    Ok(())
}

/// Where the run writes its metrics, those of the sessions before a resume included.
fn metrics(arguments: &Arguments) -> PathBuf {
    arguments.out.join("metrics.jsonl")
}

/// Steps and held-out losses of all evaluations of the run so far.
pub(crate) fn curve(arguments: &Arguments) -> Result<Vec<(f64, f64)>> {
    evaluations(&metrics(arguments))
}

/// Steps and held-out losses of all evaluations in the metrics at `path`.
fn evaluations(path: &Path) -> Result<Vec<(f64, f64)>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut points = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let record: Value = serde_json::from_str(line)
            .with_context(|| format!("{}:{}", path.display(), index + 1))?;
        if record["kind"] == "evaluation"
            && let (Some(step), Some(loss)) = (record["step"].as_f64(), record["metric"].as_f64())
        {
            points.push((step, loss));
        }
    }
    Ok(points)
}

/// Trains the model of `start` and writes its metrics and checkpoints.
pub(crate) fn train(arguments: &Arguments, start: &Start) -> Result<EncoderForMaskedLM> {
    let device = plm_core::device::parse(&arguments.device)?;
    let autodiff = device.clone().autodiff();
    let masking = start.masking()?;
    let held_out = start.held_out(arguments)?;
    let parts = parts(arguments)?;
    let mut windows = start.windows(arguments, arguments.batch / parts)?;
    let replicas: Vec<Device> = (arguments.replicas.iter())
        .map(|name| plm_core::device::parse(name))
        .collect::<plm_core::Result<_>>()?;
    let optimizer = Optimizer::adamw(ADAMW, arguments.lr).with_weight_decay(WEIGHT_DECAY);
    let progress = Progress::default();
    let bar = progress.bar(arguments.steps, "pretrain");
    let mut observer = |event: &Event<'_>| {
        match event {
            Event::Started { step, .. } => bar.set_position(*step),
            Event::Step(_) => bar.inc(1),
            Event::Evaluated(record) => {
                bar.set_message(format!("held-out loss {:.3}", record.metric));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let config = settings(arguments, parts);
    let mut trainer = Trainer::new(config, optimizer)?.with_observer(&mut observer);
    let step = |model: &EncoderForMaskedLM,
                device: &Device,
                batch: Vec<Vec<u32>>,
                context: &StepContext| {
        let batch = MaskedWindows::draw(&batch, &masking, noise(context.seed))?;
        let (loss, _) = batch.loss(model, context.dropout(), device);
        Ok(StepLoss::new(loss, batch.count() as f64))
    };
    let evaluate = |model: &EncoderForMaskedLM, _: &EvaluationContext| {
        let (mut total, mut right, mut count) = (0.0, 0.0, 0.0);
        for batch in &held_out {
            let (loss, hits) = batch.loss(model, DropoutMode::Off, &device);
            let loss: f32 = loss.into_scalar();
            let hits: f32 = hits.into_scalar();
            total += f64::from(loss) * batch.count() as f64;
            right += f64::from(hits);
            count += batch.count() as f64;
        }
        Ok(Evaluation::new(total / count).with("top1", right / count))
    };
    let model = start.model.model.clone();
    let (model, _) = if replicas.is_empty() {
        let step = |model: &_, batch, context: &_| step(model, &autodiff, batch, context);
        trainer.fit_evaluated(model, &mut windows, step, evaluate)?
    } else {
        trainer.fit_parallel_evaluated(model, &replicas, &mut windows, step, evaluate)?
    };
    bar.finish();
    Ok(model)
}

/// The settings of a run whose steps are worked on in so many parts.
fn settings(arguments: &Arguments, parts: usize) -> TrainConfig {
    let mut checkpoint = CheckpointConfig::new(arguments.out.join("checkpoints"));
    checkpoint.every = Every::Steps(arguments.evaluate_every);
    TrainConfig {
        seed: Seed::new(arguments.seed).child("steps"),
        schedule: Schedule::Linear {
            warmup: arguments.warmup,
            total: arguments.steps,
        },
        accumulation: parts,
        max_grad_norm: Some(MAX_GRAD_NORM),
        log_every: 10,
        metrics: Some(metrics(arguments)),
        evaluate: Every::Steps(arguments.evaluate_every),
        evaluate_initial: true,
        goal: Goal::Minimize,
        checkpoint: Some(checkpoint),
        ..TrainConfig::new(Until::Steps(arguments.steps))
    }
}

/// The seed of a batch's noise.
fn noise(step: Seed) -> Seed {
    step.child("mask")
}

/// The batches of a run that works on its steps as a whole, in their order.
pub(crate) fn batches(arguments: &Arguments, start: &Start) -> Result<Vec<MaskedWindows>> {
    let masking = start.masking()?;
    let mut windows = start.windows(arguments, arguments.batch)?;
    let seed = settings(arguments, 1).seed;
    let mut batches = Vec::new();
    while (batches.len() as u64) < arguments.steps {
        // The end of an epoch is no batch.
        if let Some(batch) = windows.next_batch()? {
            let seed = noise(seed.at(batches.len() as u64).at(0));
            batches.push(MaskedWindows::draw(&batch, &masking, seed)?);
        }
    }
    Ok(batches)
}

/// How many parts a step's windows are worked on in.
fn parts(arguments: &Arguments) -> Result<usize> {
    let parts = arguments.parts.unwrap_or(arguments.replicas.len().max(1));
    ensure!(
        parts > 0 && arguments.batch.is_multiple_of(parts),
        "--parts {parts} does not divide --batch {}",
        arguments.batch
    );
    ensure!(
        parts >= arguments.replicas.len(),
        "--parts {parts} leaves some of the {} replicas without work",
        arguments.replicas.len()
    );
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_is_that_of_all_evaluations_on_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let lines = "{\"kind\":\"evaluation\",\"step\":0,\"metric\":8.5}\n\
                     {\"kind\":\"log\",\"step\":10,\"loss\":7.0}\n\
                     {\"kind\":\"evaluation\",\"step\":20,\"metric\":6.25}\n";
        fs::write(&path, lines).unwrap();
        assert_eq!(evaluations(&path).unwrap(), [(0.0, 8.5), (20.0, 6.25)]);
        fs::write(&path, format!("{lines}{{")).unwrap();
        let text = format!("{:#}", evaluations(&path).unwrap_err());
        assert!(text.contains("metrics.jsonl:4"), "{text}");
    }
}
