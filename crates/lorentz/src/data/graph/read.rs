//! Graphs from safetensors files.

use std::path::Path;

use plm_core::graph::{Csr, Duplicates};

use super::tensors::Tensors;
use super::{GraphDataset, NodeSplit};
use crate::Result;
use crate::data::expand::read_all;

/// Reads a graph from a safetensors file; gzipped if its name ends in `.gz`.
///
/// | tensor | shape | |
/// |---|---|---|
/// | `edge_index` | `[2, edges]` | the two ends of each edge; stands for both directions, loops are left out |
/// | `y` | `[nodes]` | classes from 0, below the number of nodes |
/// | `x_indptr`, `x_indices`, `x_values` | `[nodes + 1]`, `[n]`, `[n]` | features in compressed rows; all ones without `x_values` |
/// | `train_idx`, `val_idx`, `test_idx` | lists | a split of the nodes, if there is one |
/// | `raw_feat` | `[nodes, width]` | a second feature table, if there is one |
///
/// The metadata has `x_cols`, the width of the features. Without features each node gets a column of
/// its own. Integers are I64, I32 or U8, floats F32 or F64.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) naming the file and the tensor where the file cannot be read, is
/// no such file, or its numbers are out of range or contradict each other.
pub fn read_graph(path: impl AsRef<Path>) -> Result<GraphDataset> {
    let path = path.as_ref();
    let bytes = read_all(path).map_err(|error| plm_core::Error::io(path, error))?;
    parse(&bytes).map_err(|reason| plm_core::Error::format(path, reason).into())
}

/// The graph in `bytes`, or why there is none.
fn parse(bytes: &[u8]) -> Result<GraphDataset, String> {
    let tensors = Tensors::new(bytes)?;
    let labels = list("y", tensors.integers("y")?)?;
    let nodes = labels.len();
    let labels = ids("y", &labels, nodes)?;
    let features = match tensors.has("x_indptr") {
        true => compressed(&tensors, nodes)?,
        false => Csr::identity(nodes).map_err(|error| error.to_string())?,
    };
    let adjacency = edges(&tensors, nodes)?;
    let mut graph =
        GraphDataset::new(adjacency, features, labels).map_err(|error| error.to_string())?;
    if tensors.has("train_idx") {
        let nodes_of = |name: &str| ids(name, &list(name, tensors.integers(name)?)?, nodes);
        graph.split = Some(NodeSplit {
            train: nodes_of("train_idx")?,
            valid: nodes_of("val_idx")?,
            test: nodes_of("test_idx")?,
        });
    }
    if tensors.has("raw_feat") {
        let (shape, numbers) = tensors.floats("raw_feat")?;
        let table = match shape[..] {
            [rows, width] if rows == nodes => Csr::from_dense(rows, width, &numbers),
            _ => return Err(format!("`raw_feat` has shape {shape:?} for {nodes} nodes")),
        };
        graph.raw_features = Some(table.map_err(|error| error.to_string())?);
    }
    Ok(graph)
}

fn edges(tensors: &Tensors<'_>, nodes: usize) -> Result<Csr<f32>, String> {
    let (shape, ends) = tensors.integers("edge_index")?;
    if shape.len() != 2 || shape[0] != 2 {
        return Err(format!(
            "`edge_index` has shape {shape:?}, must have two rows"
        ));
    }
    let ends = ids("edge_index", &ends, nodes)?;
    let (from, to) = ends.split_at(ends.len() / 2);
    let pairs: Vec<(u32, u32)> = from
        .iter()
        .copied()
        .zip(to.iter().copied())
        .filter(|(from, to)| from != to)
        .collect();
    Csr::from_edges(nodes, &pairs, Duplicates::First)
        .and_then(|edges| edges.symmetrize(Duplicates::First))
        .map_err(|error| error.to_string())
}

fn compressed(tensors: &Tensors<'_>, nodes: usize) -> Result<Csr<f32>, String> {
    let width = tensors
        .number("x_cols")?
        .ok_or("the metadata lacks `x_cols`")?;
    let indptr = list("x_indptr", tensors.integers("x_indptr")?)?;
    let indices = list("x_indices", tensors.integers("x_indices")?)?;
    let indices = ids("x_indices", &indices, width)?;
    let indptr = indptr
        .iter()
        .map(|&at| usize::try_from(at).map_err(|_| format!("`x_indptr` holds {at}")))
        .collect::<Result<Vec<usize>, String>>()?;
    let values = match tensors.has("x_values") {
        true => list("x_values", tensors.floats("x_values")?)?,
        false => vec![1.0; indices.len()],
    };
    Csr::new(nodes, width, indptr, indices, values).map_err(|error| format!("features: {error}"))
}

/// The numbers of a tensor of one axis.
fn list<T>(name: &str, (shape, numbers): (Vec<usize>, Vec<T>)) -> Result<Vec<T>, String> {
    match shape.len() {
        1 => Ok(numbers),
        _ => Err(format!("`{name}` has shape {shape:?}, must be a list")),
    }
}

/// Numbers from 0 to below `limit`.
fn ids(name: &str, numbers: &[i64], limit: usize) -> Result<Vec<u32>, String> {
    numbers
        .iter()
        .map(|&number| match u32::try_from(number) {
            Ok(id) if (id as usize) < limit => Ok(id),
            _ => Err(format!("`{name}` holds {number}, must lie in 0..{limit}")),
        })
        .collect()
}

#[cfg(test)]
mod tests;
