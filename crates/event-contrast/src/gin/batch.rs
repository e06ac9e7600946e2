use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::graph::{Csr, Segments};

use super::{GinConfig, NodeVectors};
use crate::graph::{SubgraphBatch, View};
use crate::{Error, Result};

/// Views on a device.
#[derive(Debug, Clone)]
pub struct GraphBatch {
    /// The edges, `[nodes, nodes]`.
    pub adjacency: Csr<f32>,
    /// The view of each node.
    pub graphs: Segments,
    /// The vectors of the nodes' tokens, `[nodes, token width]`.
    pub tokens: Tensor<2>,
    /// Laplacian positions, `[nodes, position width]`.
    pub positions: Tensor<2>,
    /// Degrees within the views, `[nodes]`.
    pub degrees: Tensor<1, Int>,
    /// 1 at the nodes that their views were drawn from, `[nodes, 1]`.
    pub seeds: Tensor<2>,
}

impl GraphBatch {
    /// `views` on `device`, for a network of these sizes.
    ///
    /// # Errors
    /// [`Error::Core`] where the widths of vectors or positions are others, or a node has no vector.
    pub fn new<'v>(
        views: impl IntoIterator<Item = &'v View>,
        vectors: &NodeVectors,
        config: &GinConfig,
        device: &Device,
    ) -> Result<Self> {
        let batch = SubgraphBatch::new(views, config.max_degree)?;
        let nodes = batch.n_nodes();
        let positions = config.position_width;
        for (what, found, expected) in [
            (
                "width of the node vectors",
                vectors.width(),
                config.token_width,
            ),
            (
                "numbers of the positions",
                batch.positions.len(),
                nodes * positions,
            ),
        ] {
            if found != expected {
                let reason = format!("is {found}, the network needs {expected}");
                return Err(Error::invalid(what, reason));
            }
        }
        let mut tokens = Vec::with_capacity(nodes * vectors.width());
        for &(graph, node) in &batch.origins {
            tokens.extend_from_slice(vectors.row(graph, node)?);
        }
        let matrix = |values: Vec<f32>, width: usize| {
            Tensor::from_data(TensorData::new(values, [nodes, width]), device)
        };
        let seeds = batch.seeds.iter().map(|&seed| f32::from(u8::from(seed)));
        let degrees: Vec<i64> = batch.degrees.iter().map(|&d| i64::from(d)).collect();
        Ok(Self {
            graphs: Segments::new(&batch.view_of_nodes(), batch.n_views())?,
            tokens: matrix(tokens, vectors.width()),
            seeds: matrix(seeds.collect(), 1),
            positions: matrix(batch.positions, positions),
            degrees: Tensor::from_data(degrees.as_slice(), device),
            adjacency: batch.adjacency,
        })
    }
}
