//! Graphs in many equal parts with light edges between them.
//!
//! The paper hands its co-activation graphs to METIS (Karypis and Kumar 1998), whose parts may
//! differ in size by some percent, and its code then fills small parts with random nodes of large
//! ones. What is here follows the same multilevel scheme but keeps sizes exact all the way: the
//! graph is halved again and again, each time over coarser graphs and with an exact size on the
//! finest, and at last pairs of nodes are exchanged between all parts. Cuts are about those of METIS;
//! tests behind the feature `metis` compare the two.

mod bisect;
mod coarsen;
mod fm;
mod parts;
mod swap;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::graph::Graph;
use crate::partition::expert_size;
use crate::{Partition, Result};
use bisect::bisect;
use coarsen::Level;

/// Divides the nodes of a graph into `parts` parts of exactly equal size, such that the edges between
/// different parts are light (MoEfication, co-activation graph split).
///
/// The result depends on the graph and the seed, not on the number of threads. Besides some copies
/// of the graph, 8 bytes per node and part are held.
///
/// # Errors
/// [`Error::Uneven`](crate::Error::Uneven) or [`Error::Setting`](crate::Error::Setting)
/// where the nodes are not a multiple of `parts`, or either is 0.
pub fn partition_graph(graph: &Graph, parts: usize, seed: u64) -> Result<Partition> {
    let size = expert_size(graph.nodes(), parts)?;
    let mut labels = divide(graph.clone(), parts, size, seed, 1);
    if parts > 1 && size > 1 {
        labels = swap::refine(graph, labels, parts);
    }
    Partition::new(&labels, parts)
}

/// Parts of `size` nodes by halving the graph again and again; `stream` is a number for the random
/// draws that no other half has.
fn divide(graph: Graph, parts: usize, size: usize, seed: u64, stream: u64) -> Vec<u32> {
    let nodes = graph.nodes();
    if parts == 1 || size == 1 {
        return (0..nodes).map(|node| (node / size) as u32).collect();
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    let left = parts / 2;
    let level = Level::finest(graph);
    let sides = bisect(&level, left * size, &mut rng);
    let first = half(&level.graph, &sides, false);
    let second = half(&level.graph, &sides, true);
    drop(level);
    let (first, second) = rayon::join(
        || divide(first, left, size, seed, 2 * stream),
        || divide(second, parts - left, size, seed, 2 * stream + 1),
    );
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let labels = sides.iter().filter_map(|&side| match side {
        false => first.next(),
        true => second.next().map(|label| label + left as u32),
    });
    labels.collect()
}

/// The nodes of one side, in their order, and the edges between them.
fn half(graph: &Graph, sides: &[bool], side: bool) -> Graph {
    let mut places = vec![0; sides.len()];
    let mut nodes = 0;
    for (place, _) in places.iter_mut().zip(sides).filter(|node| *node.1 == side) {
        *place = nodes;
        nodes += 1;
    }
    let mut half = Graph::with_capacity(nodes as usize, 0);
    for node in (0..sides.len()).filter(|&node| sides[node] == side) {
        let kept = graph
            .neighbors(node)
            .filter(|edge| sides[edge.0 as usize] == side);
        half.push_node(kept.map(|(neighbor, weight)| (places[neighbor as usize], weight)));
    }
    half
}

#[cfg(test)]
mod tests;
