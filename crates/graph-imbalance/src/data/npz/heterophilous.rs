//! The form of the heterophilous graphs.

use plm_core::files::npy::Array;

use super::archive::Archive;
use crate::data::Dataset;
use crate::data::parts::{check_split, features, labels, node, splits_of_masks, undirected};
use crate::graph::{NodeGraph, Weights};
use crate::{Error, Result};

/// The graph in `archive`.
pub(super) fn read(archive: &mut Archive<'_>, weights: Weights) -> Result<Dataset> {
    let classes = archive.array("node_labels", |array| {
        array.length()?;
        array.integers()
    })?;
    let labels = labels(&classes, None)?;
    let n_nodes = labels.n_nodes();
    let ends = archive.array("edges", |array| match array.table()? {
        [_, 2] => array.integers(),
        shape => Err(format!("a shape of {shape:?}, must have two columns").into()),
    })?;
    let edge = |ends: &[i64]| {
        let [from, to] = [ends[0], ends[1]].map(|end| node("`edges`", end, n_nodes));
        Ok((from?, to?, 1.0))
    };
    let edges: Vec<_> = ends.chunks_exact(2).map(edge).collect::<Result<_>>()?;
    let (adjacency, report) = undirected(n_nodes, edges, weights)?;
    let table = |array: &Array<'_>| Ok((array.table()?, array.floats()?));
    let ([rows, width], values) = archive.array("node_features", table)?;
    let graph = NodeGraph::new(adjacency, features(rows, width, values)?, labels)?;

    let mut masks = Vec::new();
    for name in ["train_masks", "val_masks", "test_masks"] {
        masks.push(archive.array(name, |array| match array.table()? {
            [_, columns] if columns == n_nodes => array.integers(),
            shape => Err(format!("a shape of {shape:?} for {n_nodes} nodes").into()),
        })?);
    }
    let [train, valid, test] = [&masks[0], &masks[1], &masks[2]];
    if train.len() != valid.len() || train.len() != test.len() {
        let reason = "not as many splits in each of `train_masks`, `val_masks`, `test_masks`";
        return Err(Error::invalid("masks", reason));
    }
    let splits = splits_of_masks(n_nodes, [train, valid, test]);
    for split in &splits {
        check_split(split, &graph.labels)?;
    }
    Ok(Dataset {
        splits,
        report,
        ..Dataset::new(graph)
    })
}
