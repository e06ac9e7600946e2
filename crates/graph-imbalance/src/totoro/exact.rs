//! Conflicts of all nodes by two solves.

use super::conflict::Conflict;
use super::influence::{ClassInfluence, Seeds};
use super::labeled::LabeledSet;
use crate::Result;
use crate::graph::Labels;
use crate::ppr::{Diffusion, PprSolver};

/// The class influence of a labeled set and the conflict that every node has with it.
///
/// G = P·B and Z = P·G, then T_v = Σ_{j≠y} Z_vj. No array of nodes × nodes or of labels × nodes is
/// formed: 16 bytes are kept for each node and class, 1.8 GB for 2.4 million nodes and 47 classes, and
/// [`CgPpr`](crate::ppr::CgPpr) needs 0.6 GB more while it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Totoro {
    influence: ClassInfluence,
    /// Z = P²·B: what a node's own influence meets of each class.
    met: ClassInfluence,
    conflict: Conflict,
}

impl Totoro {
    /// The conflicts with the labeled nodes `train`.
    ///
    /// # Errors
    /// As [`ClassInfluence::solve`].
    pub fn solve(
        diffusion: &Diffusion,
        labels: &Labels,
        train: &[u32],
        solver: &dyn PprSolver,
    ) -> Result<Self> {
        let labeled = LabeledSet::new(diffusion.n_nodes(), labels, train)?;
        let influence = ClassInfluence::of(diffusion, &labeled, Seeds::ClassMean, solver)?;
        let n_classes = labeled.n_classes();
        let met = ClassInfluence::spread(diffusion, influence.values(), n_classes, solver)?;
        let pairs = labeled.nodes.iter().zip(&labeled.classes);
        let values = pairs
            .map(|(&node, &class)| foreign(met.row(node), class))
            .collect();
        Ok(Self {
            influence,
            met,
            conflict: Conflict::new(labeled.nodes, values),
        })
    }

    /// G, the influence of each class on each node.
    pub fn influence(&self) -> &ClassInfluence {
        &self.influence
    }

    /// The conflicts of the labeled nodes.
    pub fn conflict(&self) -> &Conflict {
        &self.conflict
    }

    /// The conflict that `node` has if it is of class `class`.
    ///
    /// # Panics
    /// If `node` or `class` is out of range.
    pub fn of(&self, node: u32, class: u32) -> f64 {
        let n_classes = self.met.n_classes();
        assert!((class as usize) < n_classes, "class {class} of {n_classes}");
        foreign(self.met.row(node), class)
    }

    /// The conflict of every node with the class that `labels` give it, `None` where they give none:
    /// `[n_nodes]`.
    ///
    /// # Panics
    /// If `labels` are of more nodes or classes than those of [`Totoro::solve`].
    pub fn of_all(&self, labels: &Labels) -> Vec<Option<f64>> {
        labels
            .classes()
            .iter()
            .enumerate()
            .map(|(node, class)| class.map(|class| self.of(node as u32, class)))
            .collect()
    }
}

/// The sum over all classes but one. Summed as it stands: subtracting the own class from the total
/// would lose small conflicts to rounding.
pub(super) fn foreign(row: &[f64], class: u32) -> f64 {
    let others = row
        .iter()
        .enumerate()
        .filter(|&(other, _)| other != class as usize);
    others.map(|(_, value)| value).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Adjacency;
    use crate::ppr::{CgPpr, DensePpr};

    #[test]
    fn two_nodes_by_hand() {
        // P = [[.575, .425], [.425, .575]], so T is an off-diagonal of P²: 2 · .575 · .425 = .48875.
        let graph = Adjacency::from_edges(2, &[(0, 1)]).unwrap();
        let diffusion = Diffusion::new(&graph, 0.15).unwrap();
        let labels = Labels::complete(&[0, 1]).unwrap();
        let totoro = Totoro::solve(&diffusion, &labels, &[1, 0], &DensePpr).unwrap();
        assert_eq!(totoro.conflict().nodes(), [1, 0]);
        for value in totoro.conflict().values() {
            assert!((value - 0.48875).abs() < 1e-14);
        }
        assert!((totoro.conflict().total() - 0.9775).abs() < 1e-14);
        assert!((totoro.conflict().mean() - 0.48875).abs() < 1e-14);
        assert_eq!(
            totoro.of_all(&labels)[1],
            Some(totoro.conflict().values()[0])
        );
    }

    #[test]
    fn one_labeled_node_has_no_conflict() {
        let graph = Adjacency::from_edges(3, &[(0, 1)]).unwrap();
        let diffusion = Diffusion::new(&graph, 0.15).unwrap();
        let labels = Labels::new(vec![Some(0), None, None], 1).unwrap();
        let totoro = Totoro::solve(&diffusion, &labels, &[0], &CgPpr::default()).unwrap();
        assert_eq!(totoro.conflict().values(), [0.0]);
        assert_eq!(totoro.influence().n_unreached(), 1);
        assert_eq!(totoro.of_all(&labels), [Some(0.0), None, None]);
    }

    /// All classes are foreign to one that there is not.
    #[test]
    #[should_panic(expected = "class 2 of 2")]
    fn classes_that_there_are_not_have_no_conflict() {
        let graph = Adjacency::from_edges(2, &[(0, 1)]).unwrap();
        let diffusion = Diffusion::new(&graph, 0.15).unwrap();
        let labels = Labels::complete(&[0, 1]).unwrap();
        let totoro = Totoro::solve(&diffusion, &labels, &[0, 1], &DensePpr).unwrap();
        totoro.of(0, 2);
    }
}
