use proptest::prelude::*;

use super::*;
use crate::Error;
use crate::generator::splitmix64;
use crate::split::{CoactivationCounter, CoactivationWeight, EdgeSelection, contiguous, random};
use crate::testing::{planted_activations, with_threads};

/// A graph with about `edges` random edges of weights up to 20, of which a share of about `inside`
/// percent joins nodes whose numbers agree modulo `groups`.
fn planted(nodes: u64, groups: u64, edges: usize, inside: u64, seed: u64) -> Graph {
    let mut draws = splitmix64(seed);
    let mut draw = |below: u64| draws.next().map_or(0, |draw| (draw >> 11) % below);
    let edges: Vec<(u32, u32, u32)> = (0..edges)
        .map(|_| {
            let a = draw(nodes);
            let b = match draw(100) < inside {
                true => a % groups + groups * draw(nodes / groups),
                false => draw(nodes),
            };
            (a as u32, b as u32, 1 + draw(20) as u32)
        })
        .collect();
    Graph::from_edges(nodes as usize, &edges).unwrap()
}

#[test]
fn the_toy_layer_is_divided_as_by_hand() {
    // Products of activations summed over three tokens; other even divisions cut 17.
    let edges = [(0, 1, 2), (0, 2, 6), (1, 2, 5), (1, 3, 6), (2, 3, 3)];
    let graph = Graph::from_edges(4, &edges).unwrap();
    for seed in 0..10 {
        let partition = partition_graph(&graph, 2, seed).unwrap();
        assert_eq!(partition.labels(), [0, 1, 0, 1]);
        assert_eq!(graph.cut(partition.labels()).unwrap(), 10);
    }
}

#[test]
fn planted_experts_are_found_in_activations() {
    let (layer, activations) = planted_activations();
    for weight in [CoactivationWeight::Paper, CoactivationWeight::Repo] {
        let mut counter = CoactivationCounter::new(512, weight, 20_000).unwrap();
        counter.add(&activations).unwrap();
        let graph = counter.edges(EdgeSelection::default()).unwrap();
        let partition = partition_graph(&graph, 16, 1).unwrap();
        assert_eq!(partition.expert_size(), 32);
        assert_eq!(layer.purity(partition.labels()), 1.0);
    }
}

#[test]
fn planted_groups_are_found_among_weak_edges() {
    let graph = planted(1024, 32, 100_000, 30, 1);
    let partition = partition_graph(&graph, 32, 1).unwrap();
    let groups: Vec<u32> = (0..1024).map(|node| node % 32).collect();
    assert_eq!(partition, Partition::new(&groups, 32).unwrap());
}

#[test]
fn threads_do_not_change_the_parts() {
    let graph = planted(600, 30, 4000, 20, 2);
    let one = with_threads(1, || partition_graph(&graph, 12, 7).unwrap());
    let two = with_threads(2, || partition_graph(&graph, 12, 7).unwrap());
    assert_eq!(one, two);
}

#[test]
fn uneven_parts_are_errors() {
    let graph = planted(10, 2, 20, 0, 3);
    for parts in [0, 3, 11] {
        let error = partition_graph(&graph, parts, 0).unwrap_err();
        assert!(matches!(
            error,
            Error::Uneven { .. } | Error::Setting { .. }
        ));
    }
    assert_eq!(partition_graph(&graph, 1, 0).unwrap().labels(), [0; 10]);
    let single = partition_graph(&graph, 10, 0).unwrap();
    assert_eq!(single, contiguous(10, 10).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn parts_are_even_and_no_worse_than_random_ones(
        parts in 1_usize..20,
        size in 1_usize..20,
        degree in 0_usize..12,
        inside in 0_u64..100,
        seed in any::<u64>(),
    ) {
        let nodes = parts * size;
        let graph = planted(nodes as u64, parts as u64, nodes * degree / 2, inside, seed);
        let partition = partition_graph(&graph, parts, seed).unwrap();
        prop_assert_eq!(partition.expert_size(), size);
        let control = random(nodes, parts, seed).unwrap();
        let cut = graph.cut(partition.labels()).unwrap();
        prop_assert!(cut <= graph.cut(control.labels()).unwrap());
    }
}

#[cfg(feature = "metis")]
mod metis_comparison {
    use super::*;

    /// The cut of METIS's parts, which differ in size by up to 3 percent.
    fn metis_cut(graph: &Graph, parts: usize) -> i64 {
        let (mut offsets, mut neighbors, mut weights) = (vec![0], Vec::new(), Vec::new());
        for node in 0..graph.nodes() {
            for (neighbor, weight) in graph.neighbors(node) {
                neighbors.push(neighbor as i32);
                weights.push(weight as i32);
            }
            offsets.push(neighbors.len() as i32);
        }
        let mut labels = vec![0; graph.nodes()];
        metis::Graph::new(1, parts as i32, &offsets, &neighbors)
            .unwrap()
            .set_adjwgt(&weights)
            .part_kway(&mut labels)
            .unwrap();
        let labels: Vec<u32> = labels.iter().map(|&label| label as u32).collect();
        graph.cut(&labels).unwrap()
    }

    fn compare(graph: &Graph, parts: usize) {
        let partition = partition_graph(graph, parts, 1).unwrap();
        let cut = graph.cut(partition.labels()).unwrap();
        let reference = metis_cut(graph, parts);
        assert!(
            cut as f64 <= 1.05 * reference as f64,
            "{cut}, METIS {reference}"
        );
    }

    #[test]
    fn cuts_are_close_to_those_of_metis() {
        compare(&planted(4096, 128, 1_000_000, 50, 1), 128);
        compare(&planted(4096, 128, 1_000_000, 5, 2), 128);
        compare(&planted(4096, 128, 1_000_000, 0, 3), 128);
        compare(&planted(3072, 96, 20_000, 30, 4), 96);
        compare(&planted(3072, 24, 200_000, 30, 5), 96);
        compare(&planted(512, 16, 13_000, 40, 6), 16);
    }

    #[test]
    fn the_planted_layer_is_cut_like_by_metis() {
        let (_, activations) = planted_activations();
        let mut counter = CoactivationCounter::new(512, CoactivationWeight::Paper, 20_000).unwrap();
        counter.add(&activations).unwrap();
        compare(&counter.edges(EdgeSelection::default()).unwrap(), 16);
    }
}
