//! Drawing nodes by their degrees.

use plm_core::rng::StreamRng;
use rand::RngExt;

use super::EventGraph;
use crate::{Error, Result};

/// Draws nodes of many graphs with probabilities proportional to a power of their degrees.
#[derive(Debug, Clone)]
pub struct NodeSampler {
    /// The sums of the weights up to each node with an edge.
    sums: Vec<f64>,
    /// Graph and node of each.
    nodes: Vec<(u32, u32)>,
}

impl NodeSampler {
    /// Draws from all nodes of `graphs` that have an edge.
    ///
    /// # Errors
    /// [`Error::Core`] where no node has an edge or `power` is not finite.
    pub fn new(graphs: &[EventGraph], power: f64) -> Result<Self> {
        if !power.is_finite() {
            return Err(Error::invalid(
                "degree power",
                format!("{power}; must be finite"),
            ));
        }
        let mut sums = Vec::new();
        let mut nodes = Vec::new();
        let mut sum = 0.0;
        for (at, graph) in graphs.iter().enumerate() {
            for node in (0..graph.n_nodes()).filter(|&node| graph.degree(node) > 0) {
                sum += (graph.degree(node) as f64).powf(power);
                sums.push(sum);
                nodes.push((at as u32, node as u32));
            }
        }
        if nodes.is_empty() || !sum.is_finite() {
            let reason = format!("{} graphs without a node to draw", graphs.len());
            return Err(Error::invalid("event graphs", reason));
        }
        Ok(Self { sums, nodes })
    }

    /// Graph and node.
    pub fn draw(&self, rng: &mut StreamRng) -> (usize, u32) {
        let last = self.nodes.len() - 1;
        let drawn = rng.random::<f64>() * self.sums[last];
        let at = self.sums.partition_point(|&sum| sum <= drawn).min(last);
        let (graph, node) = self.nodes[at];
        (graph as usize, node)
    }

    /// How many nodes can be drawn. The README of CLEVE advises a queue of about 6 % of them.
    pub fn n_nodes(&self) -> usize {
        self.nodes.len()
    }
}
