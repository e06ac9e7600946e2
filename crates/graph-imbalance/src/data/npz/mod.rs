//! Graphs in NumPy's npz archives.

mod archive;
mod gnn_benchmark;
mod heterophilous;

use std::path::Path;

use self::archive::Archive;
use super::Dataset;
use super::parts::in_file;
use crate::graph::EdgePolicy;
use crate::{Error, Result};

/// Reads a graph from an npz archive of one of two forms.
///
/// **gnn-benchmark** (Shchur, Mumme, Bojchevski and Günnemann, 2018, arXiv 1811.05868; also what
/// PPRGo uses): `adj_data`, `adj_indices`, `adj_indptr` and `adj_shape` are the adjacency matrix in
/// compressed rows, `attr_*` the same for features, or `attr_matrix` a dense table; `labels` has a
/// class for each node. These graphs are often directed or weighted, as `policy` takes them. Without
/// features each node gets a column of its own ([`Features::identity`](crate::graph::Features::identity)).
///
/// **Heterophilous graphs** (Platonov and others, 2023, arXiv 2302.11640): `node_features`
/// `[n_nodes, width]`, `node_labels`, `edges` `[n_edges, 2]` that stand for both directions, and
/// `train_masks`, `val_masks`, `test_masks` `[n_splits, n_nodes]`, one split a row.
///
/// Classes may have any integer type; −1 is a node of unknown class. What else is in an archive is
/// listed in [`Dataset::unused`].
///
/// # Errors
/// [`Error::Core`] naming the file and the array where it is no archive of these forms, is damaged,
/// expands beyond the limit of [this module](crate::data), holds an array of Python objects where
/// numbers belong, or where numbers are out of range or contradict each other.
pub fn read_npz(path: impl AsRef<Path>, policy: EdgePolicy) -> Result<Dataset> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(|error| Error::io(path, error))?;
    let mut archive = Archive::new(&bytes, path)?;
    let dataset = if archive.has("adj_indptr") {
        gnn_benchmark::read(&mut archive, policy)
    } else if archive.has("edges") && archive.has("node_features") {
        heterophilous::read(&mut archive, policy.weights)
    } else {
        return Err(Error::format(
            path,
            format!(
                "has neither `adj_indptr` nor `edges` and `node_features`; its arrays are {:?}",
                archive.names()
            ),
        ));
    };
    let dataset = in_file(path, dataset)?;
    Ok(Dataset {
        unused: archive.unused(),
        ..dataset
    })
}
