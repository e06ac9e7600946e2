//! A graph with what is known of its nodes.

use plm_core::graph::Csr;

use super::NodeSplit;
use crate::Result;

/// An undirected graph with a row of features and a class for each node.
#[derive(Debug, Clone)]
pub struct GraphDataset {
    /// Symmetric, ones at edges, nothing on the diagonal: `[nodes, nodes]`.
    pub adjacency: Csr<f32>,
    /// `[nodes, width]`.
    pub features: Csr<f32>,
    /// The class of every node: `[nodes]`.
    pub labels: Vec<u32>,
    /// Number of classes.
    pub n_classes: usize,
    /// The split that the file itself has.
    pub split: Option<NodeSplit>,
    /// A second feature table, `[nodes, width]`. In HGCN's airport graph it has one more column, from
    /// which the classes were made: it serves link prediction only.
    pub raw_features: Option<Csr<f32>>,
}

impl GraphDataset {
    /// A graph without a split of its own, as many classes as the largest label asks for.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where the parts are not those of as many nodes, or the
    /// adjacency is not symmetric, weighs an edge with anything but 1, or has a loop.
    pub fn new(adjacency: Csr<f32>, features: Csr<f32>, labels: Vec<u32>) -> Result<Self> {
        let nodes = adjacency.n_rows();
        for (what, count) in [
            ("columns of the adjacency", adjacency.n_cols()),
            ("rows of the features", features.n_rows()),
            ("labels", labels.len()),
        ] {
            if count != nodes {
                let reason = format!("{count} {what} for {nodes} nodes");
                return Err(plm_core::Error::invalid("graph", reason).into());
            }
        }
        for (row, column, value) in adjacency.entries() {
            if row == column || value != 1.0 {
                let reason = format!(
                    "{row} -> {column} has weight {value}; edges weigh 1 and join two nodes"
                );
                return Err(plm_core::Error::invalid("adjacency", reason).into());
            }
        }
        if !adjacency.is_symmetric(0.0) {
            return Err(plm_core::Error::invalid("adjacency", "is not symmetric").into());
        }
        let n_classes = labels.iter().max().map_or(0, |&class| class as usize + 1);
        Ok(Self {
            adjacency,
            features,
            labels,
            n_classes,
            split: None,
            raw_features: None,
        })
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.labels.len()
    }

    /// Every edge once, its smaller end first.
    pub fn edges(&self) -> Vec<(u32, u32)> {
        upper_edges(&self.adjacency)
    }
}

/// The entries above the diagonal.
pub(super) fn upper_edges(adjacency: &Csr<f32>) -> Vec<(u32, u32)> {
    let entries = adjacency.entries();
    entries
        .filter(|(row, column, _)| row < column)
        .map(|(row, column, _)| (row, column))
        .collect()
}

#[cfg(test)]
mod tests {
    use plm_core::graph::Duplicates;

    use super::*;

    #[test]
    fn wrong_parts_are_named() {
        let path = Csr::<f32>::from_edges(3, &[(1, 0), (1, 2)], Duplicates::First).unwrap();
        let both = path.symmetrize(Duplicates::First).unwrap();
        let features = Csr::identity(3).unwrap();
        let labels = vec![0, 4, 1];
        let graph = GraphDataset::new(both.clone(), features.clone(), labels.clone()).unwrap();
        assert_eq!((graph.n_nodes(), graph.n_classes), (3, 5));
        assert_eq!(graph.edges(), [(0, 1), (1, 2)]);
        let refuse = |adjacency, features, labels, word: &str| {
            let error = GraphDataset::new(adjacency, features, labels).unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
        };
        let two = Csr::identity(2).unwrap();
        refuse(both.clone(), two, labels.clone(), "2 rows of the features");
        refuse(both.clone(), features.clone(), vec![0], "1 labels");
        refuse(path, features.clone(), labels.clone(), "symmetric");
        let heavy = both.scale(2.0).unwrap();
        refuse(
            heavy,
            features.clone(),
            labels.clone(),
            "0 -> 1 has weight 2",
        );
        refuse(features.clone(), features, labels, "0 -> 0");
    }
}
