//! Many views as one graph.

use plm_core::graph::Csr;

use super::View;
use crate::{Error, Result};

/// Views side by side in one graph without edges between them.
#[derive(Debug, Clone, PartialEq)]
pub struct SubgraphBatch {
    /// The edges, block-diagonal: `[n, n]` with n nodes in all.
    pub adjacency: Csr<f32>,
    /// The role of each entry of the adjacency matrix.
    pub roles: Vec<u32>,
    /// Where each view's nodes begin, and n: `[views + 1]`.
    pub offsets: Vec<usize>,
    /// The event graph and the node there of each node: `[n]`.
    pub origins: Vec<(usize, u32)>,
    /// Laplacian positions: `[n, width]`.
    pub positions: Vec<f32>,
    /// Clipped degrees within the views: `[n]`.
    pub degrees: Vec<u32>,
    /// Whether a node is its view's seed: `[n]`.
    pub seeds: Vec<bool>,
}

impl SubgraphBatch {
    /// The largest degree that CLEVE's degree embedding tells apart.
    pub const MAX_DEGREE: u32 = 512;

    /// The views in the order given, degrees clipped to `max_degree`.
    ///
    /// # Errors
    /// [`Error::Core`] where views have positions of different widths.
    pub fn new<'a>(views: impl IntoIterator<Item = &'a View>, max_degree: u32) -> Result<Self> {
        let mut blocks = Vec::new();
        let mut batch = Self {
            adjacency: Csr::block_diagonal(&[])?,
            roles: Vec::new(),
            offsets: vec![0],
            origins: Vec::new(),
            positions: Vec::new(),
            degrees: Vec::new(),
            seeds: Vec::new(),
        };
        let mut width = None;
        for (at, view) in views.into_iter().enumerate() {
            let n = view.nodes.len();
            if let Some(found) = view.positions.len().checked_div(n) {
                let first = *width.get_or_insert(found);
                if first != found {
                    let reason = format!("view {at} has width {found}, those before it {first}");
                    return Err(Error::invalid("positions", reason));
                }
            }
            blocks.push(view.adjacency.clone());
            batch.roles.extend_from_slice(&view.roles);
            batch
                .origins
                .extend(view.nodes.iter().map(|&node| (view.graph, node)));
            batch.positions.extend_from_slice(&view.positions);
            batch.degrees.extend(view.degrees(max_degree));
            batch
                .seeds
                .extend((0..n).map(|node| view.seeded && node == 0));
            batch.offsets.push(batch.origins.len());
        }
        batch.adjacency = Csr::block_diagonal(&blocks)?;
        Ok(batch)
    }

    /// The number of views.
    pub fn n_views(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.origins.len()
    }

    /// The view of each node, for sums over views: `[n]`.
    pub fn view_of_nodes(&self) -> Vec<u32> {
        self.offsets
            .windows(2)
            .enumerate()
            .flat_map(|(view, ends)| std::iter::repeat_n(view as u32, ends[1] - ends[0]))
            .collect()
    }
}
