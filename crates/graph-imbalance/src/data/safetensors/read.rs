//! Reading.

use std::path::Path;

use flate2::read::MultiGzDecoder;
use plm_core::files::npy::{Array, ArrayError};

use super::is_gzipped;
use super::tensors::Tensors;
use crate::data::parts::{
    check_split, features, in_file, labels, node, of, splits_of_masks, undirected,
};
use crate::data::sparse::Compressed;
use crate::data::{Dataset, expand};
use crate::graph::{Features, NodeGraph, Weights};
use crate::split::Split;
use crate::{Error, Result};

/// Reads a graph from a safetensors file; gzipped if its name ends in `.gz`.
///
/// The tensors are `edge_index` `[2, n_edges]` (each edge stands for both directions, given once or
/// twice) with `edge_weight` where there are weights, `x_indptr`, `x_indices` and `x_values` or a dense
/// `x` for features, `y` for classes (−1 is unknown), and splits as `train_idx`, `val_idx`, `test_idx`
/// or as `train_masks`, `val_masks`, `test_masks` `[n_splits, n_nodes]`.
/// Without features each node gets a column of its own.
/// Other tensors are listed in [`Dataset::unused`]. One is `raw_feat` of HGCN's airport graph: it holds
/// the value whose range is the class, so it is no feature to learn from.
///
/// # Errors
/// [`Error::Core`] naming the file and the tensor where it is no safetensors file, is cut short, expands
/// beyond the limit of [this module](crate::data), lacks `edge_index` or `y`, or where numbers are out
/// of range, refused by `weights`, or contradict each other.
pub fn read_safetensors(path: impl AsRef<Path>, weights: Weights) -> Result<Dataset> {
    let path = path.as_ref();
    let io = |error| Error::io(path, error);
    let mut bytes = std::fs::read(path).map_err(io)?;
    if is_gzipped(path) {
        let limit = expand::limit(bytes.len());
        bytes = expand::read_all(MultiGzDecoder::new(bytes.as_slice()), limit).map_err(io)?;
    }
    let mut tensors = Tensors::new(&bytes, path)?;
    let dataset = in_file(path, dataset(&mut tensors, path, weights))?;
    Ok(Dataset {
        unused: tensors.unused(),
        ..dataset
    })
}

fn dataset(tensors: &mut Tensors<'_>, path: &Path, weights: Weights) -> Result<Dataset> {
    let classes = tensors.tensor("y", list)?;
    let n_nodes = classes.len();
    if let Some(nodes) = tensors.number("nodes")?
        && nodes != n_nodes
    {
        let reason = format!("`nodes` is {nodes}, but `y` has {n_nodes}");
        return Err(Error::format(path, reason));
    }
    let labels = labels(&classes, tensors.number("classes")?)?;
    let (adjacency, report) = undirected(n_nodes, edges(tensors, n_nodes)?, weights)?;
    let features = read_features(tensors, path, n_nodes)?;
    let graph = NodeGraph::new(adjacency, features, labels)?;
    let splits = splits(tensors, n_nodes)?;
    for split in &splits {
        check_split(split, &graph.labels)?;
    }
    let placeholders = match tensors.has("placeholder_idx") {
        true => nodes(tensors, "placeholder_idx", n_nodes)?,
        false => Vec::new(),
    };
    Ok(Dataset {
        splits,
        report,
        placeholders,
        node_names: tensors.names("node_names", n_nodes)?,
        class_names: tensors.names("class_names", graph.n_classes())?,
        ..Dataset::new(graph)
    })
}

/// The integers of a list.
fn list(array: &Array<'_>) -> Result<Vec<i64>, ArrayError> {
    array.length()?;
    array.integers()
}

fn nodes(tensors: &mut Tensors<'_>, name: &str, n_nodes: usize) -> Result<Vec<u32>> {
    let numbers = tensors.tensor(name, list)?;
    let nodes = numbers.iter().map(|&number| node(name, number, n_nodes));
    nodes.collect()
}

fn edges(tensors: &mut Tensors<'_>, n_nodes: usize) -> Result<Vec<(u32, u32, f32)>> {
    let ends = tensors.tensor("edge_index", |array| match array.table()? {
        [2, _] => array.integers(),
        shape => Err(format!("a shape of {shape:?}, must have two rows").into()),
    })?;
    let (from, to) = ends.split_at(ends.len() / 2);
    let weights = match tensors.has("edge_weight") {
        false => vec![1.0; from.len()],
        true => tensors.tensor("edge_weight", |array| {
            let length = array.length()?;
            match length == from.len() {
                true => array.floats(),
                false => Err(format!("{length} weights for {} edges", from.len()).into()),
            }
        })?,
    };
    let ends = from.iter().zip(to).zip(weights);
    ends.map(|((&from, &to), weight)| {
        let [from, to] = [from, to].map(|end| node("edge_index", end, n_nodes));
        Ok((from?, to?, weight))
    })
    .collect()
}

fn read_features(tensors: &mut Tensors<'_>, path: &Path, n_nodes: usize) -> Result<Features> {
    if tensors.has("x_indptr") {
        let width = tensors.number("x_cols")?;
        let width = of(
            path,
            "x_cols",
            width.ok_or("is not in the metadata".to_owned()),
        )?;
        let indptr = tensors.tensor("x_indptr", list)?;
        let indices = tensors.tensor("x_indices", list)?;
        let values = match tensors.has("x_values") {
            true => tensors.tensor("x_values", |a| a.floats())?,
            false => vec![1.0; indices.len()],
        };
        let matrix = Compressed::new([n_nodes, width], &indptr, &indices, values);
        return Ok(Features::Sparse(of(path, "x_*", matrix)?.into_csr()?));
    }
    if !tensors.has("x") {
        return Features::identity(n_nodes);
    }
    let table = |array: &Array<'_>| Ok((array.table()?, array.floats()?));
    let ([rows, width], values) = tensors.tensor("x", table)?;
    features(rows, width, values)
}

fn splits(tensors: &mut Tensors<'_>, n_nodes: usize) -> Result<Vec<Split>> {
    let mut splits = Vec::new();
    if tensors.has("train_idx") {
        splits.push(Split {
            train: nodes(tensors, "train_idx", n_nodes)?,
            valid: nodes(tensors, "val_idx", n_nodes)?,
            test: nodes(tensors, "test_idx", n_nodes)?,
        });
    }
    if tensors.has("train_masks") {
        let mut mask = |name: &str, rows: Option<usize>| {
            tensors.tensor(name, |array| match array.table()? {
                [n, columns] if columns == n_nodes && rows.is_none_or(|rows| rows == n) => {
                    Ok((n, array.integers()?))
                }
                shape => Err(format!("a shape of {shape:?} for {n_nodes} nodes").into()),
            })
        };
        let (rows, train) = mask("train_masks", None)?;
        let (_, valid) = mask("val_masks", Some(rows))?;
        let (_, test) = mask("test_masks", Some(rows))?;
        splits.extend(splits_of_masks(n_nodes, [&train, &valid, &test]));
    }
    Ok(splits)
}
