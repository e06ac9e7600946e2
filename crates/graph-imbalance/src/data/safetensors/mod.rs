//! Graphs in safetensors files.
//!
//! | tensor | shape | |
//! |---|---|---|
//! | `edge_index` | `[2, n_edges]` | the two ends of each edge; stands for both directions |
//! | `edge_weight` | `[n_edges]` | where there are weights |
//! | `x_indptr`, `x_indices`, `x_values` | `[n_nodes + 1]`, `[n]`, `[n]` | features in compressed rows; all ones without `x_values` |
//! | `x` | `[n_nodes, width]` | or a dense table |
//! | `y` | `[n_nodes]` | classes; −1 is unknown |
//! | `train_idx`, `val_idx`, `test_idx` | lists | one split |
//! | `train_masks`, `val_masks`, `test_masks` | `[n_splits, n_nodes]` | or several |
//! | `placeholder_idx` | list | nodes of which the origin says nothing |
//!
//! The metadata has `x_cols`, the width of compressed features, and may have `nodes` and `classes`,
//! their numbers, and `node_names` and `class_names`, JSON lists of strings. Integers may have any
//! type, and so may floats of 32 and 64 bits.

mod read;
mod tensors;
mod write;

use std::path::Path;

pub use read::read_safetensors;
pub use write::write_safetensors;

/// Whether the file called `path` is gzipped.
fn is_gzipped(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "gz")
}
