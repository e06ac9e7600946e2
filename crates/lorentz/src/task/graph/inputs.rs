//! A graph on a device, as networks read it.

use burn::tensor::{Device, Tensor, TensorData};
use plm_core::graph::{Csr, Normalization};

use crate::geometry::{exp_origin, origin_tangent};
use crate::{Curvature, Result};

/// Numbers that a dense feature table may hold: 4 GiB in single precision.
const LARGEST_TABLE: usize = 1 << 30;

/// The features of all nodes, and the matrix by which they reach their neighbors.
#[derive(Debug, Clone)]
pub struct GraphInputs {
    features: Tensor<2>,
    propagation: Csr<f32>,
    curvature: Option<Curvature>,
}

impl GraphInputs {
    /// Euclidean features on `device`, and the mean over a node and its neighbors, D⁻¹(A + I).
    ///
    /// # Shapes
    /// - features: `[nodes, width]`; the table is made dense
    /// - adjacency: `[nodes, nodes]`
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where the two have another number of rows, or the dense table
    /// would have more than 2³⁰ numbers.
    pub fn new(features: &Csr<f32>, adjacency: &Csr<f32>, device: &Device) -> Result<Self> {
        let shape = [features.n_rows(), features.n_cols()];
        let wrong = |reason: String| Err(plm_core::Error::invalid("graph inputs", reason).into());
        if shape[0] != adjacency.n_rows() {
            let nodes = adjacency.n_rows();
            return wrong(format!("{} rows of features for {nodes} nodes", shape[0]));
        }
        if shape[0]
            .checked_mul(shape[1])
            .is_none_or(|count| count > LARGEST_TABLE)
        {
            return wrong(format!(
                "{} x {} features, at most {LARGEST_TABLE} numbers are made dense; select columns",
                shape[0], shape[1]
            ));
        }
        let table = TensorData::new(features.to_dense(), shape);
        let propagation = adjacency
            .with_self_loops(1.0)?
            .normalize(Normalization::Row)?;
        Ok(Self {
            features: Tensor::from_data(table, &device.clone().inner()),
            propagation,
            curvature: None,
        })
    }

    /// The same graph with the features as tangent vectors at the origin, mapped to points:
    /// exp_o((0, f)).
    #[must_use]
    pub fn on_hyperboloid(&self, curvature: Curvature) -> Self {
        Self {
            features: exp_origin(origin_tangent(self.features.clone()), curvature),
            propagation: self.propagation.clone(),
            curvature: Some(curvature),
        }
    }

    /// Features or points on the plain device: `[nodes, width]`.
    pub fn features(&self) -> &Tensor<2> {
        &self.features
    }

    /// Weights of each node's neighbors and itself, rows that sum to 1: `[nodes, nodes]`.
    pub fn propagation(&self) -> &Csr<f32> {
        &self.propagation
    }

    /// The curvature of the space that the features are points of; none for Euclidean features.
    pub fn curvature(&self) -> Option<Curvature> {
        self.curvature
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.features.dims()[0]
    }

    /// Components of a feature row or a point.
    pub fn width(&self) -> usize {
        self.features.dims()[1]
    }
}
