//! Euclidean layers on space components, with the time taken anew.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plm_core::check::positive;
use plm_core::kernel::{self, Activation, SiteMask};
use plm_core::nn::LayerNorm;

use super::parameter::point_width;
use crate::geometry::{lift, space};
use crate::{Curvature, Result};

/// The points with activated space components (Hypformer, HELM).
///
/// # Shapes
/// - points, result: `[.., n + 1]`
pub fn activate_space<const D: usize>(
    points: Tensor<D>,
    activation: Activation,
    curvature: Curvature,
) -> Tensor<D> {
    lift(kernel::activate(space(points), activation), curvature)
}

/// The points with some of their space components dropped and the others enlarged.
///
/// # Shapes
/// - points, result: `[batch, .., n + 1]`
pub fn drop_space<const D: usize>(
    points: Tensor<D>,
    mask: Option<&SiteMask>,
    curvature: Curvature,
) -> Tensor<D> {
    match mask {
        Some(mask) => lift(kernel::dropout(space(points), Some(mask)), curvature),
        None => points,
    }
}

/// Layer normalization of space components.
#[derive(Module, Debug)]
pub struct SpaceLayerNorm {
    /// Of the space components.
    pub norm: LayerNorm,
    #[module(skip)]
    curvature: Curvature,
}

impl SpaceLayerNorm {
    /// For points of `d_model` components, at first without scale and shift; `epsilon` is added to the
    /// variance.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where the points have no space components or `epsilon` is not
    /// positive, since equal components have no variance.
    pub fn new(
        d_model: usize,
        epsilon: f64,
        curvature: Curvature,
        device: &Device,
    ) -> Result<Self> {
        point_width("SpaceLayerNorm", "d_model", d_model)?;
        positive("SpaceLayerNorm", "epsilon", epsilon)?;
        Ok(Self {
            norm: LayerNorm::new(d_model - 1, epsilon, device),
            curvature,
        })
    }

    /// The points with normalized space components.
    ///
    /// # Shapes
    /// - points, result: `[.., d_model]`
    pub fn forward<const D: usize>(&self, points: Tensor<D>) -> Tensor<D> {
        lift(self.norm.forward(space(points)), self.curvature)
    }
}
