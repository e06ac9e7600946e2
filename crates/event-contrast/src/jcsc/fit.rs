//! The search over numbers of clusters and rounds of constraints.

use rayon::prelude::*;
use serde::Serialize;

use super::{Jcsc, Links, ObjectiveOn, clustering_objective, constrained};
use crate::cluster::{Similarity, SpectralEmbedding};
use crate::{Error, Result};

/// The objective of one clustering that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct JcscStep {
    /// The number of trigger clusters.
    pub trigger_clusters: usize,
    /// The number of argument clusters.
    pub argument_clusters: usize,
    /// The round of constraints; 0 is without.
    pub iteration: usize,
    /// The objective, lower is better.
    pub objective: f64,
}

/// The best clustering of triggers and arguments.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JcscFit {
    /// The cluster of each trigger, numbered in the order in which they first occur.
    pub trigger_labels: Vec<usize>,
    /// The cluster of each argument, numbered likewise.
    pub argument_labels: Vec<usize>,
    /// Where it was found.
    pub best: JcscStep,
    /// Everything that was tried, in order. Rounds after one that changed nothing are left out:
    /// they would repeat it.
    pub steps: Vec<JcscStep>,
}

/// What all cells of the grid share.
struct Base<'a> {
    triggers: &'a Similarity,
    arguments: &'a Similarity,
    links: &'a Links,
    trigger_embedding: SpectralEmbedding,
    argument_embedding: SpectralEmbedding,
}

/// A clustering and its objective.
struct Candidate {
    triggers: Vec<usize>,
    arguments: Vec<usize>,
    step: JcscStep,
}

impl Jcsc {
    /// Clusters triggers and arguments together.
    ///
    /// For each pair of numbers of clusters both sides are clustered by themselves, then in each
    /// round again by their similarities plus what the other side's clusters say
    /// ([`constrained`]), triggers first. The clustering with the least objective is kept, the
    /// first among equals. The pairs are worked on over all threads, with about five tables of
    /// similarities for each thread; the result does not depend on their number.
    ///
    /// # Errors
    /// [`Error::Core`] where `links` are between other numbers of items, a number of clusters is 0
    /// or exceeds the number of items, or a setting of the clustering is out of range.
    pub fn fit(
        &self,
        triggers: &Similarity,
        arguments: &Similarity,
        links: &Links,
    ) -> Result<JcscFit> {
        let linked = (links.of_triggers().len(), links.of_arguments().len());
        if linked != (triggers.n(), arguments.n()) {
            return Err(Error::invalid(
                "links",
                format!(
                    "between {} triggers and {} arguments, similarities for {} and {}",
                    linked.0,
                    linked.1,
                    triggers.n(),
                    arguments.n()
                ),
            ));
        }
        self.check(triggers.n(), arguments.n())?;
        let base = Base {
            triggers,
            arguments,
            links,
            trigger_embedding: self
                .spectral
                .embed(triggers, *self.trigger_clusters.end())?,
            argument_embedding: self
                .spectral
                .embed(arguments, *self.argument_clusters.end())?,
        };
        let grid: Vec<(usize, usize)> = self
            .trigger_clusters
            .clone()
            .flat_map(|k_t| self.argument_clusters.clone().map(move |k_a| (k_t, k_a)))
            .collect();
        let cells: Vec<(Candidate, Vec<JcscStep>)> = grid
            .into_par_iter()
            .map(|(k_t, k_a)| self.cell(&base, k_t, k_a))
            .collect::<Result<_>>()?;
        let steps = cells.iter().flat_map(|cell| &cell.1).copied().collect();
        let best = cells
            .into_iter()
            .map(|cell| cell.0)
            .reduce(better)
            .ok_or_else(|| Error::invalid("numbers of clusters", "none to try"))?;
        Ok(JcscFit {
            trigger_labels: best.triggers,
            argument_labels: best.arguments,
            best: best.step,
            steps,
        })
    }

    /// The best of all rounds for one pair of numbers of clusters, and all rounds.
    fn cell(&self, base: &Base<'_>, k_t: usize, k_a: usize) -> Result<(Candidate, Vec<JcscStep>)> {
        let candidate =
            |triggers: &[usize], arguments: &[usize], iteration, on: [&Similarity; 2]| {
                let objective = clustering_objective(triggers, on[0])?
                    + clustering_objective(arguments, on[1])?;
                Ok::<_, Error>(Candidate {
                    triggers: triggers.to_vec(),
                    arguments: arguments.to_vec(),
                    step: JcscStep {
                        trigger_clusters: k_t,
                        argument_clusters: k_a,
                        iteration,
                        objective,
                    },
                })
            };
        let plain = [base.triggers, base.arguments];
        let mut triggers = self.spectral.cluster(&base.trigger_embedding, k_t)?;
        let mut arguments = self.spectral.cluster(&base.argument_embedding, k_a)?;
        let mut best = candidate(&triggers, &arguments, 0, plain)?;
        let mut steps = vec![best.step];
        let mut before = None;
        for iteration in 1..=self.iterations {
            // A round depends on the arguments' clusters only, so equal ones give equal rounds.
            if before.as_ref() == Some(&arguments) {
                break;
            }
            let by_arguments = constrained(base.triggers, base.links.of_triggers(), &arguments)?;
            triggers = self.spectral.fit(&by_arguments, k_t)?;
            let by_triggers = constrained(base.arguments, base.links.of_arguments(), &triggers)?;
            let next_arguments = self.spectral.fit(&by_triggers, k_a)?;
            before = Some(std::mem::replace(&mut arguments, next_arguments));
            let on = match self.objective_on {
                ObjectiveOn::Base => plain,
                ObjectiveOn::Updated => [&by_arguments, &by_triggers],
            };
            let next = candidate(&triggers, &arguments, iteration, on)?;
            steps.push(next.step);
            best = better(best, next);
        }
        Ok((best, steps))
    }
}

fn better(a: Candidate, b: Candidate) -> Candidate {
    if b.step.objective < a.step.objective {
        b
    } else {
        a
    }
}
