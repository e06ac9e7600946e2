//! How much an embedding distorts the distances of a graph.

use plm_core::check::positive;

use super::GraphDistances;
use crate::Result;
use crate::task::nodes::{Places, rank_related};

/// Measures of distortion over all pairs of nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distortion {
    /// Mean of |d / (s d_G) − 1|, with d in the embedding, d_G steps in the graph and the scale s.
    pub mean: f64,
    /// The largest d / d_G over the smallest: 1 for an embedding without distortion, whatever its scale.
    pub worst: f64,
    /// Mean average precision with which distance finds the neighbors of a node (Sala et al. 2018,
    /// section 2).
    pub neighbor_precision: f64,
}

impl Distortion {
    /// Of `places` with the distance `scale` for each step.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where the numbers of nodes differ, the scale is not finite and
    /// positive, or a distance is not finite.
    pub fn of(places: &Places, distances: &GraphDistances, scale: f64) -> Result<Self> {
        positive("Distortion", "scale", scale)?;
        let neighbors = rank_related(places, distances.adjacency())?;
        let (mut sum, mut low, mut high) = (0.0, f64::INFINITY, 0.0_f64);
        let nodes = places.nodes();
        for node in 0..nodes {
            let found = places.distances(node);
            for (other, (distance, &steps)) in found.iter().zip(distances.from(node)).enumerate() {
                if other == node {
                    continue;
                }
                if !distance.is_finite() {
                    let reason = format!("of nodes {node} and {other} is {distance}");
                    return Err(plm_core::Error::invalid("distance", reason).into());
                }
                let ratio = distance / f64::from(steps);
                sum += (ratio / scale - 1.0).abs();
                low = low.min(ratio);
                high = high.max(ratio);
            }
        }
        Ok(Self {
            mean: sum / (nodes * (nodes - 1)) as f64,
            worst: high / low,
            neighbor_precision: neighbors.mean_average_precision,
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::module::Param;
    use burn::tensor::Tensor;
    use plm_core::graph::{Csr, Duplicates};

    use super::*;
    use crate::task::nodes::NodeEmbedding;
    use crate::testing::devices;

    /// The path 0 – 1 – 2 at 0, 1 and 3 on a line: ratios 1, 2 and 3/2.
    #[test]
    fn a_path_on_a_line() {
        for device in devices() {
            let path = Csr::from_edges(3, &[(0, 1), (1, 2)], Duplicates::First).unwrap();
            let distances = GraphDistances::of(&path).unwrap();
            let vectors = Tensor::<2>::from_data([[0.0_f32], [1.0], [3.0]], &device);
            let places = Places::of(&NodeEmbedding::Euclidean(Param::from_tensor(vectors)));
            let found = Distortion::of(&places, &distances, 1.5).unwrap();
            assert!((found.mean - (1.0 / 3.0 + 1.0 / 3.0) / 3.0).abs() < 1e-12);
            assert_eq!(found.worst, 2.0);
            assert_eq!(found.neighbor_precision, 1.0);
        }
    }

    /// Otherwise places that are no numbers would have a worst ratio of 0, better than without distortion.
    #[test]
    fn what_is_no_number_is_refused() {
        let device = devices().remove(0);
        let path = Csr::from_edges(3, &[(0, 1), (1, 2)], Duplicates::First).unwrap();
        let distances = GraphDistances::of(&path).unwrap();
        let error = |last: f32, scale: f64| {
            let vectors = Tensor::<2>::from_data([[0.0_f32], [1.0], [last]], &device);
            let places = Places::of(&NodeEmbedding::Euclidean(Param::from_tensor(vectors)));
            let refused = Distortion::of(&places, &distances, scale);
            refused.unwrap_err().to_string()
        };
        assert!(error(f32::NAN, 1.0).contains("distance: of nodes 0 and 2 is NaN"));
        for scale in [0.0, -1.0, f64::NAN] {
            let error = error(3.0, scale);
            assert!(error.contains("`scale` is"), "{error}");
        }
    }
}
