//! The loop that all methods share.

use std::collections::{BTreeMap, BTreeSet};

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plm_core::models::EncoderForSequenceClassification;
use plm_core::nn::{AttentionMask, DropoutMode, Ffn, Taps};
use plm_core::rng::Seed;
use plm_core::text::{BatchBy, LengthBuckets};
use plm_core::train::{Batches, Evaluation, Observer, StepContext, StepLoss, TrainReport, Trainer};

use super::classes::Texts;
use super::{FitSettings, Select};
use crate::answer::answer;
use crate::dynamic::StudentBatch;
use crate::example::Example;
use crate::student::{Auxiliary, Learner, Prepared};
use crate::{Error, Result};

/// How a student's training went.
#[derive(Debug, Clone)]
pub struct FitReport {
    /// Steps, best evaluation, why it ended.
    pub train: TrainReport,
    /// Means over all steps of this process of the loss's parts, by name.
    pub parts: BTreeMap<String, f64>,
    /// Texts that the student saw in training.
    pub examples: u64,
}

/// A method's loss: of a batch, with the maps beside the student and a seed for what is random.
pub(super) type Objective<'o> = dyn FnMut(&StudentBatch<'_>, &Auxiliary, Seed) -> Result<(Tensor<1>, BTreeMap<String, f64>)>
    + 'o;

/// What a student learns from and how.
pub(super) struct Fit<'f, 'e> {
    pub(super) train: &'f Prepared<'e>,
    pub(super) validation: Option<&'f Prepared<'e>>,
    pub(super) settings: &'f FitSettings,
    /// Whether the objective looks at labels.
    pub(super) needs_labels: bool,
    /// Hidden states of the student that the objective looks at.
    pub(super) hidden: BTreeSet<usize>,
    pub(super) device: Device,
}

impl<'f, 'e> Fit<'f, 'e> {
    /// The texts that the run looks at.
    ///
    /// # Errors
    /// [`Error::Empty`] and [`Error::Unlabeled`] where weights cannot be chosen on the validation texts.
    pub(super) fn texts(&self) -> Result<Texts<'f, 'e>> {
        let evaluated = self.evaluated()?.map(|texts| ("validation", texts));
        Ok([("training", self.train)]
            .into_iter()
            .chain(evaluated)
            .collect())
    }

    /// The validation texts, where weights are chosen on them.
    fn evaluated(&self) -> Result<Option<&'f Prepared<'e>>> {
        let select = self.settings.select;
        if select == Select::Last {
            return Ok(None);
        }
        let Some(texts) = self.validation else {
            return Err(Error::Empty {
                what: "validation texts (`select` is not `last`)",
            });
        };
        match select {
            Select::ValAcc if texts.labels.is_none() => Err(Error::Unlabeled {
                what: "selection by validation accuracy (`val-kd` needs none where the loss does not)",
            }),
            Select::ValKd if self.needs_labels && texts.labels.is_none() => Err(Error::Unlabeled {
                what: "selection by a loss on validation texts that looks at their labels (for \
                       distillation set `ce_weight` to 0 and select examples by no label)",
            }),
            _ => Ok(Some(texts)),
        }
    }

    /// Trains `learner` to a small `objective`.
    pub(super) fn run<F: Ffn>(
        &self,
        learner: Learner<F>,
        objective: &mut Objective<'_>,
        observer: Option<&mut dyn Observer>,
    ) -> Result<(EncoderForSequenceClassification<F>, FitReport)> {
        let settings = self.settings;
        let validation = self.evaluated()?;
        let by = BatchBy::Count(settings.batch_size);
        let order = settings.seed.child("order");
        let mut batches = LengthBuckets::new(self.train.lengths(), by, order)?;
        let total = Batches::len(&batches) as u64 * settings.epochs;
        let mut trainer = Trainer::new(settings.train_config(total), settings.optimizer())?;
        if let Some(observer) = observer {
            trainer = trainer.with_observer(observer);
        }
        let device = self.device.clone().autodiff();
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        let (mut steps, mut examples) = (0_u64, 0_u64);
        // Both closures of the trainer need the objective.
        let objective = std::cell::RefCell::new(objective);
        let failed = std::cell::RefCell::new(None);
        // The trainer speaks of plm-core's errors only: ours waits outside.
        let keep = |error: Error| match error {
            Error::Core(error) => error,
            other => {
                let text = other.to_string();
                *failed.borrow_mut() = Some(other);
                plm_core::Error::invalid("distillation", text)
            }
        };
        let step = |learner: &Learner<F>, rows: Vec<usize>, context: &StepContext| {
            let batch = Seen::new(self, self.train, &rows, learner, context.dropout(), &device);
            let batch = batch.map_err(&keep)?;
            let (loss, parts) = (objective.borrow_mut())(
                &batch.view(),
                &learner.auxiliary,
                context.seed.child("objective"),
            )
            .map_err(&keep)?;
            for (name, value) in parts {
                *sums.entry(name).or_default() += value;
            }
            steps += 1;
            examples += rows.len() as u64;
            Ok(StepLoss::new(loss, rows.len() as f64))
        };
        let evaluate = |learner: &Learner<F>| -> Result<Evaluation> {
            let Some(texts) = validation else {
                return Ok(Evaluation::new(0.0));
            };
            self.evaluate(learner, texts, &mut **objective.borrow_mut())
        };
        let result = trainer.fit_evaluated(learner, &mut batches, step, |learner, _| {
            evaluate(learner).map_err(&keep)
        });
        let (learner, train) = match (result, failed.into_inner()) {
            (Ok(result), _) => result,
            (Err(_), Some(error)) => return Err(error),
            (Err(error), None) => return Err(ended(error)),
        };
        let count = steps.max(1) as f64;
        let report = FitReport {
            train,
            parts: sums
                .into_iter()
                .map(|(name, sum)| (name, sum / count))
                .collect(),
            examples,
        };
        Ok((learner.classifier.valid(), report))
    }

    /// Accuracy or loss on the validation texts.
    fn evaluate<F: Ffn>(
        &self,
        learner: &Learner<F>,
        texts: &Prepared<'_>,
        objective: &mut Objective<'_>,
    ) -> Result<Evaluation> {
        let settings = self.settings;
        let device = self.device.clone().inner();
        if let (Select::ValAcc, Some(gold)) = (settings.select, &texts.labels) {
            let batch = settings.evaluation_batch;
            let scores = crate::student::predict(&learner.classifier, texts, batch, &device)?;
            let predicted: Vec<usize> = scores
                .iter()
                .map(|row| crate::amalgamate::first_largest(row))
                .collect();
            return Ok(Evaluation::new(plm_core::metrics::accuracy(
                gold, &predicted,
            )?));
        }
        let mut order: Vec<usize> = (0..texts.examples.len()).collect();
        order.sort_by_key(|&row| texts.encodings[row].len());
        let mut sum = 0.0;
        for rows in order.chunks(settings.evaluation_batch) {
            let batch = Seen::new(self, texts, rows, learner, DropoutMode::Off, &device)?;
            let seed = settings.seed.child("validation");
            let (loss, _) = objective(&batch.view(), &learner.auxiliary, seed)?;
            let loss: f32 = loss.into_scalar();
            sum += f64::from(loss) * rows.len() as f64;
        }
        Ok(Evaluation::new(sum / texts.examples.len() as f64))
    }
}

/// What ended a run, under its own name where gradients were no longer finite.
fn ended(error: plm_core::Error) -> Error {
    match error {
        plm_core::Error::NotFiniteGradients { .. } => Error::Diverged { source: error },
        _ => error.into(),
    }
}

/// A batch that the student has seen.
struct Seen<'e> {
    examples: Vec<&'e Example>,
    labels: Option<Vec<usize>>,
    logits: Tensor<2>,
    hidden: BTreeMap<usize, Tensor<3>>,
    padding: Tensor<2, burn::tensor::Bool>,
}

impl<'e> Seen<'e> {
    fn new<F: Ffn>(
        fit: &Fit<'_, '_>,
        texts: &Prepared<'e>,
        rows: &[usize],
        learner: &Learner<F>,
        dropout: DropoutMode,
        device: &Device,
    ) -> Result<Self> {
        let taps = Taps {
            hidden_states: fit.hidden.clone(),
            ..Taps::default()
        };
        let input = texts
            .input(rows, device)?
            .with_taps(taps)
            .with_dropout(dropout);
        let padding = match &input.mask {
            Some(AttentionMask::Padding(padding)) => padding.clone(),
            _ => unreachable!("batches of texts hide their padding"),
        };
        let (hidden, logits) = answer(&learner.classifier, &input);
        let labels = texts.labels.as_ref();
        Ok(Self {
            examples: rows.iter().map(|&row| texts.examples[row]).collect(),
            labels: labels.map(|labels| rows.iter().map(|&row| labels[row]).collect()),
            logits,
            hidden,
            padding,
        })
    }

    fn view(&self) -> StudentBatch<'_> {
        StudentBatch {
            examples: &self.examples,
            labels: self.labels.as_deref(),
            logits: self.logits.clone(),
            hidden: &self.hidden,
            padding: self.padding.clone(),
        }
    }
}
