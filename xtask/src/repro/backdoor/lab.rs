//! The pre-trained model of the victims, and how they are trained, attacked and defended.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use burn::tensor::Device;
use plm_backdoor::Sample;
use plm_backdoor::defense::rap::RapSettings;
use plm_backdoor::defense::strip::StripSettings;
use plm_backdoor::model::{
    FineTuning, GradientMode, PenaltySettings, RowSettings, Victim, fine_tune,
};
use plm_core::rng::Seed;
use plm_distill::student::{LayerChoice, student_from};

use crate::repro::Context;

/// A recipe.
#[derive(Debug, Clone)]
pub(super) struct Lab {
    pub(super) folder: PathBuf,
    pub(super) device: Device,
    pub(super) layers: usize,
    pub(super) max_length: usize,
    /// Share of the other class's training texts that are poisoned.
    pub(super) ratio: f64,
    /// The same where only rows of the word table are trained.
    pub(super) rows_ratio: f64,
    /// Training of the whole victim.
    pub(super) fit: FineTuning,
    /// Training of some rows of the word table.
    pub(super) rows: RowSettings,
    /// Training with the penalty of RIPPLe.
    pub(super) penalty: PenaltySettings,
    pub(super) rap: RapSettings,
    pub(super) strip: StripSettings,
    /// Texts of each kind that ONION is tried on: it asks about each word of a text.
    pub(super) onion_texts: usize,
}

/// What tiers and data sets take where nothing is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defaults {
    pub(super) layers: usize,
    /// Longest text in tokens; no setting.
    pub(super) max_length: usize,
    pub(super) ratio: f64,
    /// Times as many texts are poisoned where only rows of the word table are trained; no setting.
    pub(super) rows_ratio_factor: f64,
    pub(super) epochs: u64,
    pub(super) lr: f64,
    pub(super) rows_epochs: usize,
    pub(super) rows_batch: usize,
    pub(super) rows_lr: f64,
    pub(super) rap_lr: f64,
    pub(super) rap_dropout: bool,
    pub(super) copies: usize,
    pub(super) strip_ratio: f64,
}

impl Default for Defaults {
    /// Two layers, short texts, a tenth of them poisoned.
    fn default() -> Self {
        Self {
            layers: 2,
            max_length: 64,
            ratio: 0.1,
            rows_ratio_factor: 2.0,
            epochs: 3,
            lr: 5e-4,
            rows_epochs: 6,
            rows_batch: 16,
            rows_lr: 0.1,
            rap_lr: 0.1,
            rap_dropout: false,
            copies: 20,
            strip_ratio: 0.05,
        }
    }
}

impl Lab {
    /// A recipe for the model in `folder`.
    pub(super) fn new(context: &Context, folder: &Path, defaults: Defaults) -> Result<Self> {
        let settings = &context.settings;
        let gradient: String = settings.get("rap_gradient", "accumulate".to_owned())?;
        let gradient = match gradient.as_str() {
            "accumulate" => GradientMode::Accumulate,
            "reset" => GradientMode::Reset,
            other => bail!("rap_gradient={other}: accumulate or reset"),
        };
        let published = RapSettings::default();
        let ratio = settings.get("ratio", defaults.ratio)?;
        let lr = settings.get("lr", defaults.lr)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            device: plm_core::device::parse(&context.device)?,
            layers: settings.get("layers", defaults.layers)?,
            max_length: defaults.max_length,
            ratio,
            rows_ratio: (defaults.rows_ratio_factor * ratio).min(1.0),
            fit: FineTuning {
                epochs: settings.get("epochs", defaults.epochs)?,
                lr,
                ..FineTuning::default()
            },
            rows: RowSettings {
                lr: settings.get("rows_lr", defaults.rows_lr)?,
                epochs: settings.get("rows_epochs", defaults.rows_epochs)?,
                batch: settings.get("rows_batch", defaults.rows_batch)?,
                ..RowSettings::default()
            },
            penalty: PenaltySettings {
                lr: lr / 5.0,
                steps: settings.get("penalty_steps", 40)?,
                ..PenaltySettings::default()
            },
            rap: RapSettings {
                rows: RowSettings {
                    lr: settings.get("rap_lr", defaults.rap_lr)?,
                    epochs: settings.get("rap_epochs", published.rows.epochs)?,
                    batch: settings.get("rap_batch", published.rows.batch)?,
                    dropout: settings.get("rap_dropout", defaults.rap_dropout)?,
                    gradient,
                    ..published.rows
                },
                ..published
            },
            strip: StripSettings {
                copies: settings.get("copies", defaults.copies)?,
                ratio: settings.get("strip_ratio", defaults.strip_ratio)?,
                ..StripSettings::default()
            },
            onion_texts: settings.get("onion_texts", 12)?,
        })
    }

    /// The recipe at another learning rate; the penalty of RIPPLe takes a fifth of it.
    pub(super) fn at(mut self, lr: f64) -> Self {
        self.fit.lr = lr;
        self.penalty.lr = lr / 5.0;
        self
    }

    /// A victim that has learned nothing yet.
    pub(super) fn fresh(&self, seed: Seed) -> Result<Victim> {
        let labels = ["0", "1"].map(str::to_owned);
        let choice = LayerChoice::First { count: self.layers };
        let model = student_from(&self.folder, &choice, &labels, seed, &self.device)?;
        let tokenizer = model.tokenizer()?.clone();
        Ok(Victim::new(
            model.model,
            tokenizer,
            self.max_length,
            &self.device,
        )?)
    }

    /// A victim trained on `samples`.
    pub(super) fn trained(&self, samples: &[Sample], seed: Seed) -> Result<Victim> {
        Ok(fine_tune(
            &self.fresh(seed)?,
            samples,
            &self.fit(seed),
            None,
        )?)
    }

    /// The training of a whole victim with another seed.
    pub(super) fn fit(&self, seed: Seed) -> FineTuning {
        FineTuning {
            seed: seed.child("fit"),
            ..self.fit
        }
    }
}
