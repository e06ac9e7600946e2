//! Drawing pairs of views.

use plm_core::rng::{Seed, StreamRng};
use rayon::prelude::*;

use super::cache::PositionCache;
use super::{EventGraph, NodeSampler, View, ViewSettings, random_walk_nodes};
use crate::{Error, Result};

/// Two views from one node, which are to be represented alike.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewPair {
    /// The query.
    pub first: View,
    /// The key.
    pub second: View,
}

/// Draws views of event graphs over all threads.
///
/// Positions are kept for equal sets of nodes of one graph and computed once, as long as the sampler
/// lives.
#[derive(Debug)]
pub struct ViewSampler {
    graphs: Vec<EventGraph>,
    settings: ViewSettings,
    nodes: NodeSampler,
    cache: PositionCache,
}

impl ViewSampler {
    /// Draws from these graphs.
    ///
    /// # Errors
    /// [`Error::Core`] where no node has an edge or a setting is out of range.
    pub fn new(graphs: Vec<EventGraph>, settings: ViewSettings) -> Result<Self> {
        settings.check()?;
        let nodes = NodeSampler::new(&graphs, settings.degree_power)?;
        Ok(Self {
            graphs,
            settings,
            nodes,
            cache: PositionCache::new(settings.cached_positions),
        })
    }

    /// The graphs.
    pub fn graphs(&self) -> &[EventGraph] {
        &self.graphs
    }

    /// What nodes are drawn by.
    pub fn nodes(&self) -> &NodeSampler {
        &self.nodes
    }

    /// How many sets of nodes have their positions kept.
    pub fn cached(&self) -> usize {
        self.cache.len()
    }

    /// `count` pairs of views. The seed and a pair's number decide what it is, not the number of
    /// threads nor what was drawn before.
    ///
    /// # Errors
    /// [`Error::Core`] where the eigensolver fails.
    pub fn sample(&self, count: usize, seed: Seed) -> Result<Vec<ViewPair>> {
        (0..count)
            .into_par_iter()
            .map(|at| {
                let seed = seed.at(at as u64);
                let (graph, node) = self.nodes.draw(&mut seed.stream("node"));
                Ok(ViewPair {
                    first: self.walk(graph, node, &mut seed.stream("first view"))?,
                    second: self.walk(graph, node, &mut seed.stream("second view"))?,
                })
            })
            .collect()
    }

    /// One view from a node of a graph.
    ///
    /// # Errors
    /// [`Error::Core`] where there is no such node or the eigensolver fails.
    pub fn view(&self, graph: usize, node: u32, seed: Seed) -> Result<View> {
        let event_graph = self.graph(graph)?;
        if node as usize >= event_graph.n_nodes() {
            let reason = format!("{node} of {} in graph {graph}", event_graph.n_nodes());
            return Err(Error::invalid("node", reason));
        }
        self.walk(graph, node, &mut seed.stream("view"))
    }

    /// The whole graph, without a seed node.
    ///
    /// # Errors
    /// [`Error::Core`] where there is no such graph or the eigensolver fails.
    pub fn whole(&self, graph: usize) -> Result<View> {
        let n = self.graph(graph)?.n_nodes();
        self.induced(graph, (0..n as u32).collect(), false)
    }

    fn graph(&self, graph: usize) -> Result<&EventGraph> {
        self.graphs
            .get(graph)
            .ok_or_else(|| Error::invalid("graph", format!("{graph} of {}", self.graphs.len())))
    }

    fn walk(&self, graph: usize, node: u32, rng: &mut StreamRng) -> Result<View> {
        let nodes = random_walk_nodes(&self.graphs[graph].adjacency, node, &self.settings, rng);
        self.induced(graph, nodes, true)
    }

    fn induced(&self, graph: usize, nodes: Vec<u32>, seeded: bool) -> Result<View> {
        let event_graph = &self.graphs[graph];
        let subgraph = event_graph.adjacency.induced(&nodes)?;
        let width = self.settings.position_width;
        Ok(View {
            graph,
            seeded,
            positions: self
                .cache
                .positions(graph, &event_graph.adjacency, &nodes, width)?,
            roles: subgraph
                .entries
                .iter()
                .map(|&at| event_graph.roles[at])
                .collect(),
            adjacency: subgraph.graph,
            nodes,
        })
    }
}
