//! Points of symbols.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::check::{at_least, positive};
use plm_core::nn::init::normal;
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::parameter::point_width;
use crate::geometry::{exp_origin, origin_tangent};
use crate::{Curvature, ManifoldParam, Result};

/// Settings of a [`LorentzEmbedding`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LorentzEmbeddingConfig {
    /// Number of symbols.
    pub symbols: usize,
    /// Components of a point.
    pub d_model: usize,
    /// Geodesic distance of all points from the origin before training.
    pub distance: f64,
    /// Of the points' space.
    pub curvature: Curvature,
}

impl LorentzEmbeddingConfig {
    /// At distance 1 from the origin, k = 1.
    pub fn new(symbols: usize, d_model: usize) -> Self {
        Self {
            symbols,
            d_model,
            distance: 1.0,
            curvature: Curvature::UNIT,
        }
    }

    /// Points in random directions.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting, its value and the limit.
    pub fn init(&self, seed: Seed, device: &Device) -> Result<LorentzEmbedding> {
        const ORIGIN: &str = "LorentzEmbeddingConfig";
        at_least(ORIGIN, "symbols", self.symbols, 1)?;
        point_width(ORIGIN, "d_model", self.d_model)?;
        positive(ORIGIN, "distance", self.distance)?;
        let width = self.d_model - 1;
        let mut space = normal(seed, "points", self.symbols * width, 1.0);
        for row in space.chunks_mut(width) {
            let squares: f64 = row.iter().map(|x| f64::from(*x).powi(2)).sum();
            let factor = self.distance / squares.sqrt().max(f64::MIN_POSITIVE);
            for x in row {
                *x = (f64::from(*x) * factor) as f32;
            }
        }
        let space = Tensor::from_data(TensorData::new(space, [self.symbols, width]), device);
        let points = exp_origin(origin_tangent(space), self.curvature);
        Ok(LorentzEmbedding {
            points: ManifoldParam::from_points(points, self.curvature)?,
        })
    }
}

/// One point for each symbol, moved along geodesics by
/// [`ManifoldOptimizer`](crate::optim::ManifoldOptimizer).
#[derive(Module, Debug)]
pub struct LorentzEmbedding {
    /// The points: `[symbols, d_model]`.
    pub points: ManifoldParam<2>,
}

impl LorentzEmbedding {
    /// The points of `ids`.
    ///
    /// # Shapes
    /// - ids: `[batch, length]`, below the number of symbols
    /// - result: `[batch, length, d_model]`
    pub fn forward(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        let [batch, length] = ids.dims();
        let points = self.points.val();
        let width = points.dims()[1];
        points
            .select(0, ids.reshape([batch * length]))
            .reshape([batch, length, width])
    }
}
