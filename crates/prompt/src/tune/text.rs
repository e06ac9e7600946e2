//! Prompt tuning on tasks whose answer is a text.

use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::kernel;
use plm_core::models::loss::IGNORE_INDEX;
use plm_core::nn::DropoutMode;
use plm_core::text::{Batch, Padding};
use plm_core::train::Observer;

use super::classify::{check_prompt, enough_prompts};
use super::learn::{Score, learn};
use super::{Reduction, TuneSettings, Tuned};
use crate::mixed::{Mixed, check_texts, check_tokens, collate_ids};
use crate::model::{Pass, TextModel};
use crate::source::PromptSource;
use crate::task_set::check_side;
use crate::{Error, Result};

/// A text and what is to be written, as token ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextExample {
    /// Number of its task.
    pub task: usize,
    /// What the model reads.
    pub ids: Vec<u32>,
    /// What it writes, its end included, and with BART the `<s>` that it begins with.
    pub target: Vec<u32>,
}

/// Examples of tasks whose answer is a text.
#[derive(Debug, Clone)]
pub struct TextSet {
    examples: Vec<TextExample>,
    padding: Padding,
}

impl TextSet {
    /// These examples.
    ///
    /// # Errors
    /// [`Error::Empty`] without examples, or where one has no text or no target; [`Error::Setting`] for
    /// padding on the left.
    pub fn new(examples: Vec<TextExample>, padding: Padding) -> Result<Self> {
        check_side(&padding)?;
        let empty = |example: &TextExample| example.ids.is_empty() || example.target.is_empty();
        if examples.is_empty() || examples.iter().any(empty) {
            return Err(Error::Empty {
                what: "examples, or tokens of one",
            });
        }
        Ok(Self { examples, padding })
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        self.examples.len()
    }

    /// Whether there is none: never.
    pub fn is_empty(&self) -> bool {
        self.examples.is_empty()
    }

    /// The greatest of some number of the examples.
    fn most(&self, number: impl Fn(&TextExample) -> usize) -> usize {
        self.examples.iter().map(number).max().unwrap_or(0)
    }

    fn batch(&self, rows: &[usize], device: &Device) -> Result<TextBatch> {
        let picked: Vec<&TextExample> = rows.iter().map(|&row| &self.examples[row]).collect();
        let texts = picked.iter().map(|example| example.ids.as_slice());
        let text = collate_ids(texts, &self.padding, device)?;
        let width = picked.iter().map(|example| example.target.len()).max();
        let width = width.unwrap_or(0);
        let mut targets = vec![IGNORE_INDEX; rows.len() * width];
        for (row, example) in picked.iter().enumerate() {
            for (place, &id) in example.target.iter().enumerate() {
                targets[row * width + place] = i64::from(id);
            }
        }
        let tokens = picked.iter().map(|example| example.target.len()).sum();
        let tasks: Vec<usize> = picked.iter().map(|example| example.task).collect();
        let targets = TensorData::new(targets, [rows.len(), width]);
        Ok(TextBatch {
            text,
            targets: Tensor::from_data(targets, device),
            mixed: Mixed::of(&tasks, device),
            tokens,
        })
    }
}

struct TextBatch {
    text: Batch,
    /// `[batch, length]`.
    targets: Tensor<2, Int>,
    mixed: Mixed,
    /// Tokens of all targets.
    tokens: usize,
}

/// Trains `source` so that `model` writes the targets of `training`.
///
/// The loss is the cross-entropy of the targets' tokens over the whole vocabulary, smoothed as the
/// settings say. Scored is minus the mean loss on `dev`.
///
/// # Errors
/// As [`tune`](super::tune) but for the order of tasks and for scores: those that are not numbers are never
/// the best; [`Error::TargetTooLong`] where the model has no positions for the targets.
pub fn tune_text<M: TextModel, S: PromptSource>(
    model: &M,
    source: S,
    training: &TextSet,
    dev: Option<&TextSet>,
    settings: &TuneSettings,
    observer: Option<&mut dyn Observer>,
) -> Result<Tuned<S>> {
    for set in [Some(training), dev].into_iter().flatten() {
        check(model, &source, set)?;
    }
    let tracked = model.tracked();
    let device = tracked.device();
    let lengths = training
        .examples
        .iter()
        .map(|example| example.ids.len())
        .collect();
    let mut evaluate = dev.map(|dev| move |source: &S| score(model, source, dev, settings));
    learn(
        source,
        lengths,
        settings,
        observer,
        |source, rows, context| {
            let batch = training.batch(rows, &device)?;
            let Mixed { tasks, counts, .. } = &batch.mixed;
            let objective = source.objective(tasks, counts, context.dropout());
            let mode = settings.dropout_mode(context);
            objective.total(|prompts| loss(&tracked, prompts, &batch, settings, mode))
        },
        evaluate.as_mut().map(|evaluate| evaluate as Score<'_, S>),
    )
}

/// Refuses a source that has not a prompt for every task of `set`, or whose prompts, texts and targets the
/// model cannot read.
fn check<M: TextModel, S: PromptSource>(model: &M, source: &S, set: &TextSet) -> Result<()> {
    let last = set.most(|example| example.task);
    enough_prompts(source, last.saturating_add(1))?;
    let widest = set.padding.length(set.most(|example| example.ids.len()))?;
    let slots = check_prompt(model, source, set.examples[0].task, widest)?;
    // A batch may hold the longest text and the longest target.
    let tokens = set.most(|example| example.target.len());
    match model.target_room(slots, widest) {
        Some(limit) if tokens > limit => return Err(Error::TargetTooLong { tokens, limit }),
        _ => {}
    }
    let vocabulary = model.words().dims()[0];
    let texts = set.examples.iter().map(|example| example.ids.as_slice());
    check_texts(&texts.collect::<Vec<_>>(), &set.padding, vocabulary)?;
    let targets = set.examples.iter().flat_map(|example| &example.target);
    check_tokens("targets", targets.copied(), vocabulary)
}

fn loss<M: TextModel>(
    model: &M,
    prompts: Tensor<3>,
    batch: &TextBatch,
    settings: &TuneSettings,
    mode: DropoutMode,
) -> Tensor<1> {
    let prompts = batch.mixed.spread(prompts);
    let pass = Pass {
        dropout: mode.into(),
        ..Pass::default()
    };
    let scores = model.target_scores(prompts, &batch.text, batch.targets.clone(), &pass);
    let [places, _] = scores.dims();
    let targets = batch.targets.clone().reshape([places]);
    let smoothing = settings.label_smoothing;
    let mean = kernel::cross_entropy(scores, targets, Some(IGNORE_INDEX), smoothing);
    settings.reduction.of(mean, batch.tokens)
}

/// Minus the mean loss of `set`, every token counting alike.
fn score<M: TextModel, S: PromptSource>(
    model: &M,
    source: &S,
    set: &TextSet,
    settings: &TuneSettings,
) -> Result<f64> {
    let device = model.device();
    let rows: Vec<usize> = (0..set.len()).collect();
    let (mut sum, mut tokens) = (0.0, 0);
    let plain = TuneSettings {
        reduction: Reduction::Sum,
        ..settings.clone()
    };
    for rows in rows.chunks(settings.evaluation_batch) {
        let batch = set.batch(rows, &device)?;
        let prompts = source.prompts(&batch.mixed.tasks);
        let found: f32 = loss(model, prompts, &batch, &plain, DropoutMode::Off).into_scalar();
        sum += f64::from(found);
        tokens += batch.tokens;
    }
    Ok(-sum / tokens as f64)
}
