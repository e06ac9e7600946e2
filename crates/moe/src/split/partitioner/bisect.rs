//! A graph in two parts, level by level.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::coarsen::{Level, coarsen};
use super::fm::Bisection;

/// Graphs of this many nodes are divided without a coarser one.
const COARSEST: usize = 96;

/// How many first divisions of the coarsest graph are tried.
const TRIALS: usize = 8;

/// Divides a graph in two such that the nodes on the first side have the total size `wanted` and the
/// edges between the sides are light. Sizes are exact where all nodes have size 1; else the first
/// side can miss its size by less than that of the largest node.
///
/// The graph is made coarser until it is small, divided there, and the division is carried back to
/// finer and finer graphs and improved on each.
///
/// Returns for each node whether it is on the second side.
pub(super) fn bisect(level: &Level, wanted: usize, rng: &mut ChaCha8Rng) -> Vec<bool> {
    // Coarse nodes of up to three times the size that they would have if all were equal.
    let limit = level.graph.nodes().div_ceil(COARSEST / 3);
    bisect_level(level, wanted as i64, limit as i64, rng)
}

fn bisect_level(level: &Level, wanted: i64, limit: i64, rng: &mut ChaCha8Rng) -> Vec<bool> {
    if level.graph.nodes() > COARSEST
        && let Some((coarser, map)) = coarsen(level, limit, rng)
    {
        let sides = bisect_level(&coarser, wanted, limit, rng);
        let sides = map.iter().map(|&node| sides[node as usize]).collect();
        let mut bisection = Bisection::new(level, sides, wanted);
        bisection.refine();
        return bisection.into_sides();
    }
    grow(level, wanted, rng)
}

/// The best of some divisions that each grow from a random node.
fn grow(level: &Level, wanted: i64, rng: &mut ChaCha8Rng) -> Vec<bool> {
    let nodes = level.graph.nodes();
    let mut best = (i64::MAX, i64::MAX);
    let mut sides = Vec::new();
    for _ in 0..TRIALS {
        // Everything is on the second side, until enough has come over to the seed.
        let mut bisection = Bisection::new(level, vec![true; nodes], wanted);
        bisection.grow(rng.random_range(0..nodes));
        bisection.refine();
        if bisection.quality() < best {
            best = bisection.quality();
            sides = bisection.into_sides();
        }
    }
    sides
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::Graph;
    use rand::SeedableRng;

    #[test]
    fn a_ring_is_cut_twice() {
        let ring: Vec<_> = (0..400).map(|node| (node, (node + 1) % 400, 1)).collect();
        let level = Level::finest(Graph::from_edges(400, &ring).unwrap());
        for (seed, wanted) in [(1, 200), (2, 100), (3, 37)] {
            let sides = bisect(&level, wanted, &mut ChaCha8Rng::seed_from_u64(seed));
            assert_eq!(sides.iter().filter(|&&side| !side).count(), wanted);
            let labels: Vec<u32> = sides.iter().map(|&side| u32::from(side)).collect();
            assert_eq!(level.graph.cut(&labels).unwrap(), 2);
        }
    }

    #[test]
    fn stars_and_graphs_without_edges_are_divided_exactly() {
        let star: Vec<_> = (1..500).map(|node| (0, node, 3)).collect();
        for edges in [&star[..], &[]] {
            let level = Level::finest(Graph::from_edges(500, edges).unwrap());
            let sides = bisect(&level, 123, &mut ChaCha8Rng::seed_from_u64(0));
            assert_eq!(sides.iter().filter(|&&side| !side).count(), 123);
        }
    }
}
