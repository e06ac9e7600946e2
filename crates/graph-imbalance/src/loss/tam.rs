//! Topology-aware margins (Song et al. 2022, "TAM: Topology-Aware Margin Loss for Class-Imbalanced
//! Node Classification").

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::check::{not_negative, up_to_one};
use plm_core::graph::Csr;
use serde::{Deserialize, Serialize};

use super::cross_entropy::one_hot;
use crate::graph::Adjacency;
use crate::model::like;
use crate::{Error, Result};

/// Shares of a neighborhood below this count as this, as in the published code.
const FLOOR: f64 = 1e-6;

/// Settings of [`Tam`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TamConfig {
    /// Strength of anomalous connectivity-aware margins (α).
    pub alpha: f64,
    /// Strength of anomalous distribution-aware margins (β).
    pub beta: f64,
    /// Scale of the class-wise sharpening of predictions (φ).
    pub phi: f64,
    /// How far that sharpening follows the class shares (γ), in [0, 1].
    pub gamma: f64,
    /// Epochs without margins.
    pub warm_up: usize,
}

impl Default for TamConfig {
    fn default() -> Self {
        Self {
            alpha: 2.5,
            beta: 0.5,
            phi: 1.2,
            gamma: 0.4,
            warm_up: 5,
        }
    }
}

impl TamConfig {
    fn check(&self) -> Result<()> {
        for (key, value) in [
            ("alpha", self.alpha),
            ("beta", self.beta),
            ("phi", self.phi),
        ] {
            not_negative("TamConfig", key, value)?;
        }
        up_to_one("TamConfig", "gamma", self.gamma)?;
        Ok(())
    }
}

/// Margins for labeled nodes whose neighborhood is unlike that of their class, to be added to logits
/// under any loss.
///
/// | paper | here |
/// |---|---|
/// | neighborhood distribution D_v | mean over N(v) ∪ {v} of class distributions: one-hot for labeled nodes, the sharpened softmax of the logits for others |
/// | class connectivity M_c | mean of D_v over the labeled nodes of class c |
/// | ACM_v,c | min(1, D_v,y / M_y,y · M_y,c / D_v,c), 1 for c = y |
/// | ADM_v,c | (d(v, y)² + d(y, c)² − d(v, c)²) / 2 d(y, c)², 0 for c = y, with d the Jensen-Shannon divergences of D_v, M_y and M_c |
/// | margin | α ln ACM − β ADM |
///
/// A neighborhood with more of class c than its own class usually has makes ACM small: the logit of c
/// is lowered, so that the node does not push the class boundary away from c. Logits of class c are
/// multiplied by φ (ρ_c + 1 − max ρ) before the softmax, with ρ_c = γ n_c / Σ n + 1 − γ.
///
/// The divergences are squared without a root taken first and shares are floored at 1e-6, both as in
/// the published code.
#[derive(Debug, Clone)]
pub struct Tam {
    config: TamConfig,
    /// The mean over N(v) ∪ {v} for each labeled node: `[labeled, n_nodes]`.
    neighborhoods: Csr<f32>,
    /// The mean over the labeled nodes of each class: `[k, labeled]`.
    class_means: Csr<f32>,
    targets: Tensor<1, Int>,
    /// One-hot rows of labeled nodes, zero elsewhere: `[n_nodes, k]`.
    known: Tensor<2>,
    /// 0 for labeled nodes, 1 elsewhere: `[n_nodes, 1]`.
    unknown: Tensor<2>,
    /// What logits are multiplied by: `[1, k]`.
    sharpening: Tensor<2>,
}

impl Tam {
    /// Margins for the labeled nodes `nodes` with classes `classes` out of `n_classes`.
    ///
    /// # Errors
    /// [`Error::EmptyClass`] where a class has no node; [`Error::Core`] where a setting is out of its
    /// domain, the two lists differ in length, or a node or class is out of range.
    pub fn new(
        config: TamConfig,
        adjacency: &Adjacency,
        nodes: &[u32],
        classes: &[u32],
        n_classes: usize,
        device: &Device,
    ) -> Result<Self> {
        config.check()?;
        let n = adjacency.n_nodes();
        let members = members(nodes, classes, n, n_classes)?;
        let device = device.clone().inner();
        let total = nodes.len() as f64;
        let shares: Vec<f64> = members
            .iter()
            .map(|members| config.gamma * members.len() as f64 / total + 1.0 - config.gamma)
            .collect();
        let largest = shares.iter().copied().fold(0.0, f64::max);
        let sharpening: Vec<f64> = shares
            .iter()
            .map(|share| config.phi * (share + 1.0 - largest))
            .collect();
        let (mut known, mut unknown) = (vec![0.0_f32; n * n_classes], vec![1.0_f32; n]);
        for (&node, &class) in nodes.iter().zip(classes) {
            known[node as usize * n_classes + class as usize] = 1.0;
            unknown[node as usize] = 0.0;
        }
        let targets: Vec<i32> = classes.iter().map(|&class| class as i32).collect();
        let rows: Vec<Vec<u32>> = nodes
            .iter()
            .map(|&node| {
                let mut row = adjacency.csr().row(node as usize).0.to_vec();
                let at = row.partition_point(|&other| other < node);
                row.insert(at, node);
                row
            })
            .collect();
        Ok(Self {
            config,
            neighborhoods: means(&rows, n)?,
            class_means: means(&members, nodes.len())?,
            targets: Tensor::from_data(TensorData::new(targets, [classes.len()]), &device),
            known: Tensor::from_data(TensorData::new(known, [n, n_classes]), &device),
            unknown: Tensor::from_data(TensorData::new(unknown, [n, 1]), &device),
            sharpening: Tensor::from_data(TensorData::new(sharpening, [1, n_classes]), &device),
        })
    }

    /// Whether margins are due in epoch `epoch`, counted from 0.
    pub fn is_active(&self, epoch: usize) -> bool {
        epoch >= self.config.warm_up
    }

    /// What is added to the logits of the labeled nodes; a constant to automatic differentiation.
    ///
    /// # Shapes
    /// - logits: `[n_nodes, k]`
    /// - result: `[labeled, k]`
    ///
    /// # Panics
    /// If the shape is another.
    pub fn margins(&self, logits: Tensor<2>) -> Tensor<2> {
        let logits = logits.without_autodiff();
        let sharpening = like(self.sharpening.clone(), &logits);
        let (known, unknown) = (
            like(self.known.clone(), &logits),
            like(self.unknown.clone(), &logits),
        );
        let believed = softmax(logits * sharpening, 1) * unknown + known;
        let around = self.neighborhoods.matmul(believed);
        let connectivity = self.class_means.matmul(around.clone());
        let (around, connectivity) = (around.clamp_min(FLOOR), connectivity.clamp_min(FLOOR));
        let foreign = one_hot(self.targets.clone(), &around).neg() + 1.0;
        let acm = self.connectivity_margin(around.clone(), connectivity.clone());
        let adm = self.distribution_margin(around, connectivity);
        (acm.log() * self.config.alpha - adm * self.config.beta) * foreign
    }

    /// ACM: `[labeled, k]`.
    fn connectivity_margin(&self, around: Tensor<2>, connectivity: Tensor<2>) -> Tensor<2> {
        let usual = connectivity.select(0, self.targets.clone());
        let own = self.targets.clone().unsqueeze_dim::<2>(1);
        let loyalty = around.clone().gather(1, own.clone()) / usual.clone().gather(1, own);
        (loyalty * (usual / around)).clamp_max(1.0)
    }

    /// ADM: `[labeled, k]`.
    fn distribution_margin(&self, around: Tensor<2>, connectivity: Tensor<2>) -> Tensor<2> {
        let own = connectivity.clone().select(0, self.targets.clone());
        let classes: Tensor<3> = connectivity.clone().unsqueeze_dim(0);
        let between = divergence(connectivity.unsqueeze_dim(1), classes.clone()).clamp_min(FLOOR);
        let to_own = divergence(around.clone().unsqueeze_dim(1), own.unsqueeze_dim(1));
        let to_each = divergence(around.unsqueeze_dim(1), classes);
        let between = between.square().select(0, self.targets.clone());
        (to_own.square() + between.clone() - to_each.square()) / (between * 2.0)
    }
}

/// The Jensen-Shannon divergence over the last axis, the two others broadcast.
///
/// # Shapes
/// - result: `[a, b]` of operands `[a or 1, b or 1, k]`
fn divergence(p: Tensor<3>, q: Tensor<3>) -> Tensor<2> {
    let log_middle = ((p.clone() + q.clone()) * 0.5).log();
    let apart = p.clone() * (p.log() - log_middle.clone()) + q.clone() * (q.log() - log_middle);
    (apart * 0.5).sum_dim(2).squeeze_dim::<2>(2)
}

/// Positions in `classes` of the nodes of each class.
fn members(
    nodes: &[u32],
    classes: &[u32],
    n_nodes: usize,
    n_classes: usize,
) -> Result<Vec<Vec<u32>>> {
    if nodes.len() != classes.len() {
        let reason = format!("{} classes for {} nodes", classes.len(), nodes.len());
        return Err(Error::invalid("labeled nodes", reason));
    }
    if let Some(node) = nodes.iter().find(|&&node| node as usize >= n_nodes) {
        let reason = format!("node {node} of {n_nodes}");
        return Err(Error::invalid("labeled nodes", reason));
    }
    let mut members = vec![Vec::new(); n_classes];
    for (at, &class) in classes.iter().enumerate() {
        match members.get_mut(class as usize) {
            Some(members) => members.push(at as u32),
            None => {
                let reason = format!("node {} has class {class} of {n_classes}", nodes[at]);
                return Err(Error::invalid("labeled nodes", reason));
            }
        }
    }
    match members.iter().position(Vec::is_empty) {
        Some(class) => Err(Error::EmptyClass { class, n_classes }),
        None => Ok(members),
    }
}

/// A matrix whose rows take the mean over the columns listed.
fn means(rows: &[Vec<u32>], n_cols: usize) -> Result<Csr<f32>> {
    let mut indptr = vec![0];
    let (mut indices, mut values) = (Vec::new(), Vec::new());
    for row in rows {
        indices.extend_from_slice(row);
        values.extend(row.iter().map(|_| 1.0 / row.len() as f32));
        indptr.push(indices.len());
    }
    Ok(Csr::new(rows.len(), n_cols, indptr, indices, values)?)
}
