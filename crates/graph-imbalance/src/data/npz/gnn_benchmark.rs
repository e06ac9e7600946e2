//! The form of gnn-benchmark.

use plm_core::files::npy::Array;

use super::archive::Archive;
use crate::data::Dataset;
use crate::data::parts::{features, labels};
use crate::data::sparse::Compressed;
use crate::graph::{Adjacency, EdgePolicy, Features, NodeGraph};
use crate::{Error, Result};

/// The graph in `archive`, its edges taken by `policy`.
pub(super) fn read(archive: &mut Archive<'_>, policy: EdgePolicy) -> Result<Dataset> {
    let classes = archive.array("labels", |array| {
        array.length()?;
        array.integers()
    })?;
    let labels = labels(&classes, None)?;
    let matrix = compressed(archive, "adj")?;
    let [n_nodes, columns] = matrix.shape();
    if n_nodes != columns {
        let reason = format!("{n_nodes} x {columns}, must be square");
        return Err(Error::invalid("`adj_shape`", reason));
    }
    let (adjacency, report) = Adjacency::from_entries(n_nodes, matrix.entries(), policy)?;
    let features = if archive.has("attr_indptr") {
        Features::Sparse(compressed(archive, "attr")?.into_csr()?)
    } else if archive.has("attr_matrix") {
        let table = |array: &Array<'_>| Ok((array.table()?, array.floats()?));
        let ([rows, width], values) = archive.array("attr_matrix", table)?;
        features(rows, width, values)?
    } else {
        Features::identity(n_nodes)?
    };
    Ok(Dataset {
        report,
        ..Dataset::new(NodeGraph::new(adjacency, features, labels)?)
    })
}

/// The matrix whose four arrays begin with `prefix`.
fn compressed(archive: &mut Archive<'_>, prefix: &str) -> Result<Compressed> {
    let shape = archive.array(&format!("{prefix}_shape"), |array| {
        let shape = array.integers()?;
        match shape[..]
            .try_into()
            .map(|axes: [i64; 2]| axes.map(usize::try_from))
        {
            Ok([Ok(rows), Ok(columns)]) => Ok([rows, columns]),
            _ => Err(format!("{shape:?}, must be rows and columns").into()),
        }
    })?;
    let indptr = archive.array(&format!("{prefix}_indptr"), |a| a.integers())?;
    let indices = archive.array(&format!("{prefix}_indices"), |a| a.integers())?;
    let values = archive.array(&format!("{prefix}_data"), |a| a.floats())?;
    let matrix = Compressed::new(shape, &indptr, &indices, values);
    matrix.map_err(|reason| Error::invalid(format!("`{prefix}_*`"), reason))
}
