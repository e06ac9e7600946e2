//! Node features as the first operand of a layer.

use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use plm_core::graph::Csr;
use plm_core::kernel::{self, SiteMask};

use crate::graph::Features;

/// A row of numbers for each node, on a device.
///
/// A sparse table is never made dense: its product with a weight costs one multiplication for each
/// entry and output, and no gradient is computed for it.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are a few for each graph, and a box would be in every caller's way"
)]
pub enum NodeFeatures {
    /// Rows of mostly zeros, `[n_nodes, width]`.
    Sparse(Csr<f32>),
    /// `[n_nodes, width]`.
    Dense(Tensor<2>),
}

impl NodeFeatures {
    /// `features`, put on `device` where they are dense.
    pub fn new(features: &Features, device: &Device) -> Self {
        match features {
            Features::Sparse(csr) => Self::Sparse(csr.clone()),
            Features::Dense {
                values,
                n_nodes,
                width,
            } => {
                let data = TensorData::new(values.to_vec(), [*n_nodes, *width]);
                Self::Dense(Tensor::from_data(data, &device.clone().inner()))
            }
        }
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        match self {
            Self::Sparse(csr) => csr.n_rows(),
            Self::Dense(x) => x.dims()[0],
        }
    }

    /// Numbers a node.
    pub fn width(&self) -> usize {
        match self {
            Self::Sparse(csr) => csr.n_cols(),
            Self::Dense(x) => x.dims()[1],
        }
    }

    /// The product with a weight, in the weight's number type.
    ///
    /// # Shapes
    /// - weight: `[width, d_out]`
    /// - result: `[n_nodes, d_out]`
    ///
    /// # Panics
    /// If the weight has not `width` rows.
    pub fn matmul(&self, weight: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Sparse(csr) => csr.matmul(weight),
            Self::Dense(x) => {
                let x = like(x.clone(), &weight);
                kernel::linear(x, weight, None)
            }
        }
    }

    /// The features times their dropout factors. An entry's factor depends on its row and column
    /// alone, so that sparse and dense tables lose the same entries.
    /// Values so large that their scaled ones overflow become the largest number.
    pub fn dropout(&self, mask: Option<&SiteMask>) -> Self {
        let Some(mask) = mask else {
            return self.clone();
        };
        match self {
            Self::Dense(x) => Self::Dense(kernel::dropout(x.clone(), Some(mask))),
            Self::Sparse(csr) => {
                let (threshold, scale) = (mask.threshold(), mask.scale());
                let mut values = csr.values().to_vec();
                for row in 0..csr.n_rows() {
                    let key = mask.example_key(row) as u32;
                    let range = csr.row_range(row);
                    for (value, &col) in values[range.clone()].iter_mut().zip(&csr.indices()[range])
                    {
                        let dropped = SiteMask::hash(key, col) < threshold;
                        let kept = (*value * scale).clamp(f32::MIN, f32::MAX);
                        *value = if dropped { 0.0 } else { kept };
                    }
                }
                match csr.with_values(values) {
                    Ok(dropped) => Self::Sparse(dropped),
                    Err(error) => unreachable!("one finite value for each entry: {error}"),
                }
            }
        }
    }
}

/// `x` in the number type of `other`.
pub(crate) fn like<const D: usize, const E: usize>(x: Tensor<D>, other: &Tensor<E>) -> Tensor<D> {
    if x.dtype() == other.dtype() {
        return x;
    }
    x.cast(FloatDType::from(other.dtype()))
}
