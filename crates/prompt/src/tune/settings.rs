//! Settings of prompt tuning.

use burn::tensor::Tensor;
use plm_core::nn::DropoutMode;
use plm_core::rng::Seed;
use plm_core::train::{CheckpointConfig, Every, Schedule, StepContext, Until};

use crate::{Error, Result};

/// Families of backbones, for defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// BERT, RoBERTa and relatives.
    MaskedLM,
    /// T5.
    T5,
    /// BART.
    Bart,
    /// GPT-2.
    Gpt2,
}

/// How losses of a batch are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Reduction {
    /// Their mean.
    #[default]
    Mean,
    /// Their sum over tokens and examples, as in Qin et al. 2021: a penalty beside it then weighs
    /// less in larger batches.
    Sum,
}

impl Reduction {
    /// The loss of a batch out of its `mean` over `count` things.
    pub(super) fn of(self, mean: Tensor<1>, count: usize) -> Tensor<1> {
        match self {
            Self::Mean => mean,
            Self::Sum => mean * count as f64,
        }
    }
}

/// Settings of prompt tuning.
///
/// By default AdamW without weight decay, constant rate, no warm-up and no clipping, the best evaluation
/// kept: the settings of Su et al. 2022 (their code), with an epsilon of 1e-6. For their projectors there is
/// [`TuneSettings::projector`], for the prompts of Qin et al. 2021 [`TuneSettings::few_shot`].
#[derive(Debug, Clone, PartialEq)]
pub struct TuneSettings {
    /// Learning rate.
    pub lr: f64,
    /// Examples of a step.
    pub batch_size: usize,
    /// How long.
    pub until: Until,
    /// How often the development set is scored.
    pub evaluate: Every,
    /// Evaluations without a better score after which training ends.
    pub patience: Option<u64>,
    /// What the rate is multiplied with.
    pub schedule: Schedule,
    /// Greatest norm of the gradient.
    pub max_grad_norm: Option<f64>,
    /// Weight decay.
    pub weight_decay: f64,
    /// What AdamW adds to the root of the second moment.
    pub epsilon: f64,
    /// How losses of a batch are put together.
    pub reduction: Reduction,
    /// Share of the target's probability that is spread evenly: over the words that an example chooses
    /// among, or over the whole vocabulary where a text is written.
    pub label_smoothing: f64,
    /// Whether the backbone drops out while training. The authors let it inside the layers; masked
    /// language models drop out nothing of the embeddings here, as in their code. The reproductions train
    /// without; no kept run compares the two.
    pub dropout: bool,
    /// Whether the untrained prompt counts as a candidate for the best one.
    pub evaluate_initial: bool,
    /// Examples of a batch when scoring.
    pub evaluation_batch: usize,
    /// What order and dropout are drawn from.
    pub seed: Seed,
    /// Checkpoints on disk, from which a stopped run goes on bit by bit. The folder gets the log and
    /// the evaluations too, as `metrics.jsonl`.
    pub checkpoint: Option<CheckpointConfig>,
}

impl TuneSettings {
    /// The settings for a family of backbones of this hidden size.
    ///
    /// | backbone | rate | source |
    /// |---|---|---|
    /// | masked LM, 768 wide | 1e-3 | Su et al. 2022, their code |
    /// | masked LM, 1024 wide | 1e-4 | the same |
    /// | masked LM, at most 384 wide | 1e-2 | ours, from experience, without a kept run beside 1e-3 |
    /// | T5, up to 768 wide | 5e-3 | Su et al. 2022, their code |
    /// | T5, wider | 1e-3 | the same |
    /// | BART | 1e-4 | largest of the grid of Qin et al. 2021, their code |
    /// | GPT-2 | 1e-3 | ours |
    pub fn new(family: Family, width: usize) -> Self {
        let lr = match family {
            Family::MaskedLM if width <= 384 => 1e-2,
            Family::MaskedLM if width <= 768 => 1e-3,
            Family::MaskedLM => 1e-4,
            Family::T5 if width <= 768 => 5e-3,
            Family::T5 => 1e-3,
            Family::Bart => 1e-4,
            Family::Gpt2 => 1e-3,
        };
        Self {
            lr,
            batch_size: 16,
            until: Until::Epochs(64),
            evaluate: Every::Epochs(1),
            patience: None,
            schedule: Schedule::Constant,
            max_grad_norm: None,
            weight_decay: 0.0,
            epsilon: 1e-6,
            reduction: Reduction::Mean,
            label_smoothing: 0.0,
            dropout: true,
            evaluate_initial: false,
            evaluation_batch: 64,
            seed: Seed::new(0),
            checkpoint: None,
        }
    }

    /// The settings of a projector that is trained through the target model (Su et al. 2022, their code):
    /// rate 5e-3, no dropout, and the fewest of the 100 to 1,024 epochs that their files name.
    pub fn projector() -> Self {
        Self {
            lr: 5e-3,
            until: Until::Epochs(100),
            dropout: false,
            ..Self::new(Family::MaskedLM, 768)
        }
    }

    /// The settings of BART's prompt for a few-shot task over `steps` steps, of which theirs has 100,000
    /// (Qin et al. 2021, their code): losses summed and smoothed by .1, the gradient's norm cut to .1, a
    /// tenth of the steps to warm up, then a linear decay, an epsilon of 1e-8, a hundred evaluations. Rate and
    /// batch size are the largest of their grid.
    ///
    /// Their search of a subspace has 6 % of warm-up, rate 3e-5 and batches of 64, and their tuning inside it
    /// the same warm-up, rate 1e-5 and batches of 4.
    pub fn few_shot(steps: u64) -> Self {
        Self {
            batch_size: 8,
            until: Until::Steps(steps),
            evaluate: Every::Steps((steps / 100).max(1)),
            schedule: Schedule::Linear {
                warmup: steps / 10,
                total: steps,
            },
            max_grad_norm: Some(0.1),
            epsilon: 1e-8,
            reduction: Reduction::Sum,
            label_smoothing: 0.1,
            ..Self::new(Family::Bart, 768)
        }
    }

    /// With this seed.
    pub fn with_seed(mut self, seed: Seed) -> Self {
        self.seed = seed;
        self
    }

    /// Whether the backbone drops out in a step.
    pub(super) fn dropout_mode(&self, context: &StepContext) -> DropoutMode {
        if self.dropout {
            context.dropout()
        } else {
            DropoutMode::Off
        }
    }

    /// Refuses settings out of their limits. The trainer checks its own.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn check(&self) -> Result<()> {
        let wrong = |name, value: String, limit| Err(Error::Setting { name, value, limit });
        if !(self.lr.is_finite() && self.lr > 0.0) {
            return wrong("lr", self.lr.to_string(), "must be finite and positive");
        }
        if !(0.0..1.0).contains(&self.label_smoothing) {
            let value = self.label_smoothing.to_string();
            return wrong("label_smoothing", value, "must lie in [0, 1)");
        }
        crate::error::positive_sizes([
            ("batch_size", self.batch_size),
            ("evaluation_batch", self.evaluation_batch),
        ])
    }
}
