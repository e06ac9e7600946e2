//! The paper's own model: T5 on SST-2, without fine-tuning.
//!
//! T5 saw SST-2 in its pre-training mixture, so the released model classifies it as it is: the input
//! is `sst2 sentence: …`, and of the decoder's first scores those of `positive` and `negative` are
//! compared.
//!
//! Layers are captured over as many training sentences as the original records, 10,000; a decoder layer
//! reads one token of each. Of the encoder's tokens the first 20,000 are kept, the original keeps all.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use burn::tensor::{Device, Int, Tensor};
use plm_core::data::{GlueReader, GlueTask, Target};
use plm_core::models::{EncoderInput, Pretrained, Seq2SeqInput, Stack, T5ForConditionalGeneration};
use plm_core::nn::Ffn;
use plm_core::rng::Seed;
use plm_core::text::{Batch, EncodeOptions, Encoding, Padding, Truncation, collate};
use plm_moe::{Capture, MoeConfig, MoeLayer, RouterKind, SplitKind, convert, with_experts};

use super::grid::{PAPER_SHARE, router};
use crate::repro::{Check, Context, Op, Outcome, Row};

/// Tokens of the words that T5 was trained to answer with.
const POSITIVE: i64 = 1465;
const NEGATIVE: i64 = 2841;

/// The model with a reported figure, and its share of the experts: 20 of 96.
const REPORTED_MODEL: &str = "t5-base";
const REPORTED_SHARE: f64 = 20.0 / 96.0;

/// Validation sentences.
const SENTENCES: usize = 872;

/// Right answers of [`REPORTED_MODEL`] with the best experts.
const REPORTED: f64 = 815.0;
const SOURCE: &str =
    "a user's run of the original code with t5-base, clusters and true contributions";

const BATCH: usize = 16;

struct Sentence {
    encoding: Encoding,
    positive: bool,
}

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let device = plm_core::device::parse(&context.device)?;
    let folder = context.folder("model")?;
    let data = context.store.dir("glue-sst2")?.join("SST-2");
    let model = Pretrained::<T5ForConditionalGeneration>::load(&folder, &device)?;
    // In this distribution, GLUE's 872 validation sentences are the test file.
    let test = read(&data.join("test.tsv"), &model, usize::MAX)?;
    ensure!(
        test.len() == SENTENCES,
        "{}: {} sentences instead of {SENTENCES}",
        data.join("test.tsv").display(),
        test.len()
    );
    let training = read(
        &data.join("train.tsv"),
        &model,
        context.settings.get("examples", 10_000)?,
    )?;
    let padding = Padding::of(model.tokenizer()?)?;
    let model = model.model;

    let mut outcome = Outcome::default();
    let dense = right(context, &model, &test, &padding, &device, "dense")?;
    let count = test.len() as f64;
    outcome
        .rows
        .push(Row::new("sst2.dense", "accuracy", dense / count));
    let capture = captured(context, &model, &training, &padding, &device)?;
    let has_figure = folder.ends_with(REPORTED_MODEL);
    for kind in ["groundtruth", "mlp"] {
        let config = MoeConfig {
            split: SplitKind::Cluster,
            router: router(
                kind,
                context.settings.get("router_epochs", 30)?,
                Seed::new(0),
            )?,
            share: if has_figure {
                REPORTED_SHARE
            } else {
                PAPER_SHARE
            },
            ..MoeConfig::default()
        };
        let k = config.k(model.model.config.d_ff / config.expert_size)?;
        let id = format!("sst2.cluster.{kind}.k{k}");
        let bar = context.progress.bar(capture.layers() as u64, kind);
        let converted = convert(model.clone(), &capture, &config, |_, _: &MoeLayer| {
            bar.inc(1)
        })?;
        let experts = with_experts(model.clone(), &converted.layers);
        let found = right(context, &experts, &test, &padding, &device, kind)?;
        let row = Row::new(id.as_str(), "accuracy", found / count);
        let own = has_figure && matches!(config.router, RouterKind::Groundtruth);
        outcome.rows.push(if own {
            let distance = (found - REPORTED).abs();
            let check = Check::new("right_answers_off_the_reported_815", distance, Op::Le, 4.0);
            outcome.checks.push(check);
            row.published(REPORTED / SENTENCES as f64, SOURCE)
        } else {
            row
        });
        let relative = found / dense;
        outcome
            .rows
            .push(Row::new(id, "relative accuracy", relative));
        outcome.checks.push(Check::new(
            format!("relative_accuracy_{kind}"),
            relative,
            Op::Ge,
            0.95,
        ));
    }
    Ok(outcome)
}

/// Sentences of a GLUE file, as T5 reads them.
fn read(
    path: &Path,
    model: &Pretrained<T5ForConditionalGeneration>,
    count: usize,
) -> Result<Vec<Sentence>> {
    let tokenizer = model.tokenizer()?;
    let options = EncodeOptions::new().with_truncation(Truncation::new(512));
    let file = BufReader::new(File::open(path).with_context(|| path.display().to_string())?);
    let mut sentences = Vec::new();
    for example in GlueReader::labeled(file, path, GlueTask::Sst2)?.take(count) {
        let example = example?;
        let text = format!("sst2 sentence: {}", example.text);
        sentences.push(Sentence {
            encoding: tokenizer.encode(text.as_str(), &options)?,
            positive: example.target == Some(Target::Class(1)),
        });
    }
    ensure!(!sentences.is_empty(), "{}: no sentences", path.display());
    Ok(sentences)
}

fn batch(sentences: &[Sentence], padding: &Padding, device: &Device) -> Result<Batch> {
    let encodings: Vec<Encoding> = sentences
        .iter()
        .map(|sentence| sentence.encoding.clone())
        .collect();
    Ok(collate(&encodings, padding, device)?)
}

/// What both stacks read: the decoder the start token alone.
fn input(batch: &Batch, start: usize, device: &Device) -> Seq2SeqInput {
    let rows = batch.ids.dims()[0];
    let decoder = Tensor::<2, Int>::full([rows, 1], start as i64, device);
    let encoder = EncoderInput::ids(batch.ids.clone()).with_padding(batch.mask.clone());
    Seq2SeqInput::new(encoder, EncoderInput::ids(decoder))
}

/// How many sentences are classified rightly.
fn right<F: Ffn>(
    context: &Context,
    model: &T5ForConditionalGeneration<F>,
    sentences: &[Sentence],
    padding: &Padding,
    device: &Device,
    label: &str,
) -> Result<f64> {
    let bar = context.progress.bar(sentences.len() as u64, label);
    let words = Tensor::<1, Int>::from_data([POSITIVE, NEGATIVE], device);
    let start = model.model.config.decoder_start_token_id;
    let mut count = 0;
    for sentences in sentences.chunks(BATCH) {
        let batch = batch(sentences, padding, device)?;
        let output = model.model.forward(&input(&batch, start, device));
        let places = Tensor::arange(0..sentences.len() as i64, device);
        let hidden = output.decoder.last_hidden_state;
        let scores = model.logits_at(hidden, places, Some(words.clone()));
        let scores: Vec<f32> = scores.into_data().iter::<f32>().collect();
        count += sentences
            .iter()
            .zip(scores.chunks_exact(2))
            .filter(|(sentence, scores)| (scores[0] > scores[1]) == sentence.positive)
            .count();
        bar.inc(sentences.len() as u64);
    }
    Ok(count as f64)
}

/// What all feed-forward layers read over `sentences`.
fn captured(
    context: &Context,
    model: &T5ForConditionalGeneration,
    sentences: &[Sentence],
    padding: &Padding,
    device: &Device,
) -> Result<Capture> {
    let bar = context.progress.bar(sentences.len() as u64, "capture");
    let config = &model.model.config;
    let mut capture = Capture::new(context.settings.get("tokens", 20_000)?);
    for sentences in sentences.chunks(BATCH) {
        let batch = batch(sentences, padding, device)?;
        let mut input = input(&batch, config.decoder_start_token_id, device);
        input.encoder.taps = Capture::taps(config.num_layers);
        input.decoder.taps = Capture::taps(config.num_decoder_layers);
        let output = model.model.forward(&input);
        capture.add(Stack::Encoder, &output.encoder.tapped, &batch.visible())?;
        let all = vec![true; sentences.len()];
        capture.add(Stack::Decoder, &output.decoder.tapped.own, &all)?;
        bar.inc(sentences.len() as u64);
    }
    Ok(capture)
}
