//! Nodes in many parts, with how strongly each node is drawn to each part.

use super::super::graph::Graph;

/// A division of a graph into parts, and for every node and part the weight of the edges between
/// them.
pub(super) struct Parts<'a> {
    graph: &'a Graph,
    labels: Vec<u32>,
    members: Vec<Vec<u32>>,
    /// Place of each node among its part's members.
    places: Vec<u32>,
    /// `[nodes, parts]`.
    pulls: Vec<i64>,
}

impl<'a> Parts<'a> {
    /// The parts that `labels` describes, all below `parts`.
    pub(super) fn new(graph: &'a Graph, labels: Vec<u32>, parts: usize) -> Self {
        let mut members = vec![Vec::new(); parts];
        let mut places = Vec::with_capacity(labels.len());
        for (node, &label) in labels.iter().enumerate() {
            let members = &mut members[label as usize];
            places.push(members.len() as u32);
            members.push(node as u32);
        }
        let mut pulls = vec![0; labels.len() * parts];
        for (node, pulls) in pulls.chunks_exact_mut(parts).enumerate() {
            for (neighbor, weight) in graph.neighbors(node) {
                pulls[labels[neighbor as usize] as usize] += weight;
            }
        }
        Self {
            graph,
            labels,
            members,
            places,
            pulls,
        }
    }

    /// Number of parts.
    pub(super) fn count(&self) -> usize {
        self.members.len()
    }

    /// The graph.
    pub(super) fn graph(&self) -> &'a Graph {
        self.graph
    }

    /// The part of each node.
    pub(super) fn into_labels(self) -> Vec<u32> {
        self.labels
    }

    /// The nodes of a part.
    pub(super) fn members(&self, part: usize) -> &[u32] {
        &self.members[part]
    }

    /// By how much the cut falls if a node moves to another part.
    pub(super) fn gain(&self, node: u32, part: usize) -> i64 {
        let pulls = &self.pulls[node as usize * self.count()..][..self.count()];
        pulls[part] - pulls[self.labels[node as usize] as usize]
    }

    /// Moves a node to another part.
    pub(super) fn shift(&mut self, node: u32, part: usize) {
        let from = self.labels[node as usize] as usize;
        let place = self.places[node as usize];
        self.members[from].swap_remove(place as usize);
        if let Some(&other) = self.members[from].get(place as usize) {
            self.places[other as usize] = place;
        }
        self.places[node as usize] = self.members[part].len() as u32;
        self.members[part].push(node);
        self.labels[node as usize] = part as u32;
        let count = self.count();
        for (neighbor, weight) in self.graph.neighbors(node as usize) {
            let pulls = &mut self.pulls[neighbor as usize * count..][..count];
            pulls[from] -= weight;
            pulls[part] += weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::splitmix64;

    #[test]
    fn gains_are_falls_of_the_cut() {
        let edges: Vec<(u32, u32, u32)> = splitmix64(1)
            .take(150)
            .map(|draw| {
                (
                    (draw % 30) as u32,
                    (draw / 30 % 30) as u32,
                    (draw / 900 % 9) as u32,
                )
            })
            .collect();
        let graph = Graph::from_edges(30, &edges).unwrap();
        let mut parts = Parts::new(&graph, (0..30).map(|node| node % 4).collect(), 4);
        for draw in splitmix64(2).take(200) {
            let (node, part) = ((draw % 30) as u32, (draw / 30 % 4) as usize);
            let before = graph.cut(&parts.labels).unwrap();
            let gain = parts.gain(node, part);
            parts.shift(node, part);
            assert_eq!(graph.cut(&parts.labels).unwrap(), before - gain);
            assert!(parts.members(part).contains(&node));
        }
        let members: usize = (0..parts.count())
            .map(|part| parts.members(part).len())
            .sum();
        assert_eq!(members, 30);
        assert_eq!(parts.into_labels().len(), 30);
    }
}
