//! Node features, sparse or dense.

use std::sync::Arc;

use plm_core::graph::Csr;

use crate::{Error, Result};

/// A row of numbers for each node.
///
/// Bags of words are nearly empty: as a sparse table the first layer of a network costs a fraction of
/// the dense product, with the same result.
#[derive(Debug, Clone)]
pub enum Features {
    /// Rows of mostly zeros, `[n_nodes, width]`.
    Sparse(Csr<f32>),
    /// Rows after one another, `[n_nodes * width]`.
    Dense {
        /// The numbers.
        values: Arc<[f32]>,
        /// Number of nodes.
        n_nodes: usize,
        /// Numbers a node.
        width: usize,
    },
}

impl Features {
    /// A dense table of `values`, rows after one another.
    ///
    /// # Errors
    /// [`Error::Core`] where there are not `n_nodes * width` of them or one is not finite.
    pub fn dense(n_nodes: usize, width: usize, values: Vec<f32>) -> Result<Self> {
        if n_nodes.checked_mul(width) != Some(values.len()) {
            return Err(Error::invalid(
                "features",
                format!("{} numbers for {n_nodes} nodes x {width}", values.len()),
            ));
        }
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(Error::invalid(
                "features",
                format!(
                    "node {}, column {}: {}; features must be finite",
                    at / width,
                    at % width,
                    values[at]
                ),
            ));
        }
        Ok(Self::Dense {
            values: values.into(),
            n_nodes,
            width,
        })
    }

    /// A one at each node's own column: what a graph without features is given.
    ///
    /// # Errors
    /// [`Error::Core`] where there are more than 2³¹ − 1 nodes.
    pub fn identity(n_nodes: usize) -> Result<Self> {
        Ok(Self::Sparse(Csr::identity(n_nodes)?))
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        match self {
            Self::Sparse(csr) => csr.n_rows(),
            Self::Dense { n_nodes, .. } => *n_nodes,
        }
    }

    /// Numbers a node.
    pub fn width(&self) -> usize {
        match self {
            Self::Sparse(csr) => csr.n_cols(),
            Self::Dense { width, .. } => *width,
        }
    }

    /// The table with each row divided by its sum, rows of sum zero left as they are (the
    /// `row_normalize` of the reference code and of PyTorch Geometric's `NormalizeFeatures`).
    ///
    /// # Errors
    /// [`Error::Core`] where a quotient is not finite.
    pub fn row_normalize(&self) -> Result<Self> {
        match self {
            Self::Sparse(csr) => {
                let sums = csr.degrees();
                let divided = csr
                    .entries()
                    .map(|(row, _, value)| match sums[row as usize] {
                        0.0 => value,
                        sum => (f64::from(value) / sum) as f32,
                    });
                Ok(Self::Sparse(csr.with_values(divided.collect())?))
            }
            Self::Dense {
                values,
                n_nodes,
                width,
            } => {
                let mut values = values.to_vec();
                for row in values.chunks_mut((*width).max(1)) {
                    let sum: f64 = row.iter().map(|&value| f64::from(value)).sum();
                    if sum != 0.0 {
                        for value in row {
                            *value = (f64::from(*value) / sum) as f32;
                        }
                    }
                }
                Self::dense(*n_nodes, *width, values)
            }
        }
    }

    /// The rows of `nodes`, in the order given.
    ///
    /// # Errors
    /// [`Error::Core`] where a node is out of range.
    pub fn select(&self, nodes: &[u32]) -> Result<Self> {
        if let Some(node) = nodes.iter().find(|&&node| node as usize >= self.n_nodes()) {
            return Err(Error::invalid(
                "features",
                format!("node {node} of {}", self.n_nodes()),
            ));
        }
        match self {
            Self::Sparse(csr) => Ok(Self::Sparse(csr.select_rows(nodes)?)),
            Self::Dense { values, width, .. } => {
                let rows = nodes.iter().flat_map(|&node| {
                    values[node as usize * width..(node as usize + 1) * width]
                        .iter()
                        .copied()
                });
                Self::dense(nodes.len(), *width, rows.collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dense(features: &Features) -> Vec<f32> {
        match features {
            Features::Sparse(csr) => csr.to_dense(),
            Features::Dense { values, .. } => values.to_vec(),
        }
    }

    #[test]
    fn sparse_and_dense_tables_do_the_same() {
        let table = [1.0, 3.0, 0.0, 0.0, 0.5, 0.0, 2.0, -2.0];
        let sparse = Features::Sparse(Csr::from_dense(4, 2, &table).unwrap());
        let full = Features::dense(4, 2, table.to_vec()).unwrap();
        for features in [&sparse, &full] {
            assert_eq!((features.n_nodes(), features.width()), (4, 2));
            let normalized = features.row_normalize().unwrap();
            // The last row adds up to zero and stays.
            let expected = [0.25, 0.75, 0.0, 0.0, 1.0, 0.0, 2.0, -2.0];
            assert_eq!(dense(&normalized), expected);
            let picked = features.select(&[2, 0, 2]).unwrap();
            assert_eq!(dense(&picked), [0.5, 0.0, 1.0, 3.0, 0.5, 0.0]);
            let error = features.select(&[4]).unwrap_err().to_string();
            assert!(error.contains("node 4 of 4"), "{error}");
        }
    }

    #[test]
    fn wrong_tables_are_named() {
        let error = Features::dense(2, 2, vec![0.0; 3]).unwrap_err().to_string();
        assert!(error.contains("3 numbers for 2 nodes x 2"), "{error}");
        let error = Features::dense(2, 2, vec![0.0, 0.0, f32::NAN, 0.0]).unwrap_err();
        assert!(
            error.to_string().contains("node 1, column 0: NaN"),
            "{error}"
        );
        assert_eq!(Features::identity(3).unwrap().width(), 3);
    }
}
