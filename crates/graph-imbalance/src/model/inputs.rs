//! What networks read of a graph, computed once for each graph and device.

use std::sync::OnceLock;

use burn::tensor::{Device, Tensor};
use plm_core::graph::{Csr, Normalization, Segments};

use super::features::{NodeFeatures, like};
use crate::graph::NodeGraph;
use crate::{Error, Result};

/// A matrix of personalized PageRank, P = α (I − (1 − α) Â)⁻¹, which PPNP propagates by.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are a few for each graph, and a box would be in every caller's way"
)]
pub enum PageRank {
    /// All of it: `[n_nodes, n_nodes]`.
    Dense(Tensor<2>),
    /// Its largest entries, or those that a push left: `[n_nodes, n_nodes]`.
    Sparse(Csr<f32>),
}

impl PageRank {
    /// Rows and columns.
    pub fn dims(&self) -> [usize; 2] {
        match self {
            Self::Dense(matrix) => matrix.dims(),
            Self::Sparse(csr) => [csr.n_rows(), csr.n_cols()],
        }
    }

    /// The product with `x`.
    ///
    /// # Shapes
    /// - x: `[n_nodes, width]`, the result the same
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn matmul(&self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Dense(matrix) => like(matrix.clone(), &x).matmul(x),
            Self::Sparse(csr) => csr.matmul(x),
        }
    }
}

/// A graph's features and the matrices that layers propagate them by.
///
/// | method | matrix | used by |
/// |---|---|---|
/// | [`propagation`](Self::propagation) | Â = D̃^-1/2 (A + I) D̃^-1/2 | GCN, SGC, APPNP, PPRGo's inference |
/// | [`scaled_laplacian`](Self::scaled_laplacian) | L̂ = −D^-1/2 A D^-1/2 | ChebNet |
/// | [`neighbor_mean`](Self::neighbor_mean) | D^-1 A | GraphSAGE |
/// | [`neighborhoods`](Self::neighborhoods) | the rows of A + I | GAT |
/// | [`page_rank`](Self::page_rank) | P | PPNP |
///
/// All but Â are computed when a network first asks for them, and kept.
#[derive(Debug, Clone)]
pub struct GraphInputs {
    features: NodeFeatures,
    adjacency: Csr<f32>,
    propagation: Csr<f32>,
    scaled_laplacian: OnceLock<Csr<f32>>,
    neighbor_mean: OnceLock<Csr<f32>>,
    neighborhoods: OnceLock<Segments>,
    page_rank: Option<PageRank>,
}

impl GraphInputs {
    /// The inputs of networks on `device`.
    ///
    /// # Errors
    /// [`Error::Core`] where the graph with self-loops has more than 2³¹ − 1 entries.
    pub fn new(graph: &NodeGraph, device: &Device) -> Result<Self> {
        let adjacency = graph.csr().clone();
        let propagation = adjacency.normalize(Normalization::SymmetricWithLoops)?;
        if propagation.nnz() > i32::MAX as usize {
            return Err(Error::invalid(
                "graph",
                format!("{} entries; at most {}", propagation.nnz(), i32::MAX),
            ));
        }
        Ok(Self {
            features: NodeFeatures::new(&graph.features, device),
            adjacency,
            propagation,
            scaled_laplacian: OnceLock::new(),
            neighbor_mean: OnceLock::new(),
            neighborhoods: OnceLock::new(),
            page_rank: None,
        })
    }

    /// The inputs with the matrix that PPNP needs.
    ///
    /// # Errors
    /// [`Error::Core`] where it has not a row and a column for each node.
    pub fn with_page_rank(mut self, page_rank: PageRank) -> Result<Self> {
        let (n, dims) = (self.n_nodes(), page_rank.dims());
        if dims != [n, n] {
            return Err(Error::invalid(
                "page rank",
                format!("{} x {} for {n} nodes", dims[0], dims[1]),
            ));
        }
        self.page_rank = Some(page_rank);
        Ok(self)
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.adjacency.n_rows()
    }

    /// A row of numbers for each node.
    pub fn features(&self) -> &NodeFeatures {
        &self.features
    }

    /// The adjacency matrix A, without self-loops.
    pub fn adjacency(&self) -> &Csr<f32> {
        &self.adjacency
    }

    /// Â = D̃^-1/2 (A + I) D̃^-1/2, D̃ the row sums of A + I (Kipf and Welling 2017). Its pattern is
    /// that of A + I.
    pub fn propagation(&self) -> &Csr<f32> {
        &self.propagation
    }

    /// L̂ = 2 L / λ − I with the bound λ = 2 on the eigenvalues of the normalized Laplacian L, which
    /// leaves −D^-1/2 A D^-1/2; the rows of isolated nodes are zero.
    pub fn scaled_laplacian(&self) -> &Csr<f32> {
        self.scaled_laplacian.get_or_init(|| {
            let normalized = self.adjacency.normalize(Normalization::Symmetric);
            sound(normalized.and_then(|csr| csr.scale(-1.0)))
        })
    }

    /// D^-1 A: the mean over neighbors; the rows of isolated nodes are zero.
    pub fn neighbor_mean(&self) -> &Csr<f32> {
        self.neighbor_mean
            .get_or_init(|| sound(self.adjacency.normalize(Normalization::Row)))
    }

    /// The entries of A + I by row: what attention is normalized over.
    pub fn neighborhoods(&self) -> &Segments {
        self.neighborhoods
            .get_or_init(|| sound(Segments::of_rows(&self.propagation)))
    }

    /// The matrix given to [`GraphInputs::with_page_rank`].
    pub fn page_rank(&self) -> Option<&PageRank> {
        self.page_rank.as_ref()
    }
}

/// What cannot fail for the matrix of an [`Adjacency`](crate::graph::Adjacency): its weights are
/// positive and finite, so their quotients by degrees lie in (0, 1], and its size was checked.
fn sound<T>(result: plm_core::Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => unreachable!("a checked graph has its normal forms: {error}"),
    }
}
