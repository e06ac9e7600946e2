//! The training itself.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::checkpoint::SaveOptions;
use plm_core::config::EncoderConfig;
use plm_core::kernel::Activation;
use plm_core::models::{EncoderForMaskedLM, EncoderInput, Pretrained, loss};
use plm_core::nn::DropoutMode;
use plm_core::rng::Seed;
use plm_core::text::{MlmMasking, SpecialToken, Tokenizer, WordPieceTraining};
use plm_core::train::{
    AdamWConfig, CheckpointConfig, Evaluation, EvaluationContext, Event, Every, Goal, Optimizer,
    Schedule, StepContext, StepLoss, TrainConfig, Trainer, Until,
};
use serde_json::Value;

use super::windows::Windows;
use super::{Arguments, corpus};
use crate::report::{Plot, Series};
use crate::repro::Progress;
use crate::workspace::write_atomic;

/// Trains and saves; tells `say` what a person wants to know.
pub(crate) fn run(arguments: &Arguments, say: &dyn Fn(&str)) -> Result<()> {
    let device = plm_core::device::parse(&arguments.device)?;
    let seed = Seed::new(arguments.seed);
    let documents = corpus::read(&arguments.texts, seed)?;
    let model = start(arguments, &documents, seed, &device)?;
    let tokenizer = model.tokenizer()?.clone();
    let stream = corpus::encode(&documents, &tokenizer)?;
    say(&format!(
        "{} documents, {} tokens",
        documents.len(),
        stream.len()
    ));
    ensure!(
        stream.len() > 2 * arguments.held_out,
        "{} tokens of text are too few to hold out {}: see --held-out",
        stream.len(),
        arguments.held_out
    );
    ensure!(
        arguments.held_out + 1 >= arguments.length,
        "--held-out {}: fewer tokens than one window of --length {} takes",
        arguments.held_out,
        arguments.length
    );
    let (training, held_out) = stream.split_at(stream.len() - arguments.held_out);
    let trained = train(arguments, model.model, &tokenizer, training, held_out)?;
    let model = Pretrained {
        model: trained,
        ..model
    };
    let folder = arguments.out.join("model");
    model.save(&folder, &SaveOptions::new())?;
    let points = curve(&metrics(arguments))?;
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

/// Steps and held-out losses of all evaluations in the metrics at `path`.
fn curve(path: &Path) -> Result<Vec<(f64, f64)>> {
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

/// The model to begin with, with its tokenizer.
fn start(
    arguments: &Arguments,
    documents: &[String],
    seed: Seed,
    device: &Device,
) -> Result<Pretrained<EncoderForMaskedLM>> {
    if let Some(folder) = &arguments.init {
        let model = Pretrained::<EncoderForMaskedLM>::load(folder, device)?;
        let positions = model.settings()?.max_length();
        ensure!(
            arguments.length <= positions,
            "--length {}: the model in {} has positions for {positions} tokens",
            arguments.length,
            folder.display()
        );
        return Ok(model);
    }
    let tokenizer = match &arguments.tokenizer {
        Some(folder) => Tokenizer::from_dir(folder)?,
        None => WordPieceTraining {
            vocab_size: arguments.vocab_size,
            min_frequency: 3,
            lowercase: true,
            unused: 64,
            limit_alphabet: Some(200),
        }
        .train(documents.iter().map(String::as_str))?,
    };
    ensure!(
        arguments.width.is_multiple_of(arguments.heads),
        "--heads {} does not divide --width {}",
        arguments.heads,
        arguments.width
    );
    let config = EncoderConfig {
        hidden_size: arguments.width,
        num_hidden_layers: arguments.layers,
        num_attention_heads: arguments.heads,
        intermediate_size: arguments.intermediate,
        hidden_act: Activation::Relu,
        hidden_dropout_prob: 0.05,
        attention_probs_dropout_prob: 0.05,
        classifier_dropout: 0.05,
        max_position_embeddings: arguments.length.max(512),
        pad_token_id: tokenizer.require(SpecialToken::Pad)? as usize,
        ..EncoderConfig::bert(tokenizer.vocabulary_size())
    };
    let mut model = Pretrained::new(&config, seed.child("weights"), device);
    model.tokenizer = Some(tokenizer);
    Ok(model)
}

fn train(
    arguments: &Arguments,
    model: EncoderForMaskedLM,
    tokenizer: &Tokenizer,
    training: &[u32],
    held_out: &[u32],
) -> Result<EncoderForMaskedLM> {
    let seed = Seed::new(arguments.seed);
    let device = plm_core::device::parse(&arguments.device)?;
    let autodiff = device.clone().autodiff();
    let masking = MlmMasking::new(tokenizer)?;
    let first = tokenizer.require(SpecialToken::Cls)?;
    let (length, parts) = (arguments.length, parts(arguments)?);
    let part = arguments.batch / parts;
    let mut windows = Windows::new(training, first, length, part, seed.child("windows"))?;
    let replicas: Vec<Device> = (arguments.replicas.iter())
        .map(|name| plm_core::device::parse(name))
        .collect::<plm_core::Result<_>>()?;
    let mut checkpoint = CheckpointConfig::new(arguments.out.join("checkpoints"));
    checkpoint.every = Every::Steps(arguments.evaluate_every);
    let config = TrainConfig {
        seed: seed.child("steps"),
        schedule: Schedule::Linear {
            warmup: arguments.warmup,
            total: arguments.steps,
        },
        accumulation: parts,
        max_grad_norm: Some(1.0),
        log_every: 10,
        metrics: Some(metrics(arguments)),
        evaluate: Every::Steps(arguments.evaluate_every),
        evaluate_initial: true,
        goal: Goal::Minimize,
        checkpoint: Some(checkpoint),
        ..TrainConfig::new(Until::Steps(arguments.steps))
    };
    let adamw = AdamWConfig {
        beta_1: 0.9,
        beta_2: 0.98,
        epsilon: 1e-6,
    };
    let optimizer = Optimizer::adamw(adamw, arguments.lr).with_weight_decay(0.01);
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
    let mut trainer = Trainer::new(config, optimizer)?.with_observer(&mut observer);
    let step = |model: &EncoderForMaskedLM,
                device: &Device,
                batch: Vec<Vec<u32>>,
                context: &StepContext| {
        let step = Step::draw(&batch, &masking, context.seed.child("mask"), device)?;
        let (loss, _) = step.loss(model, context.dropout());
        Ok(StepLoss::new(loss, step.count as f64))
    };
    let evaluate = |model: &EncoderForMaskedLM, _: &EvaluationContext| {
        let (mut total, mut right, mut count) = (0.0, 0.0, 0.0);
        let windows: Vec<Vec<u32>> = held_out
            .chunks_exact(length - 1)
            .take(256)
            .map(|tokens| [&[first], tokens].concat())
            .collect();
        for (index, batch) in windows.chunks(32).enumerate() {
            let mask_seed = Seed::new(123).at(index as u64);
            let step = Step::draw(batch, &masking, mask_seed, &device)?;
            let (loss, hits) = step.loss(model, DropoutMode::Off);
            let loss: f32 = loss.into_scalar();
            let hits: f32 = hits.into_scalar();
            total += f64::from(loss) * step.count as f64;
            right += f64::from(hits);
            count += step.count as f64;
        }
        Ok(Evaluation::new(total / count).with("top1", right / count))
    };
    let (model, _) = if replicas.is_empty() {
        let step = |model: &_, batch, context: &_| step(model, &autodiff, batch, context);
        trainer.fit_evaluated(model, &mut windows, step, evaluate)?
    } else {
        trainer.fit_parallel_evaluated(model, &replicas, &mut windows, step, evaluate)?
    };
    bar.finish();
    Ok(model)
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

/// One batch with its noise.
struct Step {
    ids: Tensor<2, Int>,
    places: Tensor<1, Int>,
    targets: Tensor<1, Int>,
    count: usize,
}

impl Step {
    fn draw(
        windows: &[Vec<u32>],
        masking: &MlmMasking,
        seed: Seed,
        device: &Device,
    ) -> plm_core::Result<Self> {
        let length = windows[0].len();
        let mut rng = seed.rng();
        let (mut ids, mut places, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        for (row, window) in windows.iter().enumerate() {
            let masked = masking.mask_ids(window, None, &mut rng)?;
            ids.extend(masked.ids.iter().map(|&id| i64::from(id)));
            places.extend(
                masked
                    .positions
                    .iter()
                    .map(|&at| (row * length + at) as i64),
            );
            targets.extend(masked.targets.iter().map(|&id| i64::from(id)));
        }
        let count = places.len();
        Ok(Self {
            ids: Tensor::from_data(TensorData::new(ids, [windows.len(), length]), device),
            places: Tensor::from_data(TensorData::new(places, [count]), device),
            targets: Tensor::from_data(TensorData::new(targets, [count]), device),
            count,
        })
    }

    /// Mean loss at the masked places, and how many are right.
    fn loss(&self, model: &EncoderForMaskedLM, dropout: DropoutMode) -> (Tensor<1>, Tensor<1>) {
        let input = EncoderInput::ids(self.ids.clone()).with_dropout(dropout);
        let hidden = model.encoder.forward(&input).last_hidden_state;
        let logits = model.logits_at(hidden, self.places.clone(), None);
        let best = logits.clone().detach().argmax(1).reshape([self.count]);
        let hits = best.equal(self.targets.clone()).float().sum();
        (loss::cross_entropy(logits, self.targets.clone()), hits)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn windows_longer_than_the_model_to_go_on_from_are_refused() {
        let mini = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/plm-mini");
        let device = plm_core::device::parse("flex").unwrap();
        let begin = |length: &str| {
            let words = ["pretrain", "a.txt", "--out", "b", "--init", mini];
            let words = words.into_iter().chain(["--length", length]);
            let line = Line::parse_from(words);
            start(&line.arguments, &[], Seed::new(1), &device)
        };
        assert!(begin("512").is_ok());
        let text = begin("513").unwrap_err().to_string();
        assert!(
            text.contains("--length 513") && text.contains("512"),
            "{text}"
        );
    }

    #[test]
    fn the_curve_is_that_of_all_evaluations_on_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let lines = "{\"kind\":\"evaluation\",\"step\":0,\"metric\":8.5}\n\
                     {\"kind\":\"log\",\"step\":10,\"loss\":7.0}\n\
                     {\"kind\":\"evaluation\",\"step\":20,\"metric\":6.25}\n";
        fs::write(&path, lines).unwrap();
        assert_eq!(curve(&path).unwrap(), [(0.0, 8.5), (20.0, 6.25)]);
        fs::write(&path, format!("{lines}{{")).unwrap();
        let text = format!("{:#}", curve(&path).unwrap_err());
        assert!(text.contains("metrics.jsonl:4"), "{text}");
    }
}
