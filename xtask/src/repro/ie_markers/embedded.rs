//! The tier that needs nothing but the repository.

use anyhow::{Context as _, Result, ensure};
use plm_core::rng::Seed;
use plm_ie_markers::labels::{LabelSet, RelationSpace};

use super::lab::{Defaults, Lab};
use super::sentences::{SYMMETRIC, sentences};
use super::study::{self, Problem, Ways};
use super::{entities, exact, relations, report, round_trips};
use crate::repro::{Context, Outcome};

const DEFAULTS: Defaults = Defaults {
    length: 64,
    width: 3,
    limit: 256,
    objects: 32,
    sentences: [4, 4],
    epochs: 4,
    lr: 1e-3,
    head_lr: 2e-3,
    relation_epochs: 4,
};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let whole = Lab::load(context, &context.root.join("models/plm-mini"), DEFAULTS)?;
    let lab = whole
        .clone()
        .with_layers(context.settings.get("layers", 2)?)?;
    let ways = Ways::of(
        context,
        "plmarker,levitated,token_concat,tagger",
        "plmarker,typed_markers,solid_pair,levitated_pair,token_concat",
    )?;
    let needed = [relations::Way::PlMarker, relations::Way::TokenConcat];
    ensure!(
        ways.entities.contains(&entities::Way::PlMarker)
            && needed.iter().all(|way| ways.relations.contains(way)),
        "the checks need plmarker in entity_ways, and plmarker and token_concat in relation_ways"
    );
    let mut runs = Vec::new();
    for (index, &number) in context.seeds.iter().enumerate() {
        let seed = Seed::new(number);
        let problem = problem(context, seed)?;
        if index == 0 {
            exact::check(&whole, &problem, seed, &mut outcome)?;
        }
        runs.push(study::run(
            context,
            &lab,
            "generated",
            &problem,
            &ways,
            seed,
        )?);
    }
    let found = runs[0].relations.get(&relations::Way::PlMarker);
    let found = found.context("no plmarker among the relations")?;
    round_trips::round_trip(context, &found.predicted, &mut outcome)?;
    report::report("generated", &runs, &[], &mut outcome)?;
    report::check(&runs, &mut outcome);
    outcome.notes.push(format!(
        "Sentences of one clause or two, every word one token of plm-mini: entities in each other, places that \
         are teams, names of people or places, relations told from both sides. Models are the first {} layers of \
         plm-mini with {} epochs for entities and {} for relations; all take as many steps of as many sentences. \
         A tagger cannot learn what lies inside of an entity. Ent, Rel and Rel+ of relations are between the \
         entities that the first model of entities found. {} {}",
        lab.layers(),
        lab.epochs()[0],
        lab.epochs()[1],
        relations::TYPES_NOTE,
        report::COUNTING_NOTE,
    ));
    outcome.notes.push(
        "The exact checks run on all layers of plm-mini. Differences of states are in units of the largest \
         number of the tensor where that is above 1, those of gradients in units of the largest gradient of \
         the encoder or of the head. `sentences a second` are test sentences by the time of prediction, with \
         tokenization and decoding."
            .to_owned(),
    );
    Ok(outcome)
}

/// Generated sentences for training and test.
fn problem(context: &Context, seed: Seed) -> Result<Problem> {
    let train = sentences(
        context.settings.get("texts", 120)?,
        seed.child("train"),
        &[],
    );
    let test = sentences(
        context.settings.get("test", 80)?,
        seed.child("test"),
        &train,
    );
    let all = [&train[..], &test[..]].concat();
    Ok(Problem {
        labels: LabelSet::from_documents(&all)?,
        space: RelationSpace::from_documents(&all, SYMMETRIC)?,
        train,
        test,
    })
}
