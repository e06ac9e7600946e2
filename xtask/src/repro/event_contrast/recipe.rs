//! How everything is trained, from the settings.

use anyhow::{Result, bail};
use plm_event_contrast::finetune::FineTuning;
use plm_event_contrast::gin::{GinConfig, GraphContrast, GraphPretraining};
use plm_event_contrast::graph::ViewSettings;
use plm_event_contrast::text::{EventContrast, ScoreFunction, TextPretraining};

use crate::repro::Context;

/// The recipe of a run.
#[derive(Debug, Clone)]
pub(super) struct Recipe {
    /// The loss of text pre-training.
    pub(super) contrast: EventContrast,
    /// Text pre-training of the maps alone, with the encoder as it is.
    pub(super) maps: TextPretraining,
    /// Text pre-training of encoder and maps.
    pub(super) text: TextPretraining,
    /// Layers of the encoder, from below, that pre-training leaves as they are, and with them the
    /// embeddings.
    pub(super) frozen: usize,
    /// Layers of the encoder, from above, that fine-tuning changes; never the embeddings.
    pub(super) tuned: usize,
    pub(super) gin: GinConfig,
    pub(super) views: ViewSettings,
    pub(super) graph: GraphPretraining,
    pub(super) detection: FineTuning,
    pub(super) arguments: FineTuning,
    /// The least optimizer steps of fine-tuning: small parts of the data are passed over more often.
    pub(super) least_steps: usize,
    pub(super) clustering: Clustering,
}

/// How candidates are represented and clustered.
#[derive(Debug, Clone)]
pub(super) struct Clustering {
    /// The encoder's states in place of the maps' vectors.
    pub(super) states: bool,
    /// Whether all mentions of a concept have their mean vector.
    pub(super) senses: bool,
    /// Rounds in which triggers and arguments constrain each other.
    pub(super) rounds: usize,
    /// Runs of k-means.
    pub(super) restarts: usize,
}

/// What the settings change, before they do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defaults {
    tau: f64,
    /// Whether arguments of the same trigger are no negatives of each other.
    masked: bool,
    batch: usize,
    /// Share of the sentences that choose the weights of pre-training.
    held_out: f64,
    /// Share of the steps over which learning rates of text rise.
    warmup: f64,
    maps_epochs: u64,
    maps_lr: f64,
    epochs: u64,
    lr: f64,
    mlm: f64,
    frozen: usize,
    tuned: usize,
    hidden: usize,
    graph: (usize, u64, f64),
    detection_epochs: u64,
    argument_epochs: u64,
    least_steps: usize,
    /// Candidates of a batch of fine-tuning, and batches of a step.
    tuning_batch: (usize, usize),
    tuning_lr: f64,
    head_lr: f64,
}

/// For plm-mini and generated sentences.
pub(super) const SMALL: Defaults = Defaults {
    tau: 0.1,
    masked: true,
    batch: 32,
    held_out: 0.0,
    warmup: 0.1,
    maps_epochs: 5,
    maps_lr: 1e-3,
    epochs: 3,
    lr: 2e-4,
    mlm: 1.0,
    frozen: 0,
    tuned: 2,
    hidden: 64,
    graph: (640, 6, 3e-3),
    detection_epochs: 4,
    argument_epochs: 2,
    least_steps: 100,
    tuning_batch: (16, 1),
    tuning_lr: 5e-4,
    head_lr: 2e-3,
};

/// For small encoders and real sentences.
pub(super) const REAL: Defaults = Defaults {
    lr: 5e-5,
    mlm: 0.0,
    tuned: usize::MAX,
    detection_epochs: 5,
    tuning_lr: 1e-4,
    ..SMALL
};

/// As the README of the authors' code has it, with batches as in the paper. Pairs follow the released rules
/// too. No graph network is pre-trained with it.
pub(super) const PAPER: Defaults = Defaults {
    tau: 1.0,
    masked: false,
    batch: 40,
    held_out: 0.2,
    warmup: 0.0,
    maps_epochs: 0,
    epochs: 10,
    lr: 1e-5,
    mlm: 0.0,
    tuned: usize::MAX,
    hidden: 300,
    graph: (24_000, 100, 5e-3),
    detection_epochs: 50,
    argument_epochs: 20,
    least_steps: 0,
    tuning_batch: (8, 5),
    tuning_lr: 1e-5,
    head_lr: 1e-5,
    ..SMALL
};

impl Recipe {
    /// The recipe for an encoder of `width`.
    pub(super) fn of(context: &Context, width: usize, defaults: &Defaults) -> Result<Self> {
        let settings = &context.settings;
        let tau = settings.get("tau", defaults.tau)?;
        let form: String = settings.get("form", "released".to_owned())?;
        let contrast = match form.as_str() {
            "released" => EventContrast {
                score: ScoreFunction::Cosine { tau },
                mask_false_negatives: defaults.masked,
                ..EventContrast::released()
            },
            "paper" => EventContrast::paper(),
            other => bail!("form={other}: released or paper"),
        };
        let text = TextPretraining {
            contrast,
            batch: settings.get("batch", defaults.batch)?,
            epochs: settings.get("epochs", defaults.epochs)?,
            lr: settings.get("lr", defaults.lr)?,
            mlm_weight: settings.get("mlm", defaults.mlm)?,
            warmup_ratio: defaults.warmup,
            held_out: defaults.held_out,
            ..TextPretraining::default()
        };
        let maps = TextPretraining {
            epochs: settings.get("maps_epochs", defaults.maps_epochs)?,
            lr: settings.get("maps_lr", defaults.maps_lr)?,
            mlm_weight: 0.0,
            ..text.clone()
        };
        let hidden = settings.get("hidden", defaults.hidden)?;
        let gin = GinConfig {
            token_width: width,
            position_width: 8,
            degree_width: 8,
            max_degree: 16,
            hidden,
            output: hidden,
            levels: 3,
            dropout: 0.1,
        };
        let graph = GraphPretraining {
            contrast: GraphContrast::Moco {
                queue: 256,
                momentum: 0.95,
            },
            samples: settings.get("graph_samples", defaults.graph.0)?,
            epochs: settings.get("graph_epochs", defaults.graph.1)?,
            lr: settings.get("graph_lr", defaults.graph.2)?,
            ..GraphPretraining::default()
        };
        let detection = FineTuning {
            epochs: settings.get("detection_epochs", defaults.detection_epochs)?,
            batch: defaults.tuning_batch.0,
            accumulation: defaults.tuning_batch.1,
            lr: settings.get("tuning_lr", defaults.tuning_lr)?,
            head_lr: settings.get("head_lr", defaults.head_lr)?,
            warmup_ratio: defaults.warmup,
            ..FineTuning::detection()
        };
        let arguments = FineTuning {
            epochs: settings.get("argument_epochs", defaults.argument_epochs)?,
            ..detection.clone()
        };
        let represent: String = settings.get("represent", "maps".to_owned())?;
        Ok(Self {
            contrast,
            maps,
            frozen: settings.get("frozen", defaults.frozen)?,
            tuned: settings.get("tuned", defaults.tuned)?,
            text,
            gin,
            views: ViewSettings {
                position_width: gin.position_width,
                ..ViewSettings::default()
            },
            graph,
            detection,
            arguments,
            least_steps: settings.get("least_steps", defaults.least_steps)?,
            clustering: Clustering {
                states: match represent.as_str() {
                    "maps" => false,
                    "states" => true,
                    other => bail!("represent={other}: maps or states"),
                },
                senses: settings.get("senses", true)?,
                rounds: settings.get("rounds", 1)?,
                restarts: settings.get("restarts", 5)?,
            },
        })
    }
}
