//! The block that looks at one point alone, and what all blocks end with.

use burn::module::Module;
use burn::tensor::Tensor;
use plm_core::kernel::SiteMask;

use super::dropout::DropoutSites;
use super::linear::LorentzLinear;
use super::residual::CentroidResidual;

/// Dropout sites of the block.
const INPUT: u64 = 8;
const OUTPUT: u64 = 9;

/// Two linear layers with ReLU between them, and the input added to the second.
#[derive(Module, Debug)]
pub struct LorentzFeedForward {
    /// The first layer.
    pub input: LorentzLinear,
    /// The second layer.
    pub output: LorentzLinear,
    /// The centroid with the input; without it the second layer adds the input.
    pub residual: Option<CentroidResidual>,
    #[module(skip)]
    pub(super) dropout: f64,
}

impl LorentzFeedForward {
    /// The points of `x`, each by itself.
    ///
    /// # Shapes
    /// - x, result: `[.., d_model]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>, dropout: DropoutSites<'_>) -> Tensor<D> {
        let mask = dropout.mask(INPUT, self.dropout);
        let hidden = self.input.forward(x.clone(), mask.as_ref());
        let mask = dropout.mask(OUTPUT, self.dropout);
        finish(&self.output, self.residual.as_ref(), hidden, x, mask)
    }
}

/// The last layer of a block on `hidden`, joined with the block's input.
pub(super) fn finish<const D: usize>(
    layer: &LorentzLinear,
    residual: Option<&CentroidResidual>,
    hidden: Tensor<D>,
    input: Tensor<D>,
    dropout: Option<SiteMask>,
) -> Tensor<D> {
    match residual {
        Some(residual) => residual.forward(input, layer.forward(hidden, dropout.as_ref())),
        None => layer.forward_residual(hidden, input, dropout.as_ref()),
    }
}
