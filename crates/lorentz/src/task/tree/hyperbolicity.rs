//! How far a graph is from a tree: the four-point condition of Gromov (1987).

use plm_core::check::at_least;
use plm_core::rng::Seed;
use rand::seq::index;

use super::GraphDistances;
use crate::Result;

/// δ of quadruples of nodes: half the difference of the two largest of the sums d(a, b) + d(c, d),
/// d(a, c) + d(b, d) and d(a, d) + d(b, c). It is 0 for every quadruple of a tree, and the more a graph
/// is like one, the smaller it is beside the distances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hyperbolicity {
    /// The mean over the drawn quadruples.
    pub mean: f64,
    /// The largest of them: at most the δ of the graph, which is the largest of all quadruples.
    pub largest: f64,
}

impl Hyperbolicity {
    /// Of `samples` quadruples of different nodes, drawn evenly.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where there are fewer than 4 nodes or no samples.
    pub fn of(distances: &GraphDistances, samples: usize, seed: Seed) -> Result<Self> {
        at_least("Hyperbolicity", "nodes", distances.nodes(), 4)?;
        at_least("Hyperbolicity", "samples", samples, 1)?;
        let mut rng = seed.stream("quadruples");
        let (mut sum, mut largest) = (0.0, 0.0_f64);
        for _ in 0..samples {
            let drawn = index::sample(&mut rng, distances.nodes(), 4);
            let delta = delta(distances, [0, 1, 2, 3].map(|at| drawn.index(at)));
            sum += delta;
            largest = largest.max(delta);
        }
        Ok(Self {
            mean: sum / samples as f64,
            largest,
        })
    }
}

/// δ of one quadruple.
fn delta(distances: &GraphDistances, [a, b, c, d]: [usize; 4]) -> f64 {
    let steps = |from: usize, to: usize| distances.from(from)[to];
    let mut sums = [
        steps(a, b) + steps(c, d),
        steps(a, c) + steps(b, d),
        steps(a, d) + steps(b, c),
    ];
    sums.sort_unstable();
    f64::from(sums[2] - sums[1]) / 2.0
}

#[cfg(test)]
mod tests {
    use plm_core::graph::{Csr, Duplicates};

    use super::*;
    use crate::data::generate::random_tree;

    fn of(nodes: usize, edges: &[(u32, u32)]) -> GraphDistances {
        let graph = Csr::from_edges(nodes, edges, Duplicates::First).unwrap();
        GraphDistances::of(&graph).unwrap()
    }

    /// In a ring of 4 the sums are 2, 4 and 2. In one of 5 each quadruple is a path of 3 steps whose ends are
    /// 2 apart: 2, 4 and 3.
    #[test]
    fn trees_have_none_and_rings_some() {
        let tree = random_tree(40, Seed::new(1)).unwrap();
        let tree = GraphDistances::of(&tree.adjacency().unwrap()).unwrap();
        let none = Hyperbolicity::of(&tree, 500, Seed::new(2)).unwrap();
        assert_eq!([none.mean, none.largest], [0.0; 2]);
        let four = of(4, &[(0, 1), (1, 2), (2, 3), (3, 0)]);
        let five = of(5, &[(0, 1), (1, 2), (2, 3), (3, 4), (4, 0)]);
        for (ring, expected) in [(four, 1.0), (five, 0.5)] {
            let found = Hyperbolicity::of(&ring, 50, Seed::new(3)).unwrap();
            assert_eq!([found.mean, found.largest], [expected; 2]);
        }
    }

    /// A square with a path of two nodes at one corner. Of the 15 quadruples three have δ = 1: the square, and
    /// its three other corners with either node of the path. All others are those of a tree.
    #[test]
    fn means_are_of_all_quadruples() {
        let graph = of(6, &[(0, 1), (1, 2), (2, 3), (3, 0), (0, 4), (4, 5)]);
        let found = Hyperbolicity::of(&graph, 20_000, Seed::new(4)).unwrap();
        assert!((found.mean - 3.0 / 15.0).abs() < 0.02, "{found:?}");
        assert_eq!(found.largest, 1.0);
        assert_eq!(
            found,
            Hyperbolicity::of(&graph, 20_000, Seed::new(4)).unwrap()
        );
    }

    #[test]
    fn too_little_is_refused() {
        let path = of(3, &[(0, 1), (1, 2)]);
        let error = Hyperbolicity::of(&path, 9, Seed::new(1))
            .unwrap_err()
            .to_string();
        assert!(error.contains("`nodes` is 3"), "{error}");
        let ring = of(4, &[(0, 1), (1, 2), (2, 3), (3, 0)]);
        let error = Hyperbolicity::of(&ring, 0, Seed::new(1))
            .unwrap_err()
            .to_string();
        assert!(error.contains("`samples` is 0"), "{error}");
    }
}
