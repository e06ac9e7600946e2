//! Class labels of nodes.

use crate::{Error, Result};

/// The most classes that labels may have: what is counted by class takes memory for each of them,
/// however few nodes there are.
pub(crate) const MAX_CLASSES: usize = 1 << 16;

/// The class of each node, where it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    classes: Vec<Option<u32>>,
    n_classes: usize,
}

impl Labels {
    /// Labels of `n_classes` classes; `None` is a node of unknown class.
    ///
    /// # Errors
    /// [`Error::Core`] where there are more than 65,536 classes, or naming the first node whose class is
    /// out of range.
    pub fn new(classes: Vec<Option<u32>>, n_classes: usize) -> Result<Self> {
        if n_classes > MAX_CLASSES {
            return Err(Error::invalid(
                "labels",
                format!("of {n_classes} classes, at most {MAX_CLASSES}"),
            ));
        }
        let wrong = |class: &Option<u32>| class.is_some_and(|class| class as usize >= n_classes);
        if let Some(node) = classes.iter().position(wrong) {
            return Err(Error::invalid(
                "labels",
                format!(
                    "node {node} has class {} of {n_classes}",
                    classes[node].unwrap_or_default()
                ),
            ));
        }
        Ok(Self { classes, n_classes })
    }

    /// Labels of all nodes, as many classes as the largest asks for.
    ///
    /// # Errors
    /// [`Error::Core`] where a class is 65,536 or more.
    pub fn complete(classes: &[u32]) -> Result<Self> {
        let largest = classes.iter().max();
        let n_classes = largest.map_or(0, |&class| (class as usize).saturating_add(1));
        Self::new(classes.iter().copied().map(Some).collect(), n_classes)
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.classes.len()
    }

    /// Number of classes.
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// The class of `node`; `None` where it is unknown.
    ///
    /// # Panics
    /// If `node` is out of range.
    pub fn get(&self, node: u32) -> Option<u32> {
        self.classes[node as usize]
    }

    /// The class of every node: `[n_nodes]`.
    pub fn classes(&self) -> &[Option<u32>] {
        &self.classes
    }

    /// The number of nodes of each class: `[n_classes]`.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.n_classes];
        for class in self.classes.iter().flatten() {
            counts[*class as usize] += 1;
        }
        counts
    }

    /// The nodes of each class in ascending order: `[n_classes]`.
    pub fn members(&self) -> Vec<Vec<u32>> {
        let mut members = vec![Vec::new(); self.n_classes];
        for (node, class) in self.classes.iter().enumerate() {
            if let Some(class) = class {
                members[*class as usize].push(node as u32);
            }
        }
        members
    }

    /// The classes of `nodes`.
    ///
    /// # Errors
    /// [`Error::Core`] where a node is out of range or of unknown class.
    pub fn of(&self, nodes: &[u32]) -> Result<Vec<u32>> {
        let class = |&node: &u32| match self.classes.get(node as usize) {
            Some(Some(class)) => Ok(*class),
            Some(None) => Err(Error::invalid(
                "labels",
                format!("node {node} is of unknown class"),
            )),
            None => Err(Error::invalid(
                "labels",
                format!("node {node} of {}", self.n_nodes()),
            )),
        };
        nodes.iter().map(class).collect()
    }
}

/// Refuses a list of nodes, called `what`, in which one stands twice.
///
/// # Errors
/// [`Error::Core`] naming the smallest such node.
pub(crate) fn refuse_repeats(what: &str, nodes: &[u32]) -> Result<()> {
    let mut sorted = nodes.to_vec();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::invalid(
            what,
            format!("node {} is given twice", pair[0]),
        )),
        None => Ok(()),
    }
}

/// The number of nodes of each class among those of `classes`, none of them zero: `[n_classes]`.
///
/// # Errors
/// [`Error::EmptyClass`] naming the first class without a node.
pub(crate) fn count_every_class(classes: &[u32], n_classes: usize) -> Result<Vec<usize>> {
    let mut counts = vec![0; n_classes];
    for &class in classes {
        counts[class as usize] += 1;
    }
    match counts.iter().position(|&count| count == 0) {
        Some(class) => Err(Error::EmptyClass { class, n_classes }),
        None => Ok(counts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_members_and_mistakes() {
        let labels = Labels::new(vec![Some(2), None, Some(0), Some(2)], 3).unwrap();
        assert_eq!(labels.counts(), [1, 0, 2]);
        assert_eq!(labels.members(), [vec![2], vec![], vec![0, 3]]);
        assert_eq!(labels.of(&[3, 2]).unwrap(), [2, 0]);
        for (nodes, text) in [([1], "node 1 is of unknown class"), ([4], "node 4 of 4")] {
            let error = labels.of(&nodes).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
        let error = Labels::new(vec![Some(3)], 3).unwrap_err().to_string();
        assert!(error.contains("node 0 has class 3 of 3"), "{error}");
        assert_eq!(Labels::complete(&[1, 1]).unwrap().n_classes(), 2);
        assert_eq!(Labels::complete(&[]).unwrap().n_classes(), 0);
    }

    #[test]
    fn classes_are_limited() {
        let most = Labels::complete(&[0, MAX_CLASSES as u32 - 1]).unwrap();
        assert_eq!(most.counts().len(), MAX_CLASSES);
        for error in [
            Labels::complete(&[u32::MAX]),
            Labels::complete(&[MAX_CLASSES as u32]),
            Labels::new(vec![Some(0)], usize::MAX),
        ] {
            let error = error.unwrap_err().to_string();
            assert!(error.contains("classes, at most 65536"), "{error}");
        }
    }

    #[test]
    fn repeats_are_named() {
        assert!(refuse_repeats("train", &[3, 1, 2]).is_ok());
        let error = refuse_repeats("train", &[5, 1, 5, 9]).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("node 5 is given twice"), "{error}");
    }
}
