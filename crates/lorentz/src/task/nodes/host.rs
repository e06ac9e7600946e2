//! Places in double precision on the host, for measures that need more digits than training does.

use super::{NodeEmbedding, Space};

/// Places of nodes, read from the device once. The times of points are computed anew.
#[derive(Debug, Clone)]
pub struct Places {
    space: Space,
    nodes: usize,
    /// Component by component, so that the distances from one node to all others are a few passes over
    /// memory: `[width, nodes]`.
    columns: Vec<f64>,
}

impl Places {
    /// The places of `embedding`.
    pub fn of(embedding: &NodeEmbedding) -> Self {
        let values = embedding.val().detach();
        let [nodes, width] = values.dims();
        let rows: Vec<f64> = values.into_data().iter::<f64>().collect();
        let space = embedding.space();
        let mut columns = vec![0.0; nodes * width];
        for (node, row) in rows.chunks(width).enumerate() {
            for (axis, &value) in row.iter().enumerate() {
                columns[axis * nodes + node] = value;
            }
            if let Space::Lorentz { curvature } = space {
                let squares: f64 = row[1..].iter().map(|x| x * x).sum();
                columns[node] = (curvature.k() + squares).sqrt();
            }
        }
        Self {
            space,
            nodes,
            columns,
        }
    }

    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// The components of one place.
    ///
    /// # Panics
    /// If `node` is none.
    pub fn place(&self, node: usize) -> Vec<f64> {
        assert!(node < self.nodes, "node {node} of {}", self.nodes);
        let columns = self.columns.chunks(self.nodes);
        columns.map(|column| column[node]).collect()
    }

    /// The squared distances, in Lorentz space d²_L, from `node` to all nodes, in their order. They rank
    /// nodes as the distances do.
    ///
    /// # Panics
    /// If `node` is none.
    pub fn squared_distances(&self, node: usize) -> Vec<f64> {
        assert!(node < self.nodes, "node {node} of {}", self.nodes);
        let mut sums = vec![0.0; self.nodes];
        for (axis, column) in self.columns.chunks(self.nodes).enumerate() {
            let here = column[node];
            let sign = match self.space {
                Space::Lorentz { .. } if axis == 0 => -1.0,
                _ => 1.0,
            };
            for (sum, there) in sums.iter_mut().zip(column) {
                let step = there - here;
                *sum += sign * step * step;
            }
        }
        // A sum that is not a number stays one.
        for sum in sums.iter_mut().filter(|sum| **sum < 0.0) {
            *sum = 0.0;
        }
        sums
    }

    /// The distances from `node` to all nodes, in their order.
    ///
    /// # Panics
    /// If `node` is none.
    pub fn distances(&self, node: usize) -> Vec<f64> {
        let mut distances = self.squared_distances(node);
        for distance in &mut distances {
            *distance = match self.space {
                Space::Lorentz { curvature } => {
                    let unit = 2.0 * curvature.radius();
                    unit * (distance.sqrt() / unit).asinh()
                }
                Space::Euclidean => distance.sqrt(),
            };
        }
        distances
    }
}

#[cfg(test)]
mod tests {
    use plm_core::rng::Seed;

    use super::super::NodeEmbeddingConfig;
    use super::*;
    use crate::Curvature;
    use crate::testing::devices;

    #[test]
    fn host_distances_are_those_of_the_device() {
        for device in devices() {
            let curvature = Curvature::from_k(0.25).unwrap();
            for space in [Space::Lorentz { curvature }, Space::Euclidean] {
                let config = NodeEmbeddingConfig {
                    distance: 1.5,
                    double_precision: true,
                    ..NodeEmbeddingConfig::new(6, 3, space)
                };
                let embedding = config.init(Seed::new(4), &device).unwrap();
                let places = Places::of(&embedding);
                let all = space.distance_pairwise(embedding.val(), embedding.val());
                let all: Vec<f64> = all.into_data().iter::<f64>().collect();
                for node in 0..6 {
                    let found = places.distances(node);
                    // The matrix product leaves rounding on the diagonal, the host none.
                    for other in (0..6).filter(|&other| other != node) {
                        let gap = (found[other] - all[6 * node + other]).abs();
                        assert!(gap < 1e-7, "{space:?} {node} {other}: {gap:e}");
                    }
                    assert_eq!(found[node], 0.0);
                }
                assert_eq!(places.place(2).len(), space.width(3));
            }
        }
    }
}
