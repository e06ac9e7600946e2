//! PPRGo (Bojchevski et al. 2020, arXiv:2007.01570): scores of a batch from a few rows of PageRank.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plm_core::graph::Csr;
use plm_core::nn::DropoutContext;

use super::dense::Mlp;
use super::features::NodeFeatures;
use super::inputs::GraphInputs;
use super::network::{NodeClassifier, check_width};
use super::ppnp::PowerSteps;
use crate::graph::Features;
use crate::{Error, Result};

/// Σ_j π_ij MLP(x_j) over the entries of row i of sparse personalized PageRank (equation 5).
///
/// Training touches the nodes that a batch's rows name and nothing else of the graph. Inference scores
/// every node by power steps (section 3.3), with the symmetric Â that P is made of; the reference code
/// takes D^-1 A without self-loops there.
#[derive(Module, Debug)]
pub struct Pprgo {
    /// The network that sees features alone, without biases.
    pub mlp: Mlp,
    /// The steps of inference.
    #[module(skip)]
    pub power: PowerSteps,
}

impl Pprgo {
    /// Class scores of the nodes of a batch.
    ///
    /// # Shapes
    /// - result: `[rows, n_classes]`
    ///
    /// # Panics
    /// If the features have another width than the first layer.
    pub fn forward_batch(&self, batch: &PprgoBatch, dropout: &DropoutContext) -> Tensor<2> {
        let local = self
            .mlp
            .run(&batch.features, dropout, |layer, x| layer.apply(x));
        batch.weights.matmul(local)
    }
}

impl NodeClassifier for Pprgo {
    /// Class scores of all nodes, by power steps.
    fn forward(&self, inputs: &GraphInputs, dropout: &DropoutContext) -> Tensor<2> {
        let local = self.mlp.forward(inputs.features(), inputs, dropout);
        self.power.apply(inputs.propagation(), local)
    }

    fn n_classes(&self) -> usize {
        self.mlp.n_classes()
    }

    fn check(&self, inputs: &GraphInputs) -> Result<()> {
        check_width(self.mlp.n_features(), inputs.features().width())
    }
}

/// Rows of PageRank with the features of the nodes that they name.
#[derive(Debug, Clone)]
pub struct PprgoBatch {
    weights: Csr<f32>,
    features: NodeFeatures,
    nodes: Vec<u32>,
}

impl PprgoBatch {
    /// The batch of `rows` (`[rows, n_nodes]`); of `features` only the rows of named nodes are read.
    ///
    /// # Errors
    /// [`Error::Core`] where the rows are not as long as there are nodes.
    pub fn new(rows: &Csr<f32>, features: &Features, device: &Device) -> Result<Self> {
        if rows.n_cols() != features.n_nodes() {
            return Err(Error::invalid(
                "pprgo rows",
                format!("{} columns for {} nodes", rows.n_cols(), features.n_nodes()),
            ));
        }
        let mut index: BTreeMap<u32, u32> = rows.indices().iter().map(|&node| (node, 0)).collect();
        for (new, slot) in index.values_mut().enumerate() {
            *slot = new as u32;
        }
        let nodes: Vec<u32> = index.keys().copied().collect();
        let indices = rows.indices().iter().map(|node| index[node]).collect();
        let weights = Csr::new(
            rows.n_rows(),
            nodes.len(),
            rows.indptr().to_vec(),
            indices,
            rows.values().to_vec(),
        )?;
        Ok(Self {
            weights,
            features: NodeFeatures::new(&features.select(&nodes)?, device),
            nodes,
        })
    }

    /// Number of rows: the nodes that are scored.
    pub fn n_rows(&self) -> usize {
        self.weights.n_rows()
    }

    /// The nodes whose features are read, ascending.
    pub fn nodes(&self) -> &[u32] {
        &self.nodes
    }
}
