//! Training on pairs.

use std::ops::ControlFlow;

use burn::optim::GradientsParams;
use burn::tensor::Device;
use plm_core::check::positive;
use plm_core::models::loss::token_cross_entropy;
use plm_core::nn::DropoutMode;
use plm_core::rng::Seed;
use plm_core::text::{BatchBy, LengthBuckets};
use plm_core::train::Schedule;
use serde::{Deserialize, Serialize};

use super::batch::check_pairs;
use super::{TokenPair, TranslationBatch, Translator};
use crate::Result;
use crate::optim::{Clip, ManifoldOptimizer, ManifoldOptimizerConfig, NormKind};

/// How a translator is trained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainSettings {
    /// Updates.
    pub steps: u64,
    /// Size of a batch: pairs, or tokens of the longer side.
    pub batch: BatchBy,
    /// About how many batches of pairs are sorted by length together: more means less padding, and
    /// batches of one length each; 1 for none.
    pub stretch: usize,
    /// What the schedule's factor is multiplied by.
    pub learning_rate: f64,
    /// Factor of the learning rate at each update.
    pub schedule: Schedule,
    /// Riemannian Adam for points, Adam for everything else.
    pub optimizer: ManifoldOptimizerConfig,
    /// Of the order of pairs and of dropout.
    pub seed: Seed,
}

impl TrainSettings {
    /// The authors' recipe for IWSLT'14 but for sizes and steps: Noam's schedule over 6000 steps of
    /// warm-up times 5, gradients clipped to norm 0.5, batches of 10,240 tokens.
    pub fn new(steps: u64, d_model: usize, seed: Seed) -> Self {
        Self {
            steps,
            batch: BatchBy::Tokens(10_240),
            stretch: 50,
            learning_rate: 5.0,
            schedule: Schedule::Noam {
                width: d_model as u64,
                warmup: 6000,
            },
            optimizer: ManifoldOptimizerConfig {
                clip: Some(Clip {
                    max_norm: 0.5,
                    kind: NormKind::Ambient,
                }),
                ..ManifoldOptimizerConfig::default()
            },
            seed,
        }
    }
}

/// What is known after an update.
#[derive(Debug)]
pub struct Progress<'a, M> {
    /// The update's number, from 1.
    pub step: u64,
    /// Mean negative log-likelihood of a token of the batch, before the update.
    pub loss: f64,
    /// The model after it, on the autodiff device: measure `model.valid()`.
    pub model: &'a M,
}

/// Trains `model`, which must be on the autodiff device `device`, by the mean negative log-likelihood of
/// target tokens. `watch` hears of every update and may end the training.
///
/// The authors' code asks for label smoothing of 0.1 and then takes the plain likelihood, as here.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where a setting is out of range, there is no pair, a pair holds an id
/// that the model lacks or exceeds the batch's tokens or the model's length, or a loss is not finite; and what
/// `watch` returns.
pub fn train<M: Translator>(
    mut model: M,
    pairs: &[TokenPair],
    settings: &TrainSettings,
    device: &Device,
    mut watch: impl FnMut(&Progress<'_, M>) -> Result<ControlFlow<()>>,
) -> Result<M> {
    if pairs.is_empty() {
        return Err(plm_core::Error::invalid("pairs", "are none, training needs one").into());
    }
    let rate = settings.learning_rate;
    positive("TrainSettings", "learning_rate", rate)?;
    settings.schedule.check()?;
    check_pairs(pairs, &model)?;
    let lengths = pairs.iter().map(TokenPair::length).collect();
    let mut buckets = LengthBuckets::new(lengths, settings.batch, settings.seed.child("batches"))?
        .with_stretch(settings.stretch);
    let mut optimizer = ManifoldOptimizer::new(&model, settings.optimizer)?;
    let special = model.special();
    for step in 0..settings.steps {
        let rows = loop {
            if let Some(rows) = buckets.next_batch() {
                break rows;
            }
        };
        let rows: Vec<&TokenPair> = rows.iter().map(|&row| &pairs[row]).collect();
        let batch = TranslationBatch::new(&rows, special, device)?;
        let seed = settings.seed.child("dropout").at(step).value();
        let source = batch.source.with_dropout(DropoutMode::Train { seed });
        let scores = model.scores(&source, batch.decoder_ids)?;
        let loss = token_cross_entropy(scores, batch.labels);
        let value: f64 = loss.clone().into_scalar();
        if !value.is_finite() {
            let reason = format!("is {value} at step {}: lower the learning rate", step + 1);
            return Err(plm_core::Error::invalid("loss", reason).into());
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(rate * settings.schedule.factor(step), model, gradients);
        let progress = Progress {
            step: step + 1,
            loss: value,
            model: &model,
        };
        if watch(&progress)?.is_break() {
            break;
        }
    }
    Ok(model)
}
