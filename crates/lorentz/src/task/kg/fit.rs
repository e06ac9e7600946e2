//! The training loop.

use std::time::{Duration, Instant};

use plm_core::rng::Seed;
use plm_core::train::{EarlyStopping, Goal};
use rand::seq::SliceRandom;

use super::batch::Batch;
use super::config::CompletionConfig;
use super::negatives::NegativeSampler;
use super::ranking::{RankingScores, rank};
use super::real::Real;
use super::tables::CompletionTables;
use crate::Result;
use crate::data::kg::{KnowledgeGraph, KnownTails, Triple};

/// What can be trained by steps.
pub trait CompletionLearner {
    /// The type of its numbers.
    type Number: Real;

    /// One update from a batch; returns the loss before it.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where the loss is not finite.
    ///
    /// # Panics
    /// Where the batch names an entity or a relation that the parameters lack.
    fn step(&mut self, batch: &Batch) -> Result<f64>;

    /// The parameters as they are now.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where they cannot be read.
    fn tables(&self) -> Result<CompletionTables<Self::Number>>;
}

/// What one epoch gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochReport {
    /// Its number, from 1.
    pub epoch: u64,
    /// Mean of its batches' losses.
    pub loss: f64,
    /// Of the validation triples, where this epoch was evaluated.
    pub valid: Option<RankingScores>,
    /// Time of training.
    pub training: Duration,
    /// Time of evaluation.
    pub evaluation: Duration,
}

/// A trained model.
#[derive(Debug, Clone)]
pub struct Fit<T> {
    /// The parameters of the best epoch.
    pub tables: CompletionTables<T>,
    /// That epoch's number.
    pub best_epoch: u64,
    /// Its scores of the validation triples.
    pub valid: RankingScores,
    /// All epochs.
    pub epochs: Vec<EpochReport>,
}

/// Trains `learner` on the training triples of `graph` and keeps the epoch with the best mean reciprocal
/// rank of the validation triples, filtered by all splits. The last epoch is always evaluated.
///
/// `graph` should have its [reciprocals](KnowledgeGraph::with_reciprocals): only tails are predicted.
/// `observe` gets each epoch as it ends.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) naming the setting that is out of its limits or contradicts the
/// learner's tables, where these are not of the graph's entities and relations, where there is nothing to
/// validate with or no negative is left, and where the loss stops being finite.
pub fn fit<L: CompletionLearner>(
    learner: &mut L,
    graph: &KnowledgeGraph,
    config: &CompletionConfig,
    seed: Seed,
    mut observe: impl FnMut(&EpochReport),
) -> Result<Fit<L::Number>> {
    config.check()?;
    let tables = learner.tables()?;
    tables.check()?;
    tables.check_settings(config)?;
    tables.check_graph(graph)?;
    drop(tables);
    if graph.valid().is_empty() {
        return Err(plm_core::Error::invalid("valid", "has no triples").into());
    }
    let sampler = NegativeSampler::new(graph, config.negative_filter, config.negatives)?;
    let known = KnownTails::new(graph.all());
    let mut triples = graph.train().to_vec();
    let mut stopping = EarlyStopping::new(Goal::Maximize, 0.0, config.patience);
    let mut best = None;
    let mut epochs = Vec::new();
    for epoch in 1..=config.epochs {
        let start = Instant::now();
        let loss = train_epoch(learner, &mut triples, &sampler, config, seed.at(epoch))?;
        let mut report = EpochReport {
            epoch,
            loss,
            valid: None,
            training: start.elapsed(),
            evaluation: Duration::ZERO,
        };
        if epoch % config.evaluate_every == 0 || epoch == config.epochs {
            let start = Instant::now();
            let tables = learner.tables()?;
            let valid = RankingScores::of(&rank(&tables, graph.valid(), &known)?)?;
            report.valid = Some(valid);
            report.evaluation = start.elapsed();
            if stopping.observe(epoch, valid.mrr) {
                best = Some((tables, epoch, valid));
            }
        }
        observe(&report);
        epochs.push(report);
        if stopping.exhausted() {
            break;
        }
    }
    let Some((tables, best_epoch, valid)) = best else {
        unreachable!("the last epoch is evaluated, and a mean reciprocal rank is a number");
    };
    Ok(Fit {
        tables,
        best_epoch,
        valid,
        epochs,
    })
}

/// One pass over `triples` in a new order; returns the mean loss.
fn train_epoch<L: CompletionLearner>(
    learner: &mut L,
    triples: &mut [Triple],
    sampler: &NegativeSampler,
    config: &CompletionConfig,
    seed: Seed,
) -> Result<f64> {
    triples.shuffle(&mut seed.stream("order"));
    let size = config.batch_size.min(triples.len());
    let (mut total, mut count) = (0.0, 0);
    for (at, triples) in triples.chunks_exact(size).enumerate() {
        let seed = seed.child("negatives").at(at as u64);
        total += learner.step(&Batch::new(triples, sampler, seed))?;
        count += 1;
    }
    Ok(total / f64::from(count))
}
