//! Class scores by distance to the points of classes.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::embedding::LorentzEmbeddingConfig;
use crate::geometry::inner_pairwise;
use crate::{Curvature, ManifoldParam, Result};

/// Settings of a [`DistanceHead`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistanceHeadConfig {
    /// Components of a point.
    pub d_model: usize,
    /// Number of classes.
    pub classes: usize,
    /// Of the points' space.
    pub curvature: Curvature,
}

impl DistanceHeadConfig {
    /// With k = 1.
    pub fn new(d_model: usize, classes: usize) -> Self {
        Self {
            d_model,
            classes,
            curvature: Curvature::UNIT,
        }
    }

    /// A head with class points at distance 1 from the origin and biases of zero.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting, its value and the limit.
    pub fn init(&self, seed: Seed, device: &Device) -> Result<DistanceHead> {
        let points = LorentzEmbeddingConfig {
            curvature: self.curvature,
            ..LorentzEmbeddingConfig::new(self.classes, self.d_model)
        };
        let points = points.init(seed, device)?.points;
        Ok(DistanceHead::new(points))
    }
}

/// The score 2k + 2⟨x, μ⟩ + b = −d²_L(x, μ) + b of every class, μ a point and b a number for each.
#[derive(Module, Debug)]
pub struct DistanceHead {
    /// μ: `[classes, d_model]`.
    pub centers: ManifoldParam<2>,
    /// b: `[classes]`.
    pub bias: Param<Tensor<1>>,
}

impl DistanceHead {
    /// A head with these class points, such as a copy of an embedding's, and biases of zero in their number
    /// type.
    ///
    /// # Shapes
    /// - centers: `[classes, d_model]`
    pub fn new(centers: ManifoldParam<2>) -> Self {
        let points = centers.val();
        let classes = points.dims()[0];
        let zeros = Tensor::zeros([classes], (&points.device(), points.dtype()));
        Self {
            bias: Param::from_tensor(zeros),
            centers,
        }
    }

    /// The scores of all classes.
    ///
    /// # Shapes
    /// - x: `[.., d_model]`
    /// - result: `[.., classes]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let centers = self.centers.val();
        let mut dims = x.dims();
        let width = dims[D - 1];
        let rows = dims[..D - 1].iter().product();
        dims[D - 1] = centers.dims()[0];
        let products: Tensor<2> = inner_pairwise(x.reshape([rows, width]), centers);
        let scores = products
            .add_scalar(self.centers.curvature().k())
            .mul_scalar(2.0);
        (scores + self.bias.val().unsqueeze::<2>()).reshape(dims)
    }
}
