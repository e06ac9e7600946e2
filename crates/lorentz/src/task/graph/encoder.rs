//! What the training loops ask of a network.

use burn::module::{Module, ModuleDisplay};
use burn::tensor::Tensor;
use plm_core::nn::DropoutContext;

use super::inputs::GraphInputs;
use crate::{Curvature, Result};

/// A network that embeds the nodes of a graph in a space with a similarity.
pub trait GraphEncoder: Module + ModuleDisplay {
    /// The embeddings of all nodes.
    ///
    /// # Shapes
    /// - result: `[nodes, d_model]`
    ///
    /// # Panics
    /// Where [`GraphEncoder::check`] refuses the inputs.
    fn forward(&self, inputs: &GraphInputs, dropout: &DropoutContext) -> Tensor<2>;

    /// Minus the squared distance of the space: −d²_L, or −|a − b|².
    ///
    /// # Shapes
    /// - a, b: `[pairs, d_model]`
    /// - result: `[pairs, 1]`
    fn similarity(&self, a: Tensor<2>, b: Tensor<2>) -> Tensor<2>;

    /// Components of a row of features, or of a point.
    fn d_input(&self) -> usize;

    /// The curvature of the inputs' space; none where they are Euclidean.
    fn input_curvature(&self) -> Option<Curvature>;

    /// Whether the network takes these inputs.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming what is of another width or another space.
    fn check(&self, inputs: &GraphInputs) -> Result<()> {
        let space = |curvature: Option<Curvature>| match curvature {
            Some(curvature) => format!("points with k = {}", curvature.k()),
            None => "Euclidean features".to_owned(),
        };
        let wrong = |reason| Err(plm_core::Error::invalid("graph inputs", reason).into());
        if self.input_curvature() != inputs.curvature() {
            return wrong(format!(
                "hold {}, the network takes {}",
                space(inputs.curvature()),
                space(self.input_curvature())
            ));
        }
        if self.d_input() != inputs.width() {
            return wrong(format!(
                "have {} components a node, the network takes {}",
                inputs.width(),
                self.d_input()
            ));
        }
        Ok(())
    }
}
