//! Sparse graphs: compressed rows, normalization, products, spectra and walks.
//!
//! [`Csr`] is the one matrix type: a graph's adjacency (row = the node that receives, column = the
//! node it hears from; the same for undirected graphs) or a sparse feature table. Building, editing,
//! spectra, walks and searches run on the host; [`Csr::matmul`], [`Csr::matmul_heads`] and the
//! segment operations work on tensors of any device and are differentiable.

mod build;
mod csr;
mod device_cache;
mod edit;
mod lanczos;
mod normalize;
mod product;
mod scalar;
mod segment;
mod spectral;
mod spmm;
#[cfg(feature = "flex")]
mod spmm_flex;
mod traverse;
mod walk;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod testing;

pub use build::Duplicates;
pub use csr::Csr;
pub use normalize::Normalization;
pub use scalar::Scalar;
pub use segment::{Segments, segment_max, segment_mean, segment_softmax, segment_sum};
pub use spectral::{Eigen, EigenOptions, Which, eigen_dense, eigen_operator, eigen_sparse};
pub use traverse::{Components, Reached, Subgraph};
pub use walk::{Step, WalkOptions, walks};
