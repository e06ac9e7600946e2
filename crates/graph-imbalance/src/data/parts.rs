//! From numbers of a file to parts of a graph: what several formats have in common.

use std::fmt::Display;
use std::path::Path;

use plm_core::graph::Csr;

use crate::graph::{Adjacency, EdgePolicy, EdgeReport, Features, Labels, MAX_CLASSES, Weights};
use crate::split::Split;
use crate::{Error, Result};

/// `result` with the file named in its error.
pub(super) fn in_file<T>(path: &Path, result: Result<T>) -> Result<T> {
    result.map_err(|error| Error::format(path, error.to_string()))
}

/// `result` with the file and what was read of it named in its error.
pub(super) fn of<T>(path: &Path, what: &str, result: Result<T, impl Display>) -> Result<T> {
    result.map_err(|reason| Error::format(path, format!("`{what}`: {reason}")))
}

/// Labels from numbers: −1 is a node of unknown class.
pub(super) fn labels(classes: &[i64], n_classes: Option<usize>) -> Result<Labels> {
    let class = |(node, &class): (usize, &i64)| match usize::try_from(class) {
        Ok(class) if class < MAX_CLASSES => Ok(Some(class as u32)),
        Err(_) if class == -1 => Ok(None),
        _ => Err(Error::invalid(
            "labels",
            format!(
                "node {node} has class {class}; from 0 to {}, or -1 if unknown",
                MAX_CLASSES - 1
            ),
        )),
    };
    let classes: Vec<Option<u32>> = classes
        .iter()
        .enumerate()
        .map(class)
        .collect::<Result<_>>()?;
    let largest = classes.iter().flatten().max();
    let least = largest.map_or(0, |&class| class as usize + 1);
    Labels::new(classes, n_classes.unwrap_or(least))
}

/// The features in a dense table, sparse where at least three quarters of it are zeros.
pub(super) fn features(n_nodes: usize, width: usize, values: Vec<f32>) -> Result<Features> {
    let full = values.iter().filter(|&&value| value != 0.0).count();
    if full <= values.len() / 4 {
        return Ok(Features::Sparse(Csr::from_dense(n_nodes, width, &values)?));
    }
    Features::dense(n_nodes, width, values)
}

/// A node's number from a file.
pub(super) fn node(what: &str, number: i64, n_nodes: usize) -> Result<u32> {
    match u32::try_from(number) {
        Ok(node) if (node as usize) < n_nodes => Ok(node),
        _ => Err(Error::invalid(what, format!("node {number} of {n_nodes}"))),
    }
}

/// The graph of edges that stand for both directions by the rules of their format, whether they are
/// given once or twice.
pub(super) fn undirected(
    n_nodes: usize,
    entries: impl IntoIterator<Item = (u32, u32, f32)>,
    weights: Weights,
) -> Result<(Adjacency, EdgeReport)> {
    let policy = EdgePolicy {
        reject_asymmetric: false,
        weights,
    };
    let (adjacency, report) = Adjacency::from_entries(n_nodes, entries, policy)?;
    let one_way = 0;
    Ok((adjacency, EdgeReport { one_way, ..report }))
}

/// Refuses a split whose sets overlap or have nodes that are not there or not labeled.
pub(super) fn check_split(split: &Split, labels: &Labels) -> Result<()> {
    match split.check(labels) {
        // Whether that matters is for the method to say.
        Err(Error::EmptyClass { .. }) => Ok(()),
        result => result,
    }
}

/// Splits from masks, `[n_splits, n_nodes]` each, a number other than 0 for a node of the set.
pub(super) fn splits_of_masks(n_nodes: usize, masks: [&[i64]; 3]) -> Vec<Split> {
    let nodes = |mask: &[i64]| {
        let pairs = (0..n_nodes as u32).zip(mask);
        pairs
            .filter(|(_, m)| **m != 0)
            .map(|(node, _)| node)
            .collect()
    };
    let [train, valid, test] = masks.map(|mask| mask.chunks_exact(n_nodes.max(1)));
    let split = |((train, valid), test)| Split {
        train: nodes(train),
        valid: nodes(valid),
        test: nodes(test),
    };
    train.zip(valid).zip(test).map(split).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_in_bounds() {
        let read = labels(&[2, -1, 0], None).unwrap();
        assert_eq!(read.classes(), [Some(2), None, Some(0)]);
        assert_eq!(read.n_classes(), 3);
        assert_eq!(labels(&[0], Some(4)).unwrap().n_classes(), 4);
        for (classes, n_classes, text) in [
            (&[0, -2][..], None, "node 1 has class -2"),
            (&[65_536], None, "node 0 has class 65536; from 0 to 65535"),
            (&[i64::MIN], None, "node 0"),
            (&[3], Some(3), "node 0 has class 3 of 3"),
            (&[3], Some(1 << 40), "at most 65536"),
        ] {
            let error = labels(classes, n_classes).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }

    #[test]
    fn nearly_empty_tables_become_sparse() {
        let read = |values: &[f32]| features(2, 2, values.to_vec()).unwrap();
        assert!(matches!(read(&[0.0, 0.0, 2.0, 0.0]), Features::Sparse(_)));
        assert!(matches!(
            read(&[0.0, 1.0, 2.0, 0.0]),
            Features::Dense { .. }
        ));
        assert!(features(2, 2, vec![0.0, 0.0, 0.0, f32::NAN]).is_err());
    }

    #[test]
    fn masks_give_a_split_a_row() {
        let splits = splits_of_masks(2, [&[1, 0, 0, 1], &[0, 1, 0, 0], &[0, 0, 1, 0]]);
        let sets = splits
            .iter()
            .map(|split| (&split.train[..], &split.valid[..], &split.test[..]));
        assert_eq!(
            sets.collect::<Vec<_>>(),
            [(&[0][..], &[1][..], &[][..]), (&[1], &[], &[0])]
        );
        assert!(splits_of_masks(0, [&[], &[], &[]]).is_empty());
    }
}
