//! The influence of each class on each node, which is label propagation.

use super::labeled::LabeledSet;
use crate::Result;
use crate::graph::Labels;
use crate::ppr::{Diffusion, PprSolver};

/// What a labeled node sends out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Seeds {
    /// 1/|C| of its class, so that classes are equally strong however many labels they have: Totoro's
    /// class influence.
    #[default]
    ClassMean,
    /// 1: label propagation as in the paper's section 3.1.
    OneHot,
}

/// P·Y⁰ for the seeds Y⁰ of the labeled nodes: how much of each class arrives at each node.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassInfluence {
    values: Vec<f64>,
    n_classes: usize,
}

impl ClassInfluence {
    /// The influence of the labeled nodes `train`.
    ///
    /// Numbers that rounding brings below zero are set to zero, since no entry of P is negative. Needs
    /// 16 bytes for each node and class besides what the solver needs.
    ///
    /// # Errors
    /// [`Error::EmptyClass`](crate::Error::EmptyClass) where a class has no training node;
    /// [`Error::Core`](crate::Error::Core) where there is none at all, one is out of range, of unknown
    /// class or given twice, or `labels` are those of another graph; else as [`PprSolver::solve`].
    pub fn solve(
        diffusion: &Diffusion,
        labels: &Labels,
        train: &[u32],
        seeds: Seeds,
        solver: &dyn PprSolver,
    ) -> Result<Self> {
        let labeled = LabeledSet::new(diffusion.n_nodes(), labels, train)?;
        Self::of(diffusion, &labeled, seeds, solver)
    }

    pub(super) fn of(
        diffusion: &Diffusion,
        labeled: &LabeledSet,
        seeds: Seeds,
        solver: &dyn PprSolver,
    ) -> Result<Self> {
        let n_classes = labeled.n_classes();
        let mut rhs = vec![0.0; diffusion.n_nodes() * n_classes];
        for (&node, &class) in labeled.nodes.iter().zip(&labeled.classes) {
            rhs[node as usize * n_classes + class as usize] = match seeds {
                Seeds::ClassMean => (labeled.counts[class as usize] as f64).recip(),
                Seeds::OneHot => 1.0,
            };
        }
        Self::spread(diffusion, &rhs, n_classes, solver)
    }

    /// P times `rhs`.
    pub(super) fn spread(
        diffusion: &Diffusion,
        rhs: &[f64],
        n_classes: usize,
        solver: &dyn PprSolver,
    ) -> Result<Self> {
        let mut values = solver.solve(diffusion, rhs, n_classes)?;
        values.iter_mut().for_each(|value| *value = value.max(0.0));
        Ok(Self { values, n_classes })
    }

    /// The influence of each class on each node: `[n_nodes * n_classes]`, rows after one another.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Number of classes.
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// The influence of each class on one node: `[n_classes]`.
    ///
    /// # Panics
    /// If `node` is out of range.
    pub fn row(&self, node: u32) -> &[f64] {
        &self.values[node as usize * self.n_classes..][..self.n_classes]
    }

    /// The class that arrives most strongly at each node, the first of equal ones; `None` where nothing
    /// arrives: `[n_nodes]`.
    ///
    /// Nothing arrives where no path leads to a labeled node, and in theory only there. A solver's
    /// tolerance can hide what is extremely weak.
    pub fn predictions(&self) -> Vec<Option<u32>> {
        self.rows().map(strongest).collect()
    }

    /// The number of nodes at which no class arrives.
    pub fn n_unreached(&self) -> usize {
        self.rows().filter(|row| strongest(row).is_none()).count()
    }

    fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.n_classes)
    }
}

fn strongest(row: &[f64]) -> Option<u32> {
    let mut best = None;
    let mut most = 0.0;
    for (class, &value) in row.iter().enumerate() {
        if value > most {
            (best, most) = (Some(class as u32), value);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Adjacency;
    use crate::ppr::DensePpr;

    #[test]
    fn a_hand_worked_pair_and_an_unreached_node() {
        // An edge with a label of class 1 at node 0, and node 2 alone with one of class 0; node 3 is
        // alone without one. P of the edge is [[.575, .425], [.425, .575]], that of node 2 is 1.
        let graph = Adjacency::from_edges(4, &[(0, 1)]).unwrap();
        let diffusion = Diffusion::new(&graph, 0.15).unwrap();
        let labels = Labels::new(vec![Some(1), None, Some(0), None], 2).unwrap();
        let solve =
            |seeds| ClassInfluence::solve(&diffusion, &labels, &[0, 2], seeds, &DensePpr).unwrap();
        let influence = solve(Seeds::OneHot);
        for (found, expected) in influence
            .values()
            .iter()
            .zip([0.0, 0.575, 0.0, 0.425, 1.0, 0.0, 0.0, 0.0])
        {
            assert!((found - expected).abs() < 1e-14);
        }
        assert_eq!(influence.row(2)[1], 0.0);
        assert_eq!(influence.predictions(), [Some(1), Some(1), Some(0), None]);
        assert_eq!(influence.n_unreached(), 1);
        // One label a class: its mean is itself.
        assert_eq!(influence, solve(Seeds::ClassMean));
    }
}
