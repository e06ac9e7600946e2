//! Ordinary training of a victim: on clean data, on poisoned data, and on clean data after an attack.

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use plm_core::models::{EncoderForSequenceClassification, EncoderInput, loss};
use plm_core::nn::Ffn;
use plm_core::rng::Seed;
use plm_core::text::{BatchBy, Encoding, LengthBuckets};
use plm_core::train::{
    AdamWConfig, Batches, Observer, Optimizer, Schedule, StepLoss, TrainConfig, Trainer, Until,
};
use serde::{Deserialize, Serialize};

use super::Victim;
use super::layerwise::layerwise_loss;
use crate::{Error, Result, Sample};

/// What training minimizes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainingLoss {
    /// Cross-entropy of the classifier.
    #[default]
    Classifier,
    /// The sum over layers of the classifier's cross-entropy on the layer's first token: layer-wise
    /// poisoning (LWP, Li et al. 2021), which reaches layers that fine-tuning changes little.
    Layerwise,
}

/// How a victim is trained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FineTuning {
    /// Passes over the samples.
    pub epochs: u64,
    /// Texts of a step.
    pub batch: usize,
    /// Base learning rate; it rises over a tenth of the steps and falls linearly.
    pub lr: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Greatest global norm of the gradient.
    pub max_grad_norm: f64,
    /// What is minimized.
    pub loss: TrainingLoss,
    /// Seed of order and dropout.
    pub seed: Seed,
}

impl Default for FineTuning {
    /// The victims' settings in the papers: 3 epochs, batches of 32, rate 2e-5.
    fn default() -> Self {
        Self {
            epochs: 3,
            batch: 32,
            lr: 2e-5,
            weight_decay: 0.01,
            max_grad_norm: 1.0,
            loss: TrainingLoss::Classifier,
            seed: Seed::new(1234),
        }
    }
}

/// Trains the victim's model on `samples` and gives the victim with the new one.
///
/// # Errors
/// [`Error::Empty`] without samples, [`Error::Class`] for a label that the model does not have, and
/// those of the trainer.
pub fn fine_tune<F: Ffn>(
    victim: &Victim<F>,
    samples: &[Sample],
    settings: &FineTuning,
    observer: Option<&mut dyn Observer>,
) -> Result<Victim<F>> {
    if samples.is_empty() {
        return Err(Error::Empty {
            what: "training samples",
            fix: "give some",
        });
    }
    check_labels(victim, samples)?;
    let texts: Vec<&str> = samples.iter().map(|sample| sample.text.as_str()).collect();
    let encodings = victim.encode(&texts)?;
    let lengths = encodings.iter().map(Encoding::len).collect();
    let by = BatchBy::Count(settings.batch);
    let mut batches = LengthBuckets::new(lengths, by, settings.seed.child("order"))?;
    let total = Batches::len(&batches) as u64 * settings.epochs;
    let config = TrainConfig {
        seed: settings.seed.child("steps"),
        schedule: Schedule::Linear {
            warmup: total / 10,
            total,
        },
        max_grad_norm: Some(settings.max_grad_norm),
        ..TrainConfig::new(Until::Epochs(settings.epochs))
    };
    let optimizer = Optimizer::adamw(AdamWConfig::default(), settings.lr)
        .with_weight_decay(settings.weight_decay);
    let mut trainer = Trainer::new(config, optimizer)?;
    if let Some(observer) = observer {
        trainer = trainer.with_observer(observer);
    }
    let device = victim.device().clone().autodiff();
    let (model, _) = trainer.fit(
        victim.model.clone(),
        &mut batches,
        |model: &EncoderForSequenceClassification<F>, rows: Vec<usize>, context| {
            let own: Vec<Encoding> = rows.iter().map(|&row| encodings[row].clone()).collect();
            let input = victim
                .input(&own, &device)
                .map_err(|error| plm_core::Error::invalid("batch", error.to_string()))?;
            let input = input.with_dropout(context.dropout());
            let labels: Vec<i64> = rows.iter().map(|&row| samples[row].label as i64).collect();
            let labels = Tensor::<1, Int>::from_data(labels.as_slice(), &device);
            let loss = training_loss(model, input, labels, settings.loss);
            Ok(StepLoss::new(loss, rows.len() as f64))
        },
    )?;
    Ok(victim.with_model(model.valid()))
}

/// The victim has the classes of `samples`.
pub(super) fn check_labels<F: Ffn>(victim: &Victim<F>, samples: &[Sample]) -> Result<()> {
    let classes = victim.classes();
    match samples.iter().find(|sample| sample.label >= classes) {
        Some(sample) => Err(Error::Class {
            class: sample.label,
            classes,
        }),
        None => Ok(()),
    }
}

/// The mean loss of a batch.
pub(super) fn training_loss<F: Ffn>(
    model: &EncoderForSequenceClassification<F>,
    input: EncoderInput,
    labels: Tensor<1, Int>,
    kind: TrainingLoss,
) -> Tensor<1> {
    match kind {
        TrainingLoss::Classifier => loss::cross_entropy(model.logits(&input), labels),
        TrainingLoss::Layerwise => layerwise_loss(model, input, labels),
    }
}
