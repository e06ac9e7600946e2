//! Random walks with restart.

use std::collections::BTreeSet;

use plm_core::graph::Csr;
use plm_core::rng::StreamRng;
use rand::RngExt;

use super::ViewSettings;

/// The most steps of the walks from a node of this degree: max(hops, ⌊degree^power · e / (e − 1) /
/// restart + 0.5⌋) (GCC's data loader).
fn visit_cap(degree: usize, settings: &ViewSettings) -> usize {
    let e = std::f64::consts::E;
    let grown = (degree as f64).powf(settings.degree_power) * e / (e - 1.0) / settings.restart;
    settings.hops.max((grown + 0.5) as usize)
}

/// `seed` and the nodes that random walks from it visit, `seed` first and the others ascending.
///
/// A walk makes one step to a neighbor and then goes on or starts again at `seed` with the
/// probability `restart`, until [`visit_cap`] steps are made in all or as many nodes are there. Going
/// back is no step, and the first step from `seed` is certain: this is what GCC's library does, and
/// where it differs from [`plm_core::graph::Step::Restart`], with which a restart of 0.8 seldom
/// leaves the start at all.
///
/// # Panics
/// If `seed` is out of range.
pub(super) fn random_walk_nodes(
    adjacency: &Csr<f32>,
    seed: u32,
    settings: &ViewSettings,
    rng: &mut StreamRng,
) -> Vec<u32> {
    let cap = visit_cap(adjacency.row_len(seed as usize), settings);
    let mut visited = BTreeSet::from([seed]);
    let mut here = seed;
    for _ in 0..cap {
        let neighbors = adjacency.row(here as usize).0;
        if neighbors.is_empty() || visited.len() >= cap {
            break;
        }
        here = neighbors[rng.random_range(0..neighbors.len())];
        visited.insert(here);
        if rng.random_bool(settings.restart) {
            here = seed;
        }
    }
    visited.remove(&seed);
    std::iter::once(seed).chain(visited).collect()
}

#[cfg(test)]
mod tests {
    use plm_core::graph::Duplicates;
    use plm_core::rng::Seed;
    use proptest::prelude::*;

    use super::*;

    fn graph(n: usize, edges: &[(u32, u32)]) -> Csr<f32> {
        Csr::from_edges(n, edges, Duplicates::First)
            .unwrap()
            .without_self_loops()
            .symmetrize(Duplicates::Max)
            .unwrap()
    }

    #[test]
    fn caps_are_those_of_the_released_code() {
        let settings = ViewSettings {
            hops: 3,
            ..ViewSettings::default()
        };
        let caps = [1, 2, 3, 5, 10].map(|degree| visit_cap(degree, &settings));
        assert_eq!(caps, [3, 3, 5, 7, 11]);
        assert_eq!(visit_cap(0, &settings), 3);
    }

    #[test]
    fn forced_walks() {
        let path = graph(4, &[(0, 1), (1, 2)]);
        let walk = |seed, restart, hops| {
            let settings = ViewSettings {
                restart,
                hops,
                ..ViewSettings::default()
            };
            random_walk_nodes(&path, seed, &settings, &mut Seed::new(1).rng())
        };
        assert_eq!(walk(3, 0.8, 9), [3]);
        // Always back to the end of the path, whose only neighbor is the middle.
        assert_eq!(walk(2, 1.0, 9), [2, 1]);
        assert_eq!(walk(2, 0.01, 500), [2, 0, 1]);
    }

    #[test]
    fn restarts_have_the_stated_odds() {
        // The walks from the end of a path have three steps: its degree alone would give two.
        let path = graph(3, &[(0, 1), (1, 2)]);
        let settings = ViewSettings::default();
        assert_eq!((visit_cap(1, &settings), settings.hops), (3, 3));
        let mut rng = Seed::new(2).rng();
        let reached = (0..20_000)
            .filter(|_| random_walk_nodes(&path, 0, &settings, &mut rng).len() == 3)
            .count();
        // The second step reaches the far end with 0.2 · 0.5: no restart, and not back. After a
        // restart (0.8) the second step goes to the middle again, and the third may reach it.
        let expected = 0.1 + 0.8 * 0.2 * 0.5;
        let share = reached as f64 / 20_000.0;
        assert!((share - expected).abs() < 0.009, "{share} {expected}");
    }

    proptest! {
        #[test]
        fn subgraphs_are_small_and_connected(
            edges in prop::collection::vec((0..12_u32, 0..12_u32), 0..30),
            start in 0..12_u32,
            hops in 1..9_usize,
            seed in 0..100_u64,
        ) {
            let graph = graph(12, &edges);
            let settings = ViewSettings { hops, ..ViewSettings::default() };
            let walk = || random_walk_nodes(&graph, start, &settings, &mut Seed::new(seed).rng());
            let nodes = walk();
            prop_assert_eq!(&nodes, &walk());
            prop_assert_eq!(nodes[0], start);
            prop_assert!(nodes[1..].windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(nodes.len() <= visit_cap(graph.row_len(start as usize), &settings));
            let induced = graph.induced(&nodes).unwrap().graph;
            prop_assert_eq!(induced.components().unwrap().count, 1);
        }
    }
}
