//! Predict, then propagate by personalized PageRank (Gasteiger et al. 2019, arXiv:1810.05997).

use burn::module::Module;
use burn::tensor::Tensor;
use plm_core::graph::Csr;
use plm_core::nn::DropoutContext;

use super::dense::Mlp;
use super::inputs::GraphInputs;

/// P · MLP(X) with the matrix P of [`GraphInputs::page_rank`] (equation 3, without the softmax).
#[derive(Module, Debug)]
pub struct Ppnp {
    /// The network that sees features alone.
    pub mlp: Mlp,
}

impl Ppnp {
    /// Class scores of all nodes.
    ///
    /// # Shapes
    /// - result: `[n_nodes, n_classes]`
    ///
    /// # Panics
    /// If the inputs have no PageRank matrix, or the features another width than the first layer.
    pub fn forward(&self, inputs: &GraphInputs, dropout: &DropoutContext) -> Tensor<2> {
        let Some(page_rank) = inputs.page_rank() else {
            panic!("PPNP needs inputs with a PageRank matrix");
        };
        page_rank.matmul(self.mlp.forward(inputs.features(), inputs, dropout))
    }
}

/// [`Ppnp`] with the product by P replaced by power steps (equation 4): memory and time grow with the
/// edges, not with the nodes squared.
///
/// After K steps the rows differ from PPNP's by at most (1 − α)ᴷ of the scores' size.
#[derive(Module, Debug)]
pub struct Appnp {
    /// The network that sees features alone.
    pub mlp: Mlp,
    /// Z ← (1 − α) Â Z + α H.
    #[module(skip)]
    pub power: PowerSteps,
}

impl Appnp {
    /// Class scores of all nodes.
    ///
    /// # Shapes
    /// - result: `[n_nodes, n_classes]`
    ///
    /// # Panics
    /// If the features have another width than the first layer.
    pub fn forward(&self, inputs: &GraphInputs, dropout: &DropoutContext) -> Tensor<2> {
        let local = self.mlp.forward(inputs.features(), inputs, dropout);
        self.power.apply(inputs.propagation(), local)
    }
}

/// A number of steps Z ← (1 − α) M Z + α H, beginning with Z = H.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PowerSteps {
    /// K, the number of steps.
    pub steps: usize,
    /// α, the probability of a walk to return to its start.
    pub teleport: f64,
}

impl PowerSteps {
    /// The rows `local` (H) after all steps by `matrix` (M).
    ///
    /// # Shapes
    /// - local: `[n_nodes, width]`, the result the same
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn apply(&self, matrix: &Csr<f32>, local: Tensor<2>) -> Tensor<2> {
        if self.steps == 0 {
            return local;
        }
        let returned = local.clone() * self.teleport;
        let mut z = local;
        for _ in 0..self.steps {
            z = matrix.matmul(z) * (1.0 - self.teleport) + returned.clone();
        }
        z
    }
}
