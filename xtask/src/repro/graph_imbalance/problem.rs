//! One graph on one device, and one training run on it.

use std::ops::ControlFlow;

use anyhow::Result;
use burn::tensor::Device;
use plm_core::rng::Seed;
use plm_graph_imbalance::graph::NodeGraph;
use plm_graph_imbalance::loss::{LossConfig, TamConfig};
use plm_graph_imbalance::model::{GraphInputs, NetworkConfig, PageRank};
use plm_graph_imbalance::ppr::{CgPpr, DENSE_LIMIT, DensePpr, Diffusion, ppr_matrix, ppr_rows};
use plm_graph_imbalance::renode::ReNode;
use plm_graph_imbalance::split::Split;
use plm_graph_imbalance::totoro::Totoro;
use plm_graph_imbalance::train::{
    Evaluation, NodeScores, Objective, TrainConfig, train_full_batch,
};

/// The paper's teleport probability.
pub(super) const TELEPORT: f64 = 0.15;

/// Entries that a row of PageRank keeps where the graph is too large for the whole matrix.
const TOP_K: usize = 64;

/// A graph with what networks and Totoro read of it.
pub(super) struct Problem {
    pub(super) name: String,
    pub(super) graph: NodeGraph,
    pub(super) diffusion: Diffusion,
    pub(super) inputs: GraphInputs,
    /// An autodiff device.
    pub(super) device: Device,
}

/// What is minimized.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method {
    pub(super) loss: LossConfig,
    pub(super) tam: Option<TamConfig>,
}

/// What a run came to.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) test: NodeScores,
    pub(super) predictions: Vec<u32>,
    pub(super) epochs: usize,
}

impl Method {
    /// Plain cross-entropy.
    pub(super) fn plain() -> Self {
        Self::of(LossConfig::CrossEntropy)
    }

    /// `loss` by itself.
    pub(super) fn of(loss: LossConfig) -> Self {
        Self { loss, tam: None }
    }
}

impl Problem {
    /// The graph called `name` on `device`; `page_rank` where PPNP is to run on it.
    pub(super) fn new(
        name: impl Into<String>,
        graph: NodeGraph,
        page_rank: bool,
        device: &Device,
    ) -> Result<Self> {
        let diffusion = Diffusion::new(&graph.adjacency, TELEPORT)?;
        let mut inputs = GraphInputs::new(&graph, device)?;
        if page_rank {
            inputs = inputs.with_page_rank(rank(&diffusion, device)?)?;
        }
        Ok(Self {
            name: name.into(),
            graph,
            diffusion,
            inputs,
            device: device.clone().autodiff(),
        })
    }

    /// The conflicts of the training nodes of `split`.
    pub(super) fn totoro(&self, split: &Split) -> Result<Totoro> {
        let labels = &self.graph.labels;
        let solver = CgPpr::default();
        Ok(Totoro::solve(
            &self.diffusion,
            labels,
            &split.train,
            &solver,
        )?)
    }

    /// [`Self::totoro`] of each of `splits`.
    pub(super) fn totoros(&self, splits: &[Split]) -> Result<Vec<Totoro>> {
        splits.iter().map(|split| self.totoro(split)).collect()
    }

    /// ReNode's weights of the training nodes of `split`, from the paper's 0.5 to 1.5.
    pub(super) fn weights(&self, split: &Split) -> Result<Vec<f32>> {
        let totoro = self.totoro(split)?;
        let weights = ReNode::default().weights(&split.train, totoro.conflict().values())?;
        Ok(weights.iter().map(|&weight| weight as f32).collect())
    }

    /// What training on `split` minimizes; with `weights` it is ReNode.
    pub(super) fn objective(
        &self,
        method: &Method,
        split: &Split,
        weights: Option<&[f32]>,
    ) -> Result<Objective> {
        let labels = &self.graph.labels;
        let mut objective = Objective::new(method.loss, labels, &split.train, &self.device)?;
        if let Some(weights) = weights {
            objective = objective.with_weights(weights)?;
        }
        if let Some(tam) = method.tam {
            objective = objective.with_tam(tam, &self.graph.adjacency)?;
        }
        Ok(objective)
    }

    /// What a model trained on `split` is judged by.
    pub(super) fn evaluation<'a>(&'a self, split: &'a Split) -> Evaluation<'a> {
        Evaluation {
            inputs: &self.inputs,
            labels: &self.graph.labels,
            valid: &split.valid,
            test: &split.test,
        }
    }

    /// Trains `network` on `split`. Runs with the same `seed` begin with the same weights and see the
    /// same dropout, whatever is minimized: their scores are pairs.
    pub(super) fn train(
        &self,
        network: &NetworkConfig,
        method: &Method,
        split: &Split,
        weights: Option<&[f32]>,
        seed: Seed,
    ) -> Result<Run> {
        let width = self.inputs.features().width();
        let model = network.init(width, self.graph.n_classes(), seed, &self.device)?;
        let trained = train_full_batch(
            model,
            &self.inputs,
            &self.objective(method, split, weights)?,
            &self.evaluation(split),
            &TrainConfig::transductive(seed),
            &mut |_| ControlFlow::Continue(()),
        )?;
        let test = trained
            .test
            .ok_or_else(|| anyhow::anyhow!("no test node"))?;
        Ok(Run {
            test,
            predictions: trained.predictions,
            epochs: trained.history.len(),
        })
    }
}

/// P as PPNP takes it: whole where the graph is small enough.
fn rank(diffusion: &Diffusion, device: &Device) -> Result<PageRank> {
    let nodes = diffusion.n_nodes();
    if nodes <= DENSE_LIMIT {
        let matrix = ppr_matrix(diffusion, &DensePpr)?;
        let data = burn::tensor::TensorData::new(matrix, [nodes, nodes]);
        return Ok(PageRank::Dense(burn::tensor::Tensor::from_data(
            data, device,
        )));
    }
    let all: Vec<u32> = (0..nodes as u32).collect();
    let rows = ppr_rows(diffusion, &CgPpr::default(), &all, Some(TOP_K))?;
    Ok(PageRank::Sparse(rows))
}
