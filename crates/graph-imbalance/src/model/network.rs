//! All networks behind one type.

use burn::module::Module;
use burn::tensor::Tensor;
use plm_core::nn::DropoutContext;

use super::cheb::Cheb;
use super::gat::Gat;
use super::gcn::Gcn;
use super::inputs::GraphInputs;
use super::ppnp::{Appnp, Ppnp};
use super::pprgo::Pprgo;
use super::sage::Sage;
use super::sgc::Sgc;
use super::stack::GraphLayer;
use crate::{Error, Result};

/// A model that scores the classes of all nodes of a graph: what one training loop runs.
pub trait NodeClassifier: Module {
    /// Class scores before the softmax.
    ///
    /// # Shapes
    /// - result: `[n_nodes, n_classes]`
    ///
    /// # Panics
    /// Where [`NodeClassifier::check`] refuses the inputs.
    fn forward(&self, inputs: &GraphInputs, dropout: &DropoutContext) -> Tensor<2>;

    /// Number of classes that are scored.
    fn n_classes(&self) -> usize;

    /// Whether the model can run on these inputs.
    ///
    /// # Errors
    /// [`Error::Core`] naming what is missing or of another width.
    fn check(&self, inputs: &GraphInputs) -> Result<()>;
}

/// Any of the networks; made by [`NetworkConfig::init`](super::NetworkConfig::init).
#[derive(Module, Debug)]
pub enum Network {
    /// Graph convolution.
    Gcn(Gcn),
    /// Graph attention.
    Gat(Gat),
    /// GraphSAGE.
    Sage(Sage),
    /// Chebyshev convolution.
    Cheb(Cheb),
    /// Simplified graph convolution.
    Sgc(Sgc),
    /// Propagation by a PageRank matrix.
    Ppnp(Ppnp),
    /// Propagation by power steps.
    Appnp(Appnp),
    /// Propagation by sparse rows of PageRank.
    Pprgo(Pprgo),
}

impl Network {
    /// Width of the features that the first layer takes.
    fn n_features(&self) -> usize {
        match self {
            Self::Gcn(net) => net.n_features(),
            Self::Gat(net) => net.n_features(),
            Self::Sage(net) => net.n_features(),
            Self::Cheb(net) => net.n_features(),
            Self::Sgc(net) => net.layer.d_in(),
            Self::Ppnp(Ppnp { mlp })
            | Self::Appnp(Appnp { mlp, .. })
            | Self::Pprgo(Pprgo { mlp, .. }) => mlp.n_features(),
        }
    }
}

impl NodeClassifier for Network {
    fn forward(&self, inputs: &GraphInputs, dropout: &DropoutContext) -> Tensor<2> {
        match self {
            Self::Gcn(net) => net.forward(inputs.features(), inputs, dropout),
            Self::Gat(net) => net.forward(inputs.features(), inputs, dropout),
            Self::Sage(net) => net.forward(inputs.features(), inputs, dropout),
            Self::Cheb(net) => net.forward(inputs.features(), inputs, dropout),
            Self::Sgc(net) => net.forward(inputs, dropout),
            Self::Ppnp(net) => net.forward(inputs, dropout),
            Self::Appnp(net) => net.forward(inputs, dropout),
            Self::Pprgo(net) => net.forward(inputs, dropout),
        }
    }

    fn n_classes(&self) -> usize {
        match self {
            Self::Gcn(net) => net.n_classes(),
            Self::Gat(net) => net.n_classes(),
            Self::Sage(net) => net.n_classes(),
            Self::Cheb(net) => net.n_classes(),
            Self::Sgc(net) => net.layer.d_out(),
            Self::Ppnp(Ppnp { mlp })
            | Self::Appnp(Appnp { mlp, .. })
            | Self::Pprgo(Pprgo { mlp, .. }) => mlp.n_classes(),
        }
    }

    fn check(&self, inputs: &GraphInputs) -> Result<()> {
        check_width(self.n_features(), inputs.features().width())?;
        if matches!(self, Self::Ppnp(_)) && inputs.page_rank().is_none() {
            return Err(Error::invalid(
                "network",
                "is PPNP, which needs inputs with a PageRank matrix",
            ));
        }
        Ok(())
    }
}

/// Refuses features of another width than the first layer takes.
pub(crate) fn check_width(wanted: usize, width: usize) -> Result<()> {
    if wanted == width {
        return Ok(());
    }
    Err(Error::invalid(
        "network",
        format!("takes {wanted} features a node, the graph has {width}"),
    ))
}
