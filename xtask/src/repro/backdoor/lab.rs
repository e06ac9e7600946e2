//! The pre-trained model of the victims, and how they are trained, attacked and defended.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use burn::tensor::Device;
use plm_backdoor::Sample;
use plm_backdoor::defense::rap::RapSettings;
use plm_backdoor::defense::strip::StripSettings;
use plm_backdoor::model::{
    FineTuning, GradientMode, PenaltySettings, RowSettings, Victim, fine_tune,
};
use plm_core::rng::Seed;
use plm_distill::student::{LayerChoice, student_from};

use crate::repro::{Context, Settings};

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
    /// STRIP with the share of replaced words that is quoted.
    pub(super) strip: StripSettings,
    /// Other shares of replaced words that STRIP is tried with.
    pub(super) strip_others: Vec<f64>,
    /// Those are tried on every such text of each kind, the quoted share on all.
    pub(super) strip_stride: usize,
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
    /// The same where only rows of the word table are trained: the second value of the setting `ratio`.
    pub(super) rows_ratio: f64,
    pub(super) epochs: u64,
    pub(super) lr: f64,
    pub(super) rows_epochs: usize,
    pub(super) rows_batch: usize,
    pub(super) rows_lr: f64,
    pub(super) rap_lr: f64,
    pub(super) rap_dropout: bool,
    pub(super) copies: usize,
    /// Shares of a text's words that a copy of STRIP replaces; the first is the one that is quoted.
    pub(super) strip_ratios: [f64; 3],
    /// The others are tried on every such text of each kind.
    pub(super) strip_stride: usize,
}

impl Default for Defaults {
    /// Two layers, short texts, a tenth of them poisoned.
    fn default() -> Self {
        Self {
            layers: 2,
            max_length: 64,
            ratio: 0.1,
            rows_ratio: 0.2,
            epochs: 3,
            lr: 5e-4,
            rows_epochs: 6,
            rows_batch: 16,
            rows_lr: 0.1,
            rap_lr: 0.1,
            rap_dropout: false,
            copies: 20,
            strip_ratios: [0.05, 0.25, 0.5],
            strip_stride: 1,
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
        let shares = settings.list("ratio", &[defaults.ratio, defaults.rows_ratio])?;
        let (ratio, rows_ratio) = match shares[..] {
            // Without a second value the two stand to each other as they do by default.
            [ratio] => {
                let times = defaults.rows_ratio / defaults.ratio;
                (ratio, (times * ratio).min(1.0))
            }
            [ratio, rows_ratio] => (ratio, rows_ratio),
            _ => bail!("ratio={shares:?}: one share, or two"),
        };
        let strip_ratios = settings.list("strip_ratio", &defaults.strip_ratios)?;
        let (&strip_ratio, strip_others) = strip_ratios
            .split_first()
            .context("strip_ratio: at least one share")?;
        let lr = settings.get("lr", defaults.lr)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            device: plm_core::device::parse(&context.device)?,
            layers: settings.get("layers", defaults.layers)?,
            max_length: defaults.max_length,
            ratio,
            rows_ratio,
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
                ratio: strip_ratio,
                ..StripSettings::default()
            },
            strip_others: strip_others.to_vec(),
            strip_stride: stride(settings, defaults.strip_stride)?,
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

/// The distance of the texts that STRIP is tried on with the shares that are not quoted.
fn stride(settings: &Settings, default: usize) -> Result<usize> {
    let stride = settings.get("strip_stride", default)?;
    ensure!(stride > 0, "strip_stride={stride}: at least 1");
    Ok(stride)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::{self, Tier};

    #[test]
    fn a_stride_of_0_is_refused() {
        let systems = systems::all().unwrap();
        let mut systems = systems.iter();
        let backdoor = systems.find(|system| system.name == "backdoor").unwrap();
        let given = |text: &str| {
            let pairs = [format!("strip_stride={text}")];
            stride(
                &Settings::for_system(backdoor, Tier::Embedded, &pairs).unwrap(),
                3,
            )
        };
        assert_eq!(given("2").unwrap(), 2);
        let error = given("0").unwrap_err().to_string();
        assert_eq!(error, "strip_stride=0: at least 1");
    }
}
