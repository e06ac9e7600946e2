//! The spread of a disease over a tree.

use plm_core::check::not_negative;
use plm_core::graph::{Csr, Duplicates};
use plm_core::rng::{Seed, StreamRng};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::data::graph::GraphDataset;

/// A disease that spreads from the root of a random tree by the SIR model: HGCN's disease graphs
/// (Chami et al. 2019, arXiv:1910.12933, section 5.1) as far as their published form shows how they
/// were made.
///
/// An infected node infects each child once and recovers, with a probability that falls with the
/// child's resistance. Each node has `features` numbers that its resistance is the mean of, and, where
/// `place` says so, its place: children share their parent's interval of [−1, 1] evenly, and a place is
/// the middle of one. In HGCN's graph for link prediction the last feature is such a place. The class
/// of a node is whether it was infected.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SirTreeConfig {
    /// Number of nodes.
    pub nodes: usize,
    /// Fewest and most children of an inner node.
    pub children: [usize; 2],
    /// Numbers that show a node's resistance, normal around it with deviation 1.
    pub features: usize,
    /// Whether the place in the tree is a feature.
    pub place: bool,
    /// Probability that a child of average resistance is infected by its parent.
    pub infection: f64,
    /// How much one deviation of resistance takes off the logit of that probability.
    pub resistance: f64,
}

impl Default for SirTreeConfig {
    /// Of the size and shape of HGCN's graph for link prediction. Two of three children of an infected
    /// node fall ill, so that now and then a disease dies out early: look at the classes.
    fn default() -> Self {
        Self {
            nodes: 2665,
            children: [2, 11],
            features: 10,
            place: true,
            infection: 0.8,
            resistance: 3.0,
        }
    }
}

impl SirTreeConfig {
    /// The tree of `seed`. Node 0 is the root, and children have larger numbers than their parents.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting that is out of its limits.
    pub fn generate(&self, seed: Seed) -> Result<GraphDataset> {
        self.check()?;
        let parents = self.parents(&mut seed.stream("tree"));
        let resistances: Vec<f64> = {
            let mut rng = seed.stream("resistance");
            (0..self.nodes).map(|_| normal(&mut rng)).collect()
        };
        let mut rng = seed.stream("infection");
        let base = (self.infection / (1.0 - self.infection)).ln();
        let mut labels = vec![1];
        for node in 1..self.nodes {
            let logit = base - self.resistance * resistances[node];
            let falls_ill = rng.random::<f64>() < 1.0 / (1.0 + (-logit).exp());
            labels.push(u32::from(falls_ill) * labels[parents[node - 1]]);
        }
        let edges: Vec<(u32, u32)> = (1..self.nodes)
            .map(|node| (parents[node - 1] as u32, node as u32))
            .collect();
        let adjacency = Csr::from_edges(self.nodes, &edges, Duplicates::Reject)?
            .symmetrize(Duplicates::First)?;
        let features = self.features(&parents, &resistances, &mut seed.stream("features"))?;
        GraphDataset::new(adjacency, features, labels)
    }

    /// The parent of every node but the root; generations are filled one after another.
    fn parents(&self, rng: &mut StreamRng) -> Vec<usize> {
        let mut parents = Vec::with_capacity(self.nodes - 1);
        let mut parent = 0;
        while parents.len() + 1 < self.nodes {
            let count = rng.random_range(self.children[0]..=self.children[1]);
            let room = self.nodes - 1 - parents.len();
            parents.extend(std::iter::repeat_n(parent, count.min(room)));
            parent += 1;
        }
        parents
    }

    fn features(
        &self,
        parents: &[usize],
        resistances: &[f64],
        rng: &mut StreamRng,
    ) -> Result<Csr<f32>> {
        let width = self.features + usize::from(self.place);
        let places = places(parents);
        let mut table = Vec::with_capacity(self.nodes * width);
        for (resistance, place) in resistances.iter().zip(places) {
            table.extend((0..self.features).map(|_| (resistance + normal(rng)) as f32));
            table.extend(self.place.then_some(place as f32));
        }
        Ok(Csr::from_dense(self.nodes, width, &table)?)
    }

    fn check(&self) -> Result<()> {
        let wrong = |key: &str, reason: String| {
            Err(plm_core::Error::config("SirTreeConfig", key, reason).into())
        };
        let [fewest, most] = self.children;
        if self.nodes < 2 || self.nodes > i32::MAX as usize {
            let reason = format!("is {}, must lie in 2..2^31", self.nodes);
            return wrong("nodes", reason);
        }
        if fewest == 0 || fewest > most {
            let reason = format!("is {fewest} to {most}, must begin at 1 or more and not fall");
            return wrong("children", reason);
        }
        if self.features == 0 && !self.place {
            return wrong("features", "is 0, but the place is left out too".to_owned());
        }
        if !(self.infection > 0.0 && self.infection < 1.0) {
            let reason = format!("is {}, must lie between 0 and 1", self.infection);
            return wrong("infection", reason);
        }
        not_negative("SirTreeConfig", "resistance", self.resistance)?;
        Ok(())
    }
}

/// The place of every node.
fn places(parents: &[usize]) -> Vec<f64> {
    let mut intervals = vec![(-1.0, 1.0)];
    for children in parents.chunk_by(|a, b| a == b) {
        let (low, high): (f64, f64) = intervals[children[0]];
        let width = (high - low) / children.len() as f64;
        intervals.extend((0..children.len()).map(|child| {
            let low = low + child as f64 * width;
            (low, low + width)
        }));
    }
    intervals
        .iter()
        .map(|(low, high)| (low + high) / 2.0)
        .collect()
}

/// A standard normal number (Box and Muller 1958).
fn normal(rng: &mut StreamRng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_by_hand() {
        // The root has three children, the first of them two.
        let found = places(&[0, 0, 0, 1, 1]);
        let thirds = 2.0 / 3.0;
        let expected = [0.0, -thirds, 0.0, thirds, -5.0 / 6.0, -0.5];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn it_is_a_tree_whose_sick_have_sick_parents() {
        let config = SirTreeConfig {
            nodes: 500,
            ..SirTreeConfig::default()
        };
        let graph = config.generate(Seed::new(1)).unwrap();
        assert_eq!((graph.n_nodes(), graph.edges().len()), (500, 499));
        assert_eq!(graph.adjacency.components().unwrap().count, 1);
        assert_eq!((graph.features.n_cols(), graph.n_classes), (11, 2));
        for (parent, child) in graph.edges() {
            assert!(graph.labels[child as usize] <= graph.labels[parent as usize]);
        }
        let sick = graph.labels.iter().sum::<u32>();
        assert!((50..450).contains(&sick), "{sick}");
        assert_eq!(config.generate(Seed::new(1)).unwrap().labels, graph.labels);
        assert_ne!(config.generate(Seed::new(2)).unwrap().labels, graph.labels);
    }

    #[test]
    fn resistance_shows_in_the_features() {
        let config = SirTreeConfig {
            nodes: 3000,
            place: false,
            ..SirTreeConfig::default()
        };
        let graph = config.generate(Seed::new(1)).unwrap();
        let mean = |class: u32| {
            let nodes = (0..3000).filter(|&node| graph.labels[node] == class);
            let sums: Vec<f32> = nodes
                .map(|node| graph.features.row(node).1.iter().sum())
                .collect();
            sums.iter().sum::<f32>() / sums.len() as f32 / 10.0
        };
        assert!(mean(0) > mean(1) + 0.2);
    }

    #[test]
    fn wrong_settings_are_named() {
        let base = SirTreeConfig::default();
        for (config, key) in [
            (SirTreeConfig { nodes: 1, ..base }, "nodes"),
            (
                SirTreeConfig {
                    children: [3, 2],
                    ..base
                },
                "children",
            ),
            (
                SirTreeConfig {
                    children: [0, 2],
                    ..base
                },
                "children",
            ),
            (
                SirTreeConfig {
                    infection: 1.0,
                    ..base
                },
                "infection",
            ),
            (
                SirTreeConfig {
                    resistance: -1.0,
                    ..base
                },
                "resistance",
            ),
            (
                SirTreeConfig {
                    features: 0,
                    place: false,
                    ..base
                },
                "features",
            ),
        ] {
            let error = config.generate(Seed::new(1)).unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
    }
}
