//! Tests of the parts together, and what they share.

mod learning;
mod ranking;
mod reference;
mod saving;

use plm_core::rng::Seed;
use rand::RngExt;

use super::config::{CompletionConfig, EntityGeometry, NegativeFilter};
use super::{Batch, CompletionTables, NegativeSampler, Real};
use crate::data::kg::{KnowledgeGraph, Triple};

const ENTITIES: usize = 300;
const RELATIONS: usize = 5;

/// Random triples, all of them to train on but the last ones.
fn graph(seed: u64) -> KnowledgeGraph {
    let mut rng = Seed::new(seed).stream("graph");
    let mut triples = |count: usize| -> Vec<Triple> {
        (0..count)
            .map(|_| Triple {
                head: rng.random_range(0..ENTITIES as u32),
                relation: rng.random_range(0..RELATIONS as u32 - 1),
                tail: rng.random_range(0..ENTITIES as u32),
            })
            .collect()
    };
    let splits = [triples(400), triples(50), triples(50)];
    let names = |count: usize| (0..count).map(|i| i.to_string()).collect();
    KnowledgeGraph::new(names(ENTITIES), names(RELATIONS), splits).unwrap()
}

fn config(geometry: EntityGeometry) -> CompletionConfig {
    CompletionConfig {
        geometry,
        d_model: 7,
        // Scores near 0, so that no sigmoid is saturated.
        margin: 4.0,
        batch_size: 150,
        negatives: 4,
        ..CompletionConfig::default()
    }
}

/// Parameters that are nowhere zero.
fn tables<T: Real>(config: &CompletionConfig, seed: u64) -> CompletionTables<T> {
    let seed = Seed::new(seed);
    let mut tables = CompletionTables::new(config, ENTITIES, RELATIONS, seed).unwrap();
    let mut rng = seed.stream("biases");
    let mut draw = |scale: f64| T::narrow(scale * (rng.random::<f64>() * 2.0 - 1.0));
    tables.relation_weights.fill_with(|| draw(0.5));
    tables.relation_biases.fill_with(|| draw(0.3));
    tables.head_biases.fill_with(|| draw(0.3));
    tables.tail_biases.fill_with(|| draw(0.3));
    tables
}

fn batch(graph: &KnowledgeGraph, config: &CompletionConfig, seed: u64) -> Batch {
    let sampler = NegativeSampler::new(graph, NegativeFilter::Train, config.negatives).unwrap();
    let start = seed as usize * 7;
    let triples = &graph.train()[start..start + config.batch_size];
    Batch::new(triples, &sampler, Seed::new(seed))
}

/// All numbers, in double precision.
fn all<T: Real>(tables: &CompletionTables<T>) -> [Vec<f64>; 5] {
    [
        &tables.entities,
        &tables.relation_weights,
        &tables.relation_biases,
        &tables.head_biases,
        &tables.tail_biases,
    ]
    .map(|table| table.iter().map(|x| x.widen()).collect())
}
