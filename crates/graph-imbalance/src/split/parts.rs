//! The three sets of a split.

use crate::graph::{Labels, count_every_class};
use crate::{Error, Result};

/// Disjoint sets of labeled nodes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Split {
    /// Nodes whose classes the model sees.
    pub train: Vec<u32>,
    /// Nodes that choose the best epoch.
    pub valid: Vec<u32>,
    /// Nodes that are reported on.
    pub test: Vec<u32>,
}

impl Split {
    /// Checks the sets against the graph's labels.
    ///
    /// # Errors
    /// [`Error::Core`] where a node is out of range, of unknown class, or in the sets twice;
    /// [`Error::EmptyClass`] where a class has no training node.
    pub fn check(&self, labels: &Labels) -> Result<()> {
        let mut seen = vec![""; labels.n_nodes()];
        for (name, nodes) in [
            ("train", &self.train),
            ("valid", &self.valid),
            ("test", &self.test),
        ] {
            labels.of(nodes)?;
            for &node in nodes {
                let before = std::mem::replace(&mut seen[node as usize], name);
                if !before.is_empty() {
                    return Err(Error::invalid(
                        "split",
                        format!("node {node} is in `{before}` and again in `{name}`"),
                    ));
                }
            }
        }
        count_every_class(&labels.of(&self.train)?, labels.n_classes())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named() {
        let labels = Labels::new(vec![Some(0), Some(1), None, Some(1)], 2).unwrap();
        let check = |train: &[u32], test: &[u32]| {
            Split {
                train: train.to_vec(),
                valid: Vec::new(),
                test: test.to_vec(),
            }
            .check(&labels)
            .map_err(|error| error.to_string())
        };
        assert_eq!(check(&[0, 1], &[3]), Ok(()));
        for (result, text) in [
            (
                check(&[0, 1], &[1]),
                "node 1 is in `train` and again in `test`",
            ),
            (
                check(&[0, 0, 1], &[]),
                "node 0 is in `train` and again in `train`",
            ),
            (
                check(&[1], &[]),
                "class 0 of 2 has no labeled training node",
            ),
            (check(&[0, 1], &[2]), "node 2 is of unknown class"),
            (check(&[0, 1], &[9]), "node 9 of 4"),
        ] {
            let error = result.unwrap_err();
            assert!(error.contains(text), "{error}");
        }
    }
}
