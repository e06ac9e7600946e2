//! Fine-tuning a sequence classifier and measuring it.

use anyhow::Result;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use indicatif::ProgressBar;
use plm_core::models::{EncoderForSequenceClassification, EncoderInput, loss};
use plm_core::nn::Ffn;
use plm_core::rng::Seed;
use plm_core::text::{
    Batch, BatchBy, EncodeOptions, Encoding, LengthBuckets, Padding, Tokenizer, collate,
};
use plm_core::train::{
    AdamWConfig, Batches, Optimizer, Schedule, StepLoss, TrainConfig, Trainer, Until,
};

/// A text and its class.
pub(super) struct Labeled {
    pub(super) encoding: Encoding,
    pub(super) label: usize,
}

/// Texts with their classes, encoded.
pub(super) fn encode(tokenizer: &Tokenizer, texts: Vec<(String, usize)>) -> Result<Vec<Labeled>> {
    let encode = |(text, label): (String, usize)| {
        let encoding = tokenizer.encode(text.as_str(), &EncodeOptions::new())?;
        Ok(Labeled { encoding, label })
    };
    texts.into_iter().map(encode).collect()
}

/// How a classifier is trained.
pub(super) struct Recipe {
    pub(super) epochs: u64,
    pub(super) batch_size: usize,
    pub(super) lr: f64,
    /// Texts of one batch when measuring.
    pub(super) evaluation_batch: usize,
}

/// Trains with linear warm-up over a tenth of the steps, then linear decay.
///
/// Returns the trained model and the mean training loss of every epoch.
pub(super) fn train<F: Ffn>(
    model: EncoderForSequenceClassification<F>,
    examples: &[Labeled],
    padding: &Padding,
    recipe: &Recipe,
    seed: Seed,
    device: &Device,
    bar: &ProgressBar,
) -> Result<(EncoderForSequenceClassification<F>, Vec<f64>)> {
    let still = |_| ();
    train_with(model, examples, padding, recipe, seed, device, bar, still)
}

/// [`train`] that tells `before` the share of the steps done, before each step.
#[expect(clippy::too_many_arguments, reason = "those of `train` and one more")]
pub(super) fn train_with<F: Ffn>(
    model: EncoderForSequenceClassification<F>,
    examples: &[Labeled],
    padding: &Padding,
    recipe: &Recipe,
    seed: Seed,
    device: &Device,
    bar: &ProgressBar,
    before: impl Fn(f64),
) -> Result<(EncoderForSequenceClassification<F>, Vec<f64>)> {
    let lengths = examples
        .iter()
        .map(|example| example.encoding.len())
        .collect();
    let by = BatchBy::Count(recipe.batch_size);
    let mut buckets = LengthBuckets::new(lengths, by, seed.child("order"))?;
    let total = Batches::len(&buckets) as u64 * recipe.epochs;
    bar.set_length(total);
    let config = TrainConfig {
        seed: seed.child("steps"),
        schedule: Schedule::Linear {
            warmup: total / 10,
            total,
        },
        max_grad_norm: Some(1.0),
        ..TrainConfig::new(Until::Epochs(recipe.epochs))
    };
    let optimizer = Optimizer::adamw(AdamWConfig::default(), recipe.lr).with_weight_decay(0.01);
    let device = device.clone().autodiff();
    let mut losses = vec![(0.0, 0.0); recipe.epochs as usize];
    let (model, _) = Trainer::new(config, optimizer)?.fit(
        model,
        &mut buckets,
        |model: &EncoderForSequenceClassification<F>, rows: Vec<usize>, context| {
            before(bar.position() as f64 / total as f64);
            let (input, labels) = batch(examples, &rows, padding, &device)?;
            let logits = model.logits(&input.with_dropout(context.dropout()));
            let loss = loss::cross_entropy(logits, labels);
            let value: f32 = loss.clone().into_scalar();
            let sum = &mut losses[context.epoch as usize];
            *sum = (sum.0 + f64::from(value), sum.1 + 1.0);
            bar.inc(1);
            Ok(StepLoss::new(loss, rows.len() as f64))
        },
    )?;
    let losses = losses.iter().map(|(sum, count)| sum / count).collect();
    Ok((model.valid(), losses))
}

/// The predicted classes, in order.
pub(super) fn predict<F: Ffn>(
    model: &EncoderForSequenceClassification<F>,
    examples: &[Labeled],
    padding: &Padding,
    recipe: &Recipe,
    device: &Device,
) -> Result<Vec<usize>> {
    // Texts of like length together; the order is restored afterwards.
    let mut order: Vec<usize> = (0..examples.len()).collect();
    order.sort_by_key(|&index| examples[index].encoding.len());
    let mut predicted = vec![0; examples.len()];
    for rows in order.chunks(recipe.evaluation_batch) {
        let (input, _) = batch(examples, rows, padding, device)?;
        let logits = model.logits(&input);
        let classes = logits.argmax(1).into_data().convert::<i64>();
        let classes: Vec<i64> = classes
            .try_to_vec()
            .map_err(|error| plm_core::Error::invalid("classes", format!("{error:?}")))?;
        for (&row, class) in rows.iter().zip(classes) {
            predicted[row] = class as usize;
        }
    }
    Ok(predicted)
}

/// The rows as one batch, with their labels.
pub(super) fn batch(
    examples: &[Labeled],
    rows: &[usize],
    padding: &Padding,
    device: &Device,
) -> plm_core::Result<(EncoderInput, Tensor<1, Int>)> {
    let labels: Vec<i64> = rows.iter().map(|&row| examples[row].label as i64).collect();
    let input = input(collated(examples, rows, padding, device)?);
    let labels = Tensor::from_data(TensorData::from(labels.as_slice()), device);
    Ok((input, labels))
}

/// The texts of the rows as one batch.
pub(super) fn collated(
    examples: &[Labeled],
    rows: &[usize],
    padding: &Padding,
    device: &Device,
) -> plm_core::Result<Batch> {
    let encodings: Vec<Encoding> = rows
        .iter()
        .map(|&row| examples[row].encoding.clone())
        .collect();
    collate(&encodings, padding, device)
}

/// What a classifier reads of a batch.
pub(super) fn input(batch: Batch) -> EncoderInput {
    EncoderInput::ids(batch.ids)
        .with_padding(batch.mask)
        .with_token_types(batch.token_type_ids)
}

/// Share of predictions that are right.
pub(super) fn accuracy(examples: &[Labeled], predicted: &[usize]) -> Result<f64> {
    let gold: Vec<usize> = examples.iter().map(|example| example.label).collect();
    Ok(plm_core::metrics::accuracy(&gold, predicted)?)
}
