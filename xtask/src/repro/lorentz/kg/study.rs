//! One graph, and what training on it gives.

use anyhow::Result;
use plm_core::rng::Seed;

use crate::repro::{Context, Outcome, Row};
use plm_lorentz::data::kg::{KnowledgeGraph, KnownTails};
use plm_lorentz::task::kg::{
    CompletionConfig, CompletionTables, DeviceLearner, EntityGeometry, EpochReport, HostLearner,
    RankingScores, fit, rank,
};

/// A graph with its reciprocal triples.
pub(super) struct Study {
    pub(super) graph: KnowledgeGraph,
    pub(super) known: KnownTails,
}

/// What one seed gave.
pub(super) struct Run {
    pub(super) test: RankingScores,
    pub(super) best_epoch: u64,
    pub(super) epochs: Vec<EpochReport>,
    /// The ranks of the test triples.
    pub(super) ranks: Vec<f64>,
}

impl Run {
    /// Seconds of an epoch without and of an evaluation.
    pub(super) fn seconds(&self) -> [f64; 2] {
        let training = self.epochs.iter().map(|epoch| epoch.training.as_secs_f64());
        let evaluated = self.epochs.iter().filter(|epoch| epoch.valid.is_some());
        let evaluation = evaluated
            .clone()
            .map(|epoch| epoch.evaluation.as_secs_f64());
        [
            training.sum::<f64>() / self.epochs.len() as f64,
            evaluation.sum::<f64>() / evaluated.count() as f64,
        ]
    }
}

impl Study {
    /// That of `graph`, whose reciprocals are added.
    pub(super) fn new(graph: &KnowledgeGraph) -> Self {
        let graph = graph.with_reciprocals();
        Self {
            known: KnownTails::new(graph.all()),
            graph,
        }
    }

    /// New parameters.
    pub(super) fn tables(
        &self,
        config: &CompletionConfig,
        seed: Seed,
    ) -> Result<CompletionTables<f32>> {
        let (entities, relations) = (self.graph.entities().len(), self.graph.relations().len());
        Ok(CompletionTables::new(config, entities, relations, seed)?)
    }

    /// Trains, chooses an epoch by the validation triples and ranks the test triples.
    pub(super) fn run(
        &self,
        context: &Context,
        label: &str,
        config: &CompletionConfig,
        seed: Seed,
    ) -> Result<Run> {
        let bar = context.progress.bar(config.epochs, label);
        let tables = self.tables(config, seed.child("init"))?;
        let seed = seed.child("fit");
        let tick = |_: &EpochReport| bar.inc(1);
        let fit = if on_host(context) || config.geometry == EntityGeometry::Euclidean {
            let mut learner = HostLearner::new(*config, tables)?;
            fit(&mut learner, &self.graph, config, seed, tick)?
        } else {
            let device = plm_core::device::parse(&context.device)?;
            let mut learner = DeviceLearner::new(*config, &tables, &device)?;
            fit(&mut learner, &self.graph, config, seed, tick)?
        };
        let ranks = rank(&fit.tables, self.graph.test(), &self.known)?;
        Ok(Run {
            test: RankingScores::of(&ranks)?,
            best_epoch: fit.best_epoch,
            epochs: fit.epochs,
            ranks,
        })
    }
}

/// Whether the run's device is a CPU, where the closed form is faster than automatic differentiation.
fn on_host(context: &Context) -> bool {
    matches!(context.device.as_str(), "flex" | "ndarray")
}

/// Says which models were trained where, unless all were on the CPU.
pub(super) fn note_device(context: &Context, outcome: &mut Outcome) {
    if on_host(context) {
        return;
    }
    outcome.notes.push(format!(
        "Knowledge graphs: Lorentz models were trained on `{}` by automatic differentiation, their Euclidean \
         twins on the CPU in closed form, so that seconds cannot be compared.",
        context.device
    ));
}

/// A measure's name and its published figure.
pub(super) type Published = (&'static str, f64, &'static str);

/// Adds the measures of the test triples over the runs, beside the published ones.
pub(super) fn scores(id: &str, runs: &[Run], published: &[Published], outcome: &mut Outcome) {
    for (at, name) in ["MRR", "H@1", "H@3", "H@10"].into_iter().enumerate() {
        let values: Vec<f64> = runs
            .iter()
            .map(|Run { test, .. }| [test.mrr, test.hits_1, test.hits_3, test.hits_10][at])
            .collect();
        let mut row = Row::over_seeds(id, name, &values);
        if let Some((_, figure, source)) = published.iter().find(|(other, ..)| *other == name) {
            row = row.published(*figure, *source);
        }
        outcome.rows.push(row);
    }
}
