//! The tier on real models and public data.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use flate2::read::GzDecoder;
use plm_core::data::{JsonLines, LabeledLines, Lines, Table, TableFormat, TextEncoding};
use plm_core::metrics::{mean_std, spearman};
use plm_core::models::{
    EncoderForMaskedLM, EncoderForSequenceClassification, EncoderInput, EncoderModel, Pretrained,
    loss,
};
use plm_core::rng::Seed;
use plm_core::text::{
    EncodeOptions, Encoding, MlmMasking, Padding, Truncation, TruncationReport, collate,
};

use super::parity;
use crate::report::{Plot, Series};
use crate::repro::classify::{Labeled, Recipe, accuracy, predict, train};
use crate::repro::{Check, Context, Op, Outcome, Row};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let device = plm_core::device::parse(&context.device)?;
    let mut outcome = Outcome::default();
    reviews(context, &device, &mut outcome)?;
    similarity(context, &device, &mut outcome)?;
    sst2(context, &device, &mut outcome)?;
    Ok(outcome)
}

#[derive(serde::Deserialize)]
struct Review {
    text: String,
}

/// Masked-LM loss of plm-mini on reviews that were not in its training text.
fn reviews(context: &Context, device: &Device, outcome: &mut Outcome) -> Result<()> {
    let count: usize = context.settings.get("reviews", 1000)?;
    ensure!(
        count > 0,
        "`--set reviews=0`: at least one review is needed"
    );
    let model =
        Pretrained::<EncoderForMaskedLM>::load(context.root.join("models/plm-mini"), device)?;
    let tokenizer = model.tokenizer()?;
    let path = context.store.dir("imdb")?.join("test.jsonl.gz");
    let reader = BufReader::new(GzDecoder::new(File::open(&path)?));
    let mut texts = Vec::new();
    // The file holds one class after the other: take reviews from all over it.
    let all: Vec<Review> = JsonLines::<_, Review>::new(reader, &path).collect::<Result<_, _>>()?;
    ensure!(!all.is_empty(), "{}: no reviews", path.display());
    let stride = (all.len() / count).max(1);
    texts.extend(all.iter().step_by(stride).take(count).map(|review| {
        let text = review.text.replace("<br />", " ");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }));
    let options = EncodeOptions::new().with_truncation(Truncation::new(128));
    let batch = tokenizer.encode_batch(texts.iter().map(String::as_str), &options)?;
    report_truncation(outcome, "IMDB reviews", &batch.report, 128);
    let masking = MlmMasking::new(tokenizer)?;
    let padding = Padding::of(tokenizer)?;
    let mut rng = Seed::new(0).stream("mask");
    let (mut total, mut right, mut places) = (0.0, 0.0, 0.0);
    let bar = context
        .progress
        .bar(batch.encodings.len() as u64, "reviews");
    for chunk in batch.encodings.chunks(32) {
        let mut masked = chunk.to_vec();
        let (mut at, mut targets) = (Vec::new(), Vec::new());
        let collated = collate(chunk, &padding, device)?;
        let length = collated.ids.dims()[1];
        for (row, encoding) in masked.iter_mut().enumerate() {
            let drawn = masking.mask(encoding, &mut rng);
            encoding.ids = drawn.ids;
            at.extend(drawn.positions.iter().map(|&p| (row * length + p) as i64));
            targets.extend(drawn.targets.iter().map(|&t| i64::from(t)));
        }
        let collated = collate(&masked, &padding, device)?;
        let input = EncoderInput::ids(collated.ids).with_padding(collated.mask);
        let hidden = model.model.encoder.forward(&input).last_hidden_state;
        let at = Tensor::<1, Int>::from_data(TensorData::from(at.as_slice()), device);
        let gold = Tensor::<1, Int>::from_data(TensorData::from(targets.as_slice()), device);
        let logits = model.model.logits_at(hidden, at, None);
        let hits = logits
            .clone()
            .argmax(1)
            .reshape([targets.len()])
            .equal(gold.clone());
        let hits: f32 = hits.float().sum().into_scalar();
        let mean: f32 = loss::cross_entropy(logits, gold).into_scalar();
        total += f64::from(mean) * targets.len() as f64;
        right += f64::from(hits);
        places += targets.len() as f64;
        bar.inc(chunk.len() as u64);
    }
    let (mean, top1) = (total / places, right / places);
    outcome
        .rows
        .push(Row::new("imdb.mlm", "loss in nats", mean));
    outcome
        .rows
        .push(Row::new("imdb.mlm", "top-1 accuracy", top1));
    outcome
        .checks
        .push(Check::new("mlm_loss_imdb_test", mean, Op::Le, 3.1));
    outcome
        .checks
        .push(Check::new("mlm_top1_imdb_test", top1, Op::Ge, 0.43));
    Ok(())
}

/// Agreement with transformers, and rank correlation with human judgements of similarity on SICK.
fn similarity(context: &Context, device: &Device, outcome: &mut Outcome) -> Result<()> {
    let path = context
        .store
        .dir("sick")?
        .join("SICK/SICK_test_annotated.txt");
    let mut table = Table::new(
        BufReader::new(File::open(&path)?),
        &path,
        TableFormat::tsv().with_header(true),
    )?;
    let first = table.column("sentence_A")?;
    let second = table.column("sentence_B")?;
    let score = table.column("relatedness_score")?;
    let (mut left, mut right, mut gold) = (Vec::new(), Vec::new(), Vec::new());
    for row in &mut table {
        let row = row?;
        left.push(row.fields[first].clone());
        right.push(row.fields[second].clone());
        let text = &row.fields[score];
        gold.push(
            text.parse::<f64>().with_context(|| {
                format!("{}:{}: `{text}` is no score", path.display(), row.line)
            })?,
        );
    }
    let mut scatter = Vec::new();
    for (asset, id) in [("minilm-l6", "minilm"), ("mpnet-base", "mpnet")] {
        let model = Pretrained::<EncoderModel>::load(context.store.dir(asset)?, device)?;
        if id == "minilm" {
            let file = context.root.join("xtask/fixtures/core/minilm.safetensors");
            let stored = parity::read(&file, "last_hidden_state")?;
            let difference = parity::encoder(&model, &stored, device)?;
            let check = Check::new("minilm_parity_max_abs", difference, Op::Le, 1e-4);
            outcome.checks.push(check);
        }
        let a = embed(context, &model, &left, device, id)?;
        let b = embed(context, &model, &right, device, id)?;
        let cosines: Vec<f64> = a
            .iter()
            .zip(&b)
            .map(|(a, b)| a.iter().zip(b).map(|(x, y)| f64::from(x * y)).sum())
            .collect();
        let rho = spearman(&cosines, &gold)?;
        outcome
            .rows
            .push(Row::new(format!("sick.{id}"), "Spearman", rho));
        if id == "minilm" {
            outcome
                .checks
                .push(Check::new("sick_spearman", rho, Op::Ge, 0.7));
            scatter = gold.iter().copied().zip(cosines).collect();
        }
    }
    outcome.plots.push(Plot::scatter(
        "sick",
        "SICK test: cosine of MiniLM sentence vectors against human relatedness",
        "relatedness",
        "cosine",
        vec![Series::new("pairs", scatter)],
    ));
    Ok(())
}

/// Mean-pooled sentence vectors of length 1, in the order of `texts`.
fn embed(
    context: &Context,
    model: &Pretrained<EncoderModel>,
    texts: &[String],
    device: &Device,
    label: &str,
) -> Result<Vec<Vec<f32>>> {
    let tokenizer = model.tokenizer()?;
    let padding = Padding::of(tokenizer)?;
    let encoded =
        tokenizer.encode_batch(texts.iter().map(String::as_str), &EncodeOptions::new())?;
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|&index| encoded.encodings[index].len());
    let bar = context.progress.bar(texts.len() as u64, label);
    let mut vectors = vec![Vec::new(); texts.len()];
    for rows in order.chunks(64) {
        let chunk: Vec<Encoding> = rows
            .iter()
            .map(|&row| encoded.encodings[row].clone())
            .collect();
        let batch = collate(&chunk, &padding, device)?;
        let input = EncoderInput::ids(batch.ids).with_padding(batch.mask.clone());
        let hidden = model.model.forward(&input).last_hidden_state;
        let pooled = mean_pool(hidden, batch.mask);
        let width = pooled.dims()[1];
        let values: Vec<f32> = pooled
            .into_data()
            .convert::<f32>()
            .try_to_vec()
            .map_err(|error| anyhow::anyhow!("{error:?}"))?;
        for (&row, vector) in rows.iter().zip(values.chunks_exact(width)) {
            vectors[row] = vector.to_vec();
        }
        bar.inc(rows.len() as u64);
    }
    Ok(vectors)
}

/// The mean of the vectors that are no padding, scaled to length 1.
fn mean_pool(hidden: Tensor<3>, padding: Tensor<2, Bool>) -> Tensor<2> {
    let keep = padding.bool_not().float().unsqueeze_dim::<3>(2);
    let sum: Tensor<2> = (hidden * keep.clone()).sum_dim(1).squeeze_dim(1);
    let count: Tensor<2> = keep.sum_dim(1).squeeze_dim(1);
    let mean = sum / count;
    let norm = mean.clone().square().sum_dim(1).sqrt();
    mean / norm
}

/// MiniLM fine-tuned on SST-2.
fn sst2(context: &Context, device: &Device, outcome: &mut Outcome) -> Result<()> {
    let recipe = Recipe {
        epochs: context.settings.get("epochs", 2)?,
        batch_size: 32,
        lr: context.settings.get("lr", 5e-5)?,
        evaluation_batch: 64,
    };
    let folder = context.store.dir("minilm-l6")?;
    let data = context.store.dir("sentconv")?;
    let mut accuracies = Vec::new();
    let mut curves = Vec::new();
    for &number in &context.seeds {
        let seed = Seed::new(number);
        let model = Pretrained::<EncoderForSequenceClassification>::load_with_new_head(
            &folder, 2, seed, device,
        )?;
        let tokenizer = model.tokenizer()?;
        let padding = Padding::of(tokenizer)?;
        let read = |name: &str, outcome: &mut Outcome| -> Result<Vec<Labeled>> {
            let path = data.join(name);
            let (texts, labels) = read_sentences(&path)?;
            let options = EncodeOptions::new().with_truncation(Truncation::new(128));
            let batch = tokenizer.encode_batch(texts.iter().map(String::as_str), &options)?;
            if number == context.seeds[0] {
                report_truncation(outcome, name, &batch.report, 128);
            }
            Ok(batch
                .encodings
                .into_iter()
                .zip(labels)
                .map(|(encoding, label)| Labeled { encoding, label })
                .collect())
        };
        let training = read("stsa.binary.train", outcome)?;
        let test = read("stsa.binary.test", outcome)?;
        let bar = context.progress.bar(1, &format!("sst-2, seed {number}"));
        let (trained, losses) = train(
            model.model,
            &training,
            &padding,
            &recipe,
            seed,
            device,
            &bar,
        )?;
        let predicted = predict(&trained, &test, &padding, &recipe, device)?;
        accuracies.push(accuracy(&test, &predicted)?);
        curves.push(Series::new(
            format!("seed {number}"),
            losses
                .iter()
                .enumerate()
                .map(|(epoch, &loss)| ((epoch + 1) as f64, loss))
                .collect(),
        ));
    }
    outcome
        .rows
        .push(Row::over_seeds("sst2.minilm", "accuracy", &accuracies));
    let mean = mean_std(&accuracies)?.mean;
    outcome
        .checks
        .push(Check::new("sst2_accuracy_mean", mean, Op::Ge, 0.87));
    outcome.plots.push(Plot::lines(
        "sst2_loss",
        "MiniLM on SST-2: training loss",
        "epoch",
        "cross-entropy",
        curves,
    ));
    Ok(())
}

/// Sentences and classes of a file with lines `CLASS sentence`.
fn read_sentences(path: &Path) -> Result<(Vec<String>, Vec<usize>)> {
    let reader = BufReader::new(File::open(path)?);
    let lines = LabeledLines::new(Lines::new(reader, path).with_encoding(TextEncoding::Utf8));
    let (mut texts, mut labels) = (Vec::new(), Vec::new());
    for line in lines {
        let line = line?;
        let label = match line.label.as_str() {
            "0" => 0,
            "1" => 1,
            other => anyhow::bail!("{}:{}: class `{other}`", path.display(), line.line),
        };
        texts.push(line.text);
        labels.push(label);
    }
    Ok((texts, labels))
}

fn report_truncation(outcome: &mut Outcome, what: &str, report: &TruncationReport, limit: usize) {
    outcome.notes.push(format!(
        "{what}: {} of {} texts cut to {limit} tokens, {} tokens lost.",
        report.truncated, report.inputs, report.tokens_lost
    ));
}
