//! Trainable places.

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Tensor, TensorData};
use plm_core::check::{at_least, positive};
use plm_core::nn::init::normal;
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::Space;
use crate::geometry::{exp_origin, origin_tangent};
use crate::{ManifoldParam, Result};

/// Settings of a [`NodeEmbedding`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeEmbeddingConfig {
    /// Number of nodes.
    pub nodes: usize,
    /// Dimensions of the space; points of hyperboloids have a time component besides.
    pub dimension: usize,
    /// The space.
    pub space: Space,
    /// Distance of all places from the origin before training.
    pub distance: f64,
    /// Whether places have double precision, which not every device knows.
    pub double_precision: bool,
}

impl NodeEmbeddingConfig {
    /// At distance 1 from the origin, in single precision.
    pub fn new(nodes: usize, dimension: usize, space: Space) -> Self {
        Self {
            nodes,
            dimension,
            space,
            distance: 1.0,
            double_precision: false,
        }
    }

    /// Places in random directions, the same ones in both kinds of space.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting, its value and the limit.
    pub fn init(&self, seed: Seed, device: &Device) -> Result<NodeEmbedding> {
        const ORIGIN: &str = "NodeEmbeddingConfig";
        for (key, value) in [("nodes", self.nodes), ("dimension", self.dimension)] {
            at_least(ORIGIN, key, value, 1)?;
        }
        positive(ORIGIN, "distance", self.distance)?;
        let drawn = normal(seed, "points", self.nodes * self.dimension, 1.0);
        let mut vectors: Vec<f64> = drawn.into_iter().map(f64::from).collect();
        for row in vectors.chunks_mut(self.dimension) {
            let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            let factor = self.distance / norm.max(f64::MIN_POSITIVE);
            row.iter_mut().for_each(|x| *x *= factor);
        }
        let dtype = match self.double_precision {
            true => DType::F64,
            false => DType::F32,
        };
        let data = TensorData::new(vectors, [self.nodes, self.dimension]);
        let vectors = Tensor::<2>::from_data(data, (device, dtype));
        Ok(match self.space {
            Space::Lorentz { curvature } => {
                let points = exp_origin(origin_tangent(vectors), curvature);
                NodeEmbedding::Lorentz(ManifoldParam::from_points(points, curvature)?)
            }
            Space::Euclidean => NodeEmbedding::Euclidean(Param::from_tensor(vectors)),
        })
    }
}

/// A place for each node. [`ManifoldOptimizer`](crate::optim::ManifoldOptimizer) moves points along
/// geodesics and vectors by Adam.
#[derive(Module, Debug)]
pub enum NodeEmbedding {
    /// Points of a hyperboloid: `[nodes, dimension + 1]`.
    Lorentz(ManifoldParam<2>),
    /// Vectors: `[nodes, dimension]`.
    Euclidean(Param<Tensor<2>>),
}

impl NodeEmbedding {
    /// The places, `[nodes, width]`.
    pub fn val(&self) -> Tensor<2> {
        match self {
            Self::Lorentz(points) => points.val(),
            Self::Euclidean(vectors) => vectors.val(),
        }
    }

    /// The space that they lie in.
    pub fn space(&self) -> Space {
        match self {
            Self::Lorentz(points) => Space::Lorentz {
                curvature: points.curvature(),
            },
            Self::Euclidean(_) => Space::Euclidean,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::distance_from_origin;
    use crate::testing::devices;
    use crate::{Curvature, ManifoldRegistry};

    #[test]
    fn places_start_at_the_distance_and_points_are_found() {
        for device in devices() {
            let curvature = Curvature::from_k(4.0).unwrap();
            let space = Space::Lorentz { curvature };
            let config = NodeEmbeddingConfig {
                distance: 0.5,
                double_precision: true,
                ..NodeEmbeddingConfig::new(7, 3, space)
            };
            let points = config.init(Seed::new(1), &device).unwrap();
            assert_eq!(points.val().dims(), [7, 4]);
            assert_eq!(points.val().dtype(), DType::F64);
            assert_eq!(points.space(), space);
            let radii = distance_from_origin(points.val(), curvature);
            let radii: Vec<f64> = radii.into_data().iter::<f64>().collect();
            assert!(radii.iter().all(|r| (r - 0.5).abs() < 1e-12), "{radii:?}");
            let registry = ManifoldRegistry::of(&points).unwrap();
            assert_eq!(registry.len(), 1);

            let flat = NodeEmbeddingConfig {
                space: Space::Euclidean,
                double_precision: false,
                ..config
            };
            let flat = flat.init(Seed::new(1), &device).unwrap();
            assert_eq!(
                (flat.val().dims(), flat.val().dtype()),
                ([7, 3], DType::F32)
            );
            assert!(ManifoldRegistry::of(&flat).unwrap().is_empty());
        }
    }

    #[test]
    fn settings_out_of_their_limits_are_refused() {
        let device = devices().remove(0);
        let good = NodeEmbeddingConfig::new(2, 2, Space::Euclidean);
        for (bad, key) in [
            (NodeEmbeddingConfig { nodes: 0, ..good }, "nodes"),
            (
                NodeEmbeddingConfig {
                    dimension: 0,
                    ..good
                },
                "dimension",
            ),
            (
                NodeEmbeddingConfig {
                    distance: 0.0,
                    ..good
                },
                "distance",
            ),
        ] {
            let error = bad.init(Seed::new(1), &device).unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
    }
}
