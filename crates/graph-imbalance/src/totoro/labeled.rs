//! The labeled set, checked.

use crate::graph::{Labels, count_every_class, refuse_repeats};
use crate::{Error, Result};

/// The training nodes and their classes, every class among them.
pub(super) struct LabeledSet {
    pub(super) nodes: Vec<u32>,
    pub(super) classes: Vec<u32>,
    /// Training nodes of each class, none of them zero.
    pub(super) counts: Vec<usize>,
}

impl LabeledSet {
    pub(super) fn new(n_nodes: usize, labels: &Labels, train: &[u32]) -> Result<Self> {
        if labels.n_nodes() != n_nodes {
            return Err(Error::invalid(
                "labels",
                format!("of {} nodes for a graph of {n_nodes}", labels.n_nodes()),
            ));
        }
        if train.is_empty() {
            return Err(Error::invalid("train", "has no node, at least 1 needed"));
        }
        let classes = labels.of(train)?;
        refuse_repeats("train", train)?;
        Ok(Self {
            nodes: train.to_vec(),
            counts: count_every_class(&classes, labels.n_classes())?,
            classes,
        })
    }

    pub(super) fn n_classes(&self) -> usize {
        self.counts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named() {
        let labels = Labels::new(vec![Some(0), Some(1), None, Some(1)], 2).unwrap();
        let new = |n_nodes, train: &[u32]| {
            LabeledSet::new(n_nodes, &labels, train)
                .map(|set| set.counts)
                .map_err(|error| error.to_string())
        };
        assert_eq!(new(4, &[3, 0, 1]), Ok(vec![1, 2]));
        for (result, text) in [
            (new(5, &[0, 1]), "of 4 nodes for a graph of 5"),
            (new(4, &[]), "has no node"),
            (new(4, &[0, 4]), "node 4 of 4"),
            (new(4, &[0, 2]), "node 2 is of unknown class"),
            (new(4, &[0, 1, 0]), "node 0 is given twice"),
            (new(4, &[1, 3]), "class 0 of 2 has no labeled training node"),
        ] {
            let error = result.unwrap_err();
            assert!(error.contains(text), "{error}");
        }
    }
}
