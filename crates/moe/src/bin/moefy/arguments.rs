//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use plm_core::rng::Seed;
use plm_moe::{
    ContributionRouterConfig, Fill, Metric, MlpRouterConfig, MoeConfig, RouterKind, SplitKind,
};

/// Divides the feed-forward layers of a Hugging Face checkpoint into experts with a router
/// (MoEfication, arXiv 2110.01786), measures them, and writes a checkpoint that still is a dense one.
#[derive(Debug, Parser)]
#[command(name = "moefy", version)]
pub(crate) struct Arguments {
    /// Folder of the model, as Hugging Face has it: config.json, weights, tokenizer.
    pub(crate) model: PathBuf,
    /// UTF-8 file of the texts to learn from, one a line. Models with a decoder read the source, a tab
    /// and the target; without a tab the text itself is the target.
    pub(crate) texts: PathBuf,
    /// Folder for the converted model.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Neurons of an expert; divides those of every layer.
    #[arg(long, default_value_t = 32)]
    pub(crate) expert_size: usize,
    /// How neurons are divided.
    #[arg(long, value_enum, default_value = "cluster")]
    split: SplitName,
    /// How experts are chosen [default: mlp, with --dynamic contribution].
    #[arg(long, value_enum)]
    router: Option<RouterName>,
    /// Share of the experts that a token gets.
    #[arg(long, default_value_t = 0.2)]
    pub(crate) share: f64,
    /// Give each layer its own number of experts, as many neurons in all as --share says, where they
    /// capture most.
    #[arg(long, conflicts_with = "dynamic")]
    pub(crate) per_layer: bool,
    /// As --per-layer, with as many operations as RATIO of those of the dense feed-forward layers,
    /// routers included, in place of --share.
    #[arg(long, value_name = "RATIO", conflicts_with_all = ["dynamic", "per_layer", "share"])]
    pub(crate) operations: Option<f64>,
    /// Let each token take every expert whose score is at least 1 - TAU times its largest, from 0 to 1.
    #[arg(long, value_name = "TAU")]
    pub(crate) dynamic: Option<f64>,
    /// What neurons of other experts count as [default: zero for ReLU, mean for other activations].
    #[arg(long, value_enum)]
    fill: Option<FillName>,
    /// Tokens to learn from and, the last tenth of them, to measure on. Their inputs of all layers are
    /// kept in memory.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) tokens: usize,
    /// Most tokens of a text; what the model takes at most is the limit.
    #[arg(long, default_value_t = 128)]
    pub(crate) length: usize,
    /// Fit the output matrices to the chosen experts by least squares. The written model without its
    /// experts then differs from the original.
    #[arg(long)]
    pub(crate) calibrate: bool,
    /// Seed of splits and routers.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Device to compute on: flex, ndarray, wgpu, vulkan, cuda or cuda:INDEX. Speed is measured on the
    /// processor only.
    #[arg(long, default_value = "flex")]
    pub(crate) device: String,
    /// Replace the checkpoint that the folder for the converted model holds.
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// Kinds of splits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SplitName {
    /// Balanced clusters of the input weights.
    Cluster,
    /// Parts of the graph of neurons that are active together.
    Coactivation,
    /// At random.
    Random,
}

/// Kinds of routers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RouterName {
    /// A small network trained to predict contributions: the paper's.
    Mlp,
    /// Similarity to the mean of an expert's input weights.
    Similarity,
    /// Similarity to an expert's first neuron.
    Representative,
    /// A small network trained to predict the sizes of the experts' outputs.
    Contribution,
    /// At random.
    Random,
}

/// What unselected neurons count as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FillName {
    /// 0.
    Zero,
    /// Their mean.
    Mean,
}

impl Arguments {
    /// The settings of the conversion.
    pub(crate) fn config(&self) -> MoeConfig {
        MoeConfig {
            expert_size: self.expert_size,
            split: match self.split {
                SplitName::Cluster => SplitKind::Cluster,
                SplitName::Coactivation => SplitKind::Coactivation,
                SplitName::Random => SplitKind::Random,
            },
            router: match self.router() {
                RouterName::Mlp => RouterKind::Mlp(MlpRouterConfig::default()),
                RouterName::Similarity => RouterKind::Similarity(Metric::Cosine),
                RouterName::Representative => RouterKind::Representative,
                RouterName::Contribution => {
                    RouterKind::Contribution(ContributionRouterConfig::default())
                }
                RouterName::Random => RouterKind::Random,
            },
            share: self.share,
            fill: self.fill.map(|fill| match fill {
                FillName::Zero => Fill::Zero,
                FillName::Mean => Fill::Mean,
            }),
            seed: Seed::new(self.seed),
        }
    }

    /// Kind of the router.
    pub(crate) fn router(&self) -> RouterName {
        self.router.unwrap_or(match self.dynamic {
            Some(_) => RouterName::Contribution,
            None => RouterName::Mlp,
        })
    }
}
