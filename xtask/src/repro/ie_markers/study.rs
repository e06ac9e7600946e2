//! All ways on one data set and seed.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use plm_core::rng::Seed;
use plm_ie_markers::data::Document;
use plm_ie_markers::labels::{LabelSet, RelationSpace};

use super::lab::Lab;
use super::{entities, relations};
use crate::repro::Context;

/// A data set.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) train: Vec<Document>,
    pub(super) test: Vec<Document>,
    /// The entity types.
    pub(super) labels: LabelSet,
    /// The relations.
    pub(super) space: RelationSpace,
}

/// The ways that are tried.
#[derive(Debug, Clone)]
pub(super) struct Ways {
    pub(super) entities: Vec<entities::Way>,
    pub(super) relations: Vec<relations::Way>,
}

impl Ways {
    /// Those that the settings name.
    pub(super) fn of(context: &Context, entities: &str, relations: &str) -> Result<Self> {
        let settings = &context.settings;
        let entities: String = settings.get("entity_ways", entities.to_owned())?;
        let relations: String = settings.get("relation_ways", relations.to_owned())?;
        ensure!(!entities.is_empty(), "entity_ways=: name at least one");
        Ok(Self {
            entities: entities::Way::list(&entities)?,
            relations: relations::Way::list(&relations)?,
        })
    }
}

/// Those of `all` that `names` lists, with commas between them; `what` is what they are ways to do.
pub(super) fn listed<W: Copy>(
    names: &str,
    all: &[W],
    name: fn(W) -> &'static str,
    what: &str,
) -> Result<Vec<W>> {
    let find = |wanted: &str| {
        let found = all.iter().copied().find(|&way| name(way) == wanted);
        found.with_context(|| {
            let all: Vec<&str> = all.iter().map(|&way| name(way)).collect();
            format!(
                "`{wanted}` is no way to {what}; there are: {}",
                all.join(", ")
            )
        })
    };
    let names = names.split(',').filter(|name| !name.is_empty());
    names.map(find).collect()
}

/// What one seed gave.
pub(super) struct Run {
    pub(super) test: Vec<Document>,
    /// The relations.
    pub(super) space: RelationSpace,
    pub(super) entities: BTreeMap<entities::Way, entities::Found>,
    pub(super) relations: BTreeMap<relations::Way, relations::Found>,
}

/// Trains and tries all `ways`. Every model of relations gets the entities that the first way finds.
pub(super) fn run(
    context: &Context,
    lab: &Lab,
    name: &str,
    problem: &Problem,
    ways: &Ways,
    seed: Seed,
) -> Result<Run> {
    let related = !problem.space.labels().is_empty();
    let count = ways.entities.len() + if related { ways.relations.len() } else { 0 };
    let label = format!("{name}, seed {}", seed.value());
    let bar = context.progress.bar(count as u64, &label);
    let mut run = Run {
        test: problem.test.clone(),
        space: problem.space.clone(),
        entities: BTreeMap::new(),
        relations: BTreeMap::new(),
    };
    for &way in &ways.entities {
        let found = entities::run(lab, way, problem, seed.child("entities"))?;
        run.entities.insert(way, found);
        bar.inc(1);
    }
    if !related {
        return Ok(run);
    }
    let first = ways.entities.first().and_then(|way| run.entities.get(way));
    let first = first.context("no way to find entities is named")?;
    for &way in &ways.relations {
        let seed = seed.child("relations");
        let found = relations::run(lab, way, problem, &first.predicted, seed)?;
        run.relations.insert(way, found);
        bar.inc(1);
    }
    Ok(run)
}
