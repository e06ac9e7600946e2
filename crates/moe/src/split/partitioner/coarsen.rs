//! Smaller graphs that look like a large one.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::super::graph::Graph;

/// A graph whose nodes stand for several nodes of a finer one.
pub(super) struct Level {
    /// The edges between them.
    pub(super) graph: Graph,
    /// How many nodes of the finest graph each node stands for.
    pub(super) sizes: Vec<i64>,
}

impl Level {
    /// The finest level: every node stands for itself.
    pub(super) fn finest(graph: Graph) -> Self {
        let sizes = vec![1; graph.nodes()];
        Self { graph, sizes }
    }

    /// The size of the largest node.
    pub(super) fn largest(&self) -> i64 {
        self.sizes.iter().copied().max().unwrap_or(0)
    }
}

/// Marks a node without a partner.
const FREE: u32 = u32::MAX;

/// Merges pairs of nodes along heavy edges (Karypis and Kumar 1998): in a random order each node
/// without a partner takes the free neighbor with the heaviest edge, unless together they would be
/// larger than `limit`. Nodes without any edge are paired with one another.
///
/// Returns the coarser level and the coarse node of each fine one, or nothing where the graph would
/// hardly get smaller.
pub(super) fn coarsen(
    level: &Level,
    limit: i64,
    rng: &mut ChaCha8Rng,
) -> Option<(Level, Vec<u32>)> {
    let partners = match_nodes(level, limit, rng);
    let nodes = partners.len();
    let mut coarse = vec![FREE; nodes];
    let mut pairs = Vec::with_capacity(nodes);
    for (node, &partner) in partners.iter().enumerate() {
        if partner as usize >= node {
            coarse[node] = pairs.len() as u32;
            coarse[partner as usize] = pairs.len() as u32;
            pairs.push([node as u32, partner]);
        }
    }
    if pairs.len() * 10 > nodes * 9 {
        return None;
    }
    Some((merge(level, &pairs, &coarse), coarse))
}

/// The partner of each node, itself if it has none.
fn match_nodes(level: &Level, limit: i64, rng: &mut ChaCha8Rng) -> Vec<u32> {
    let nodes = level.graph.nodes();
    let mut order: Vec<u32> = (0..nodes as u32).collect();
    order.shuffle(rng);
    let mut partners = vec![FREE; nodes];
    let mut lonely = None;
    for node in order {
        let at = node as usize;
        if partners[at] != FREE {
            continue;
        }
        let fits = |other: u32| level.sizes[at] + level.sizes[other as usize] <= limit;
        let partner = match level.graph.neighbors(at).len() {
            0 => match lonely.take() {
                Some(other) if fits(other) => other,
                _ => {
                    lonely = Some(node);
                    node
                }
            },
            _ => {
                let mut best = (node, 0);
                for (neighbor, weight) in level.graph.neighbors(at) {
                    let free = partners[neighbor as usize] == FREE;
                    if weight > best.1 && free && fits(neighbor) {
                        best = (neighbor, weight);
                    }
                }
                best.0
            }
        };
        partners[at] = partner;
        partners[partner as usize] = node;
    }
    partners
}

/// The graph of the pairs: edges between the same two pairs add up, those inside a pair vanish.
fn merge(level: &Level, pairs: &[[u32; 2]], coarse: &[u32]) -> Level {
    let mut graph = Graph::with_capacity(pairs.len(), level.graph.edges());
    let mut sizes = Vec::with_capacity(pairs.len());
    let mut sums = vec![0_i64; pairs.len()];
    let mut found = Vec::new();
    for (index, &[first, second]) in pairs.iter().enumerate() {
        let members = [first, second];
        let members = &members[..if first == second { 1 } else { 2 }];
        for &member in members {
            for (neighbor, weight) in level.graph.neighbors(member as usize) {
                let neighbor = coarse[neighbor as usize];
                let sum = &mut sums[neighbor as usize];
                if *sum == 0 && neighbor as usize != index {
                    found.push(neighbor);
                }
                *sum += weight;
            }
        }
        graph.push_node(
            found
                .iter()
                .map(|&neighbor| (neighbor, sums[neighbor as usize])),
        );
        found
            .drain(..)
            .for_each(|neighbor| sums[neighbor as usize] = 0);
        sums[index] = 0;
        sizes.push(members.iter().map(|&node| level.sizes[node as usize]).sum());
    }
    Level { graph, sizes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn heavy_edges_are_merged_and_the_rest_add_up() {
        // Two heavy pairs, joined by four light edges, and two nodes on their own.
        let edges = [
            (0, 1, 9),
            (2, 3, 9),
            (0, 2, 1),
            (0, 3, 2),
            (1, 2, 3),
            (1, 3, 4),
        ];
        let level = Level::finest(Graph::from_edges(6, &edges).unwrap());
        for seed in 0..10 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let (coarser, coarse) = coarsen(&level, 2, &mut rng).unwrap();
            assert_eq!(coarse, [0, 0, 1, 1, 2, 2]);
            assert_eq!(coarser.sizes, [2, 2, 2]);
            assert_eq!(coarser.graph.neighbors(0).collect::<Vec<_>>(), [(1, 10)]);
            assert_eq!(coarser.graph.edges(), 1);
            assert!(coarsen(&level, 1, &mut rng).is_none());
        }
    }
}
