use burn::module::Module;
use burn::nn::{Embedding, Linear};
use burn::tensor::{Device, Tensor};
use plm_core::check::{at_least, below_one};
use plm_core::graph::segment_sum;
use plm_core::kernel;
use plm_core::nn::init::{Init, initialize};
use plm_core::nn::{DropoutContext, DropoutMode, apply, zero_embedding, zero_linear};
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::{GinLayer, GraphBatch, Statistics};
use crate::Result;

/// The sizes of a [`Gin`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GinConfig {
    /// Width of the vectors of the nodes' tokens.
    pub token_width: usize,
    /// Width of the Laplacian positions.
    pub position_width: usize,
    /// Width of the vectors of degrees.
    pub degree_width: usize,
    /// The largest degree that is told apart.
    pub max_degree: u32,
    /// Width of the hidden layers.
    pub hidden: usize,
    /// Width of the representation of a graph.
    pub output: usize,
    /// Levels of the readout: the input and one for each layer.
    pub levels: usize,
    /// Dropout of the readout.
    pub dropout: f64,
}

impl Default for GinConfig {
    /// CLEVE's sizes: tokens 300, positions 32, degrees 16 up to 512, hidden and output 300, 5 levels,
    /// dropout 0.5.
    fn default() -> Self {
        Self {
            token_width: 300,
            position_width: 32,
            degree_width: 16,
            max_degree: 512,
            hidden: 300,
            output: 300,
            levels: 5,
            dropout: 0.5,
        }
    }
}

impl GinConfig {
    /// Width of the input: tokens, positions, degree and one for the seed.
    pub fn input_width(&self) -> usize {
        self.token_width + self.position_width + self.degree_width + 1
    }

    /// Checks the sizes.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting, its value and the limit.
    pub fn check(&self) -> Result<()> {
        for (key, value) in [
            ("hidden", self.hidden),
            ("output", self.output),
            ("degree_width", self.degree_width),
            ("levels", self.levels),
        ] {
            at_least("GinConfig", key, value, 1)?;
        }
        below_one("GinConfig", "dropout", self.dropout)?;
        Ok(())
    }
}

/// A graph isomorphism network with GCC's readout: the node vectors of every level are summed over
/// each graph and go through a linear map of their own; the sum over levels is brought to length 1.
#[derive(Module, Debug)]
pub struct Gin {
    /// The vectors of degrees, `[max_degree + 1, degree_width]`.
    pub degrees: Embedding,
    /// The layers.
    pub layers: Vec<GinLayer>,
    /// The readout of each level, the input first.
    pub readouts: Vec<Linear>,
    /// The sizes.
    #[module(skip)]
    pub config: GinConfig,
}

/// What a [`Gin`] says of a batch.
#[derive(Debug, Clone)]
pub struct GinOutput {
    /// The graphs, `[graphs, output]`, of length 1.
    pub graphs: Tensor<2>,
    /// The nodes after the last layer, `[nodes, hidden]`; their input where there is no layer.
    pub nodes: Tensor<2>,
}

impl Gin {
    /// A new network: Glorot weights from `seed`, biases 0, normalizations at identity.
    ///
    /// # Errors
    /// Those of [`GinConfig::check`].
    pub fn new(config: GinConfig, seed: Seed, device: &Device) -> Result<Self> {
        config.check()?;
        let input = config.input_width();
        let width = |level: usize| if level == 0 { input } else { config.hidden };
        let rows = config.max_degree as usize + 1;
        let gin = Self {
            degrees: zero_embedding(rows, config.degree_width, device),
            layers: (1..config.levels)
                .map(|level| GinLayer::new(width(level - 1), config.hidden, device))
                .collect(),
            readouts: (0..config.levels)
                .map(|level| zero_linear(width(level), config.output, true, device))
                .collect(),
            config,
        };
        Ok(initialize(gin, seed, |path| {
            let name = path.rsplit('.').next().unwrap_or(path);
            match name {
                "weight" if path.starts_with("degrees") => Init::Normal(1.0),
                "weight" => Init::Glorot,
                _ => Init::Keep,
            }
        }))
    }

    /// The vectors of graphs and nodes.
    ///
    /// # Panics
    /// If the batch has other widths than [`Gin::config`] or lies on another device.
    pub fn forward(
        &self,
        batch: &GraphBatch,
        statistics: Statistics,
        dropout: DropoutMode,
    ) -> GinOutput {
        let degrees = self.degrees.weight.val().select(0, batch.degrees.clone());
        let features = vec![
            batch.tokens.clone(),
            batch.positions.clone(),
            degrees,
            batch.seeds.clone(),
        ];
        let mut nodes = Tensor::cat(features, 1);
        let dropout = DropoutContext::from(dropout);
        let mut graphs: Option<Tensor<2>> = None;
        for (level, readout) in self.readouts.iter().enumerate() {
            if let Some(layer) = level.checked_sub(1).map(|at| &self.layers[at]) {
                nodes = layer.forward(nodes, &batch.adjacency, statistics);
            }
            let sums = apply(readout, segment_sum(nodes.clone(), &batch.graphs));
            let mask = dropout.site(level as u64, self.config.dropout);
            let sums = kernel::dropout(sums, mask.as_ref());
            graphs = Some(match graphs {
                Some(graphs) => graphs + sums,
                None => sums,
            });
        }
        // At least one level: see `GinConfig::check`.
        let graphs = graphs.unwrap_or_else(|| segment_sum(nodes.clone(), &batch.graphs));
        GinOutput {
            graphs: unit(graphs),
            nodes,
        }
    }
}

/// Rows divided by their length, or by 1e-5 where they are shorter, as GCC does.
fn unit(rows: Tensor<2>) -> Tensor<2> {
    let square = rows.clone().square().sum_dim(1).clamp_min(1e-10);
    rows / square.sqrt()
}
