//! What training minimizes.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::graph::{Adjacency, Labels, count_every_class, refuse_repeats};
use crate::loss::{ClassLoss, LossConfig, Reduction, Tam, TamConfig};
use crate::{Error, Result};

/// (1/|L|) Σ_v w_v ℓ_v over the labeled training nodes, or the sum alone: a loss, and if wanted
/// ReNode's weights and topology-aware margins.
#[derive(Debug, Clone)]
pub struct Objective {
    loss: ClassLoss,
    nodes: Vec<u32>,
    classes: Vec<u32>,
    n_nodes: usize,
    n_classes: usize,
    node_ids: Tensor<1, Int>,
    targets: Tensor<1, Int>,
    weights: Option<Tensor<1>>,
    tam: Option<Tam>,
    reduction: Reduction,
    device: Device,
}

impl Objective {
    /// The loss of `config` over the training nodes `nodes`, which also give its class counts.
    ///
    /// # Errors
    /// [`Error::EmptyClass`] where a class has no training node; [`Error::Core`] where a node is out
    /// of range, of unknown class or given twice, or a setting out of its domain.
    pub fn new(
        config: LossConfig,
        labels: &Labels,
        nodes: &[u32],
        device: &Device,
    ) -> Result<Self> {
        let classes = labels.of(nodes)?;
        refuse_repeats("train", nodes)?;
        let counts = count_every_class(&classes, labels.n_classes())?;
        let device = device.clone().inner();
        Ok(Self {
            loss: ClassLoss::new(config, &counts, &device)?,
            node_ids: ints(nodes, &device),
            targets: ints(&classes, &device),
            nodes: nodes.to_vec(),
            classes,
            n_nodes: labels.n_nodes(),
            n_classes: labels.n_classes(),
            weights: None,
            tam: None,
            reduction: Reduction::default(),
            device,
        })
    }

    /// The objective with a weight for each training node, in the order of [`Objective::nodes`].
    ///
    /// # Errors
    /// [`Error::Core`] where their number is another, or one is negative or not finite.
    pub fn with_weights(mut self, weights: &[f32]) -> Result<Self> {
        if weights.len() != self.nodes.len() {
            return Err(Error::invalid(
                "node weights",
                format!("{} for {} training nodes", weights.len(), self.nodes.len()),
            ));
        }
        if let Some(at) = weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
            return Err(Error::invalid(
                "node weights",
                format!(
                    "node {} has {}, must be finite and not negative",
                    self.nodes[at], weights[at]
                ),
            ));
        }
        let data = TensorData::new(weights.to_vec(), [weights.len()]);
        self.weights = Some(Tensor::from_data(data, &self.device));
        Ok(self)
    }

    /// The objective with topology-aware margins of the graph that the model is trained on.
    ///
    /// # Errors
    /// [`Error::Core`] where a setting is out of its domain or the graph has another number of nodes.
    pub fn with_tam(mut self, config: TamConfig, adjacency: &Adjacency) -> Result<Self> {
        if adjacency.n_nodes() != self.n_nodes {
            return Err(Error::invalid(
                "margins",
                format!(
                    "a graph of {} nodes for labels of {}",
                    adjacency.n_nodes(),
                    self.n_nodes
                ),
            ));
        }
        self.tam = Some(Tam::new(
            config,
            adjacency,
            &self.nodes,
            &self.classes,
            self.n_classes,
            &self.device,
        )?);
        Ok(self)
    }

    /// The objective with `reduction` in place of the mean over nodes.
    #[must_use]
    pub fn with_reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }

    /// The training nodes.
    pub fn nodes(&self) -> &[u32] {
        &self.nodes
    }

    /// Number of nodes that labels were given for.
    pub fn n_nodes(&self) -> usize {
        self.n_nodes
    }

    /// Number of classes of the labels.
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// Whether it has margins, which need the scores of all nodes.
    pub fn has_margins(&self) -> bool {
        self.tam.is_some()
    }

    /// The objective in epoch `epoch`, counted from 0, of the scores of all nodes.
    ///
    /// # Shapes
    /// - logits: `[n_nodes, n_classes]`
    /// - result: `[1]`
    ///
    /// # Panics
    /// If the shape is another.
    pub fn value(&self, logits: Tensor<2>, epoch: usize) -> Tensor<1> {
        let rows = logits.clone().select(0, self.node_ids.clone());
        let rows = match &self.tam {
            Some(tam) if tam.is_active(epoch) => rows + tam.margins(logits),
            _ => rows,
        };
        let losses = self.loss.per_node(rows, self.targets.clone(), epoch);
        self.reduction.apply(losses, self.weights.clone())
    }

    /// The objective of some training nodes alone, the mean or sum taken over them; margins do not act.
    ///
    /// # Shapes
    /// - logits: `[batch, n_classes]`
    /// - positions: `[batch]`, in the order of [`Objective::nodes`]
    /// - result: `[1]`
    ///
    /// # Panics
    /// If a position is out of range or the shapes do not fit.
    pub fn value_of_rows(&self, logits: Tensor<2>, positions: &[u32], epoch: usize) -> Tensor<1> {
        let positions = ints(positions, &self.device);
        let targets = self.targets.clone().select(0, positions.clone());
        let losses = self.loss.per_node(logits, targets, epoch);
        let weights = self.weights.clone().map(|w| w.select(0, positions));
        self.reduction.apply(losses, weights)
    }
}

/// Node or class numbers as a tensor.
fn ints(values: &[u32], device: &Device) -> Tensor<1, Int> {
    let values: Vec<i32> = values.iter().map(|&value| value as i32).collect();
    let shape = [values.len()];
    Tensor::from_data(TensorData::new(values, shape), device)
}
