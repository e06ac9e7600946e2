//! What must hold whatever is learned.

use anyhow::Result;
use plm_core::metrics::{RankTies, filtered_rank};
use plm_core::rng::Seed;

use super::study::Study;
use crate::repro::bounds::worse;
use crate::repro::{Check, Context, Op, Outcome, Row};
use plm_lorentz::data::kg::Triple;
use plm_lorentz::task::kg::{
    Batch, CompletionConfig, CompletionLearner, DeviceLearner, HostLearner, NegativeSampler, rank,
};

/// Steps that both learners take.
const STEPS: u64 = 5;
/// How far two sums of the same score in single precision may be apart: far more than rounding, far less than
/// most neighbors are.
const SCORE_GAP: f64 = 1e-4;

/// Adds the checks that the closed form and automatic differentiation take the same steps, that entities
/// stay on the hyperboloid, and that ranks by products of matrices are those of scores one by one.
pub(super) fn check(
    context: &Context,
    study: &Study,
    config: &CompletionConfig,
    outcome: &mut Outcome,
) -> Result<()> {
    let seed = Seed::new(context.seeds[0]).child("exact");
    let graph = &study.graph;
    let start = study.tables(config, seed)?;
    let device = plm_core::device::parse(&context.device)?;
    let mut host = HostLearner::new(*config, start.clone())?;
    let mut other = DeviceLearner::new(*config, &start, &device)?;
    let sampler = NegativeSampler::new(graph, config.negative_filter, config.negatives)?;
    let size = config.batch_size.min(graph.train().len());
    for step in 0..STEPS {
        let batch = Batch::new(&graph.train()[..size], &sampler, seed.at(step));
        host.step(&batch)?;
        other.step(&batch)?;
    }
    let (found, expected) = (host.tables()?, other.tables()?);
    let mut gap = 0.0;
    for (found, expected) in [
        (&found.entities, &expected.entities),
        (&found.relation_weights, &expected.relation_weights),
        (&found.tail_biases, &expected.tail_biases),
    ] {
        for (found, expected) in found.iter().zip(expected) {
            gap = worse(gap, f64::from((found - expected).abs()));
        }
    }
    let check = Check::new("kg_closed_form_gap", gap, Op::Le, 1e-3);
    outcome.checks.push(check);

    let residual = found.entities.chunks(found.d_model).map(|point| {
        let square: f32 = point[1..].iter().map(|x| x * x).sum();
        f64::from((1.0 + square - point[0] * point[0]).abs() / (point[0] * point[0]))
    });
    let residual = residual.fold(0.0, worse);
    outcome.checks.push(Check::new(
        "kg_entities_on_manifold",
        residual,
        Op::Le,
        1e-5,
    ));

    let triples = &graph.valid()[..graph.valid().len().min(100)];
    let ranks = rank(&found, triples, &study.known)?;
    let entities = graph.entities().len() as u32;
    let (mut different, mut bounded) = (0_u32, 0_u32);
    for (triple, rank) in triples.iter().zip(ranks) {
        let score = |tail| f64::from(found.score(Triple { tail, ..*triple }));
        let mut scores: Vec<f64> = (0..entities).map(score).collect();
        let known = study.known.of(triple.head, triple.relation);
        let mut known: Vec<usize> = known.iter().map(|tail| *tail as usize).collect();
        known.push(triple.head as usize);
        let target = triple.tail as usize;
        // Sums in another order may swap entities that are as good as tied.
        let own = scores[target];
        let mut with = |shift: f64| {
            scores[target] = own + shift;
            filtered_rank(&scores, target, &known, RankTies::Pessimistic)
        };
        let (best, worst) = (with(SCORE_GAP)?, with(-SCORE_GAP)?);
        different += u32::from(rank < best - 0.5 || rank > worst + 0.5);
        bounded += u32::from(worst - best < 0.5);
    }
    outcome.checks.push(Check::new(
        "kg_ranks_off_reference",
        f64::from(different),
        Op::Le,
        0.0,
    ));
    outcome.rows.push(Row::new(
        "kg.exact.ranks",
        "share of ranks that no near tie leaves open",
        f64::from(bounded) / triples.len() as f64,
    ));
    Ok(())
}
