//! Positions that were computed before.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use plm_core::graph::Csr;

use super::position::laplacian_positions;
use crate::Result;

/// Graph, and its nodes ascending.
type Key = (usize, Box<[u32]>);

/// Positions by graph and set of nodes.
///
/// They are computed with the nodes ascending and then put in the order asked for, so that they do
/// not depend on what is kept.
#[derive(Debug, Default)]
pub(super) struct PositionCache {
    kept: RwLock<HashMap<Key, Arc<[f32]>>>,
    limit: usize,
}

impl PositionCache {
    /// Keeps the positions of `limit` sets of nodes at most.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            kept: RwLock::default(),
            limit,
        }
    }

    /// The positions of distinct `nodes` of the graph with this number, in their order.
    pub(super) fn positions(
        &self,
        number: usize,
        adjacency: &Csr<f32>,
        nodes: &[u32],
        width: usize,
    ) -> Result<Vec<f32>> {
        let mut sorted = nodes.to_vec();
        sorted.sort_unstable();
        let key = (number, sorted.into_boxed_slice());
        let kept = self
            .kept
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        let positions = match kept {
            Some(positions) => positions,
            None => {
                let subgraph = adjacency.induced(&key.1)?.graph;
                let positions: Arc<[f32]> = laplacian_positions(&subgraph, width)?.into();
                let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
                if kept.len() < self.limit {
                    kept.insert(key.clone(), Arc::clone(&positions));
                }
                positions
            }
        };
        let rank = |node| key.1.partition_point(|other| other < node);
        Ok(nodes
            .iter()
            .flat_map(|node| &positions[rank(node) * width..(rank(node) + 1) * width])
            .copied()
            .collect())
    }

    /// How many sets of nodes are kept.
    pub(super) fn len(&self) -> usize {
        self.kept
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}
