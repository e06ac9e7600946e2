//! Layers one after another: what all networks share.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::Tensor;
use plm_core::kernel::{self, Activation};
use plm_core::nn::DropoutContext;

use super::features::NodeFeatures;
use super::inputs::GraphInputs;

/// The dropout site of the input; the output of layer `i` has site `i`.
pub(super) const INPUT_SITE: u64 = 1 << 32;

/// One layer of a network over a graph's nodes.
pub trait GraphLayer: Module {
    /// Width of the rows that it takes.
    fn d_in(&self) -> usize;

    /// Width of the rows that it gives.
    fn d_out(&self) -> usize;

    /// The rows of all nodes after this layer, without activation.
    ///
    /// # Shapes
    /// - x: `[n_nodes, d_in]`
    /// - result: `[n_nodes, d_out]`
    fn forward(&self, x: &NodeFeatures, inputs: &GraphInputs) -> Tensor<2>;
}

/// Layers with ReLU and dropout between them. The last layer's output is returned as it is: with one
/// layer too, where the reference code of ReNode ends some networks in a ReLU.
#[derive(Module, Debug)]
pub struct Stack<L: GraphLayer> {
    /// The layers, at least one.
    pub layers: Vec<L>,
    /// Dropout probability of what lies between two layers.
    #[module(skip)]
    pub dropout: f64,
    /// Dropout probability of the features.
    #[module(skip)]
    pub input_dropout: f64,
}

impl<L: GraphLayer> Stack<L> {
    /// Class scores of all nodes.
    ///
    /// # Shapes
    /// - x: `[n_nodes, n_features]`
    /// - result: `[n_nodes, n_classes]`
    ///
    /// # Panics
    /// If there is no layer, or the features have another width than the first layer.
    pub fn forward(
        &self,
        x: &NodeFeatures,
        inputs: &GraphInputs,
        dropout: &DropoutContext,
    ) -> Tensor<2> {
        self.run(x, dropout, |layer, x| layer.forward(x, inputs))
    }

    /// Width of the features that the first layer takes.
    pub fn n_features(&self) -> usize {
        self.layers.first().map_or(0, GraphLayer::d_in)
    }

    /// Width of the scores that the last layer gives.
    pub fn n_classes(&self) -> usize {
        self.layers.last().map_or(0, GraphLayer::d_out)
    }

    /// [`Stack::forward`] with the layers applied by `apply`.
    pub(super) fn run(
        &self,
        x: &NodeFeatures,
        dropout: &DropoutContext,
        apply: impl Fn(&L, &NodeFeatures) -> Tensor<2>,
    ) -> Tensor<2> {
        let Some((last, inner)) = self.layers.split_last() else {
            panic!("a network has at least one layer");
        };
        let mut x = x.dropout(dropout.site(INPUT_SITE, self.input_dropout).as_ref());
        for (site, layer) in inner.iter().enumerate() {
            let hidden = kernel::activate(apply(layer, &x), Activation::Relu);
            let mask = dropout.site(site as u64, self.dropout);
            x = NodeFeatures::Dense(kernel::dropout(hidden, mask.as_ref()));
        }
        apply(last, &x)
    }
}

/// Width of the rows that a linear map takes.
pub(super) fn input_width(linear: &Linear) -> usize {
    linear.weight.lazy_shape()[0]
}

/// Width of the rows that a linear map gives.
pub(super) fn output_width(linear: &Linear) -> usize {
    linear.weight.lazy_shape()[1]
}

/// `x` with the bias added to each row.
///
/// # Shapes
/// - x: `[n_nodes, width]`
/// - bias: `[width]`
pub(super) fn add_bias(x: Tensor<2>, bias: Option<&Param<Tensor<1>>>) -> Tensor<2> {
    match bias {
        Some(bias) => x + bias.val().unsqueeze(),
        None => x,
    }
}
