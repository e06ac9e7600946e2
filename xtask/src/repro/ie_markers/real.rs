//! The tier on a real model and public data.

use anyhow::Result;
use plm_core::rng::Seed;

use super::lab::{Defaults, Lab};
use super::sets::Set;
use super::study::{self, Ways};
use super::{relations, report};
use crate::repro::{Context, Outcome};

const DEFAULTS: Defaults = Defaults {
    length: 64,
    width: 8,
    limit: 256,
    objects: 32,
    sentences: [4, 4],
    epochs: 6,
    lr: 5e-4,
    head_lr: 2e-3,
    relation_epochs: 6,
};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let lab = Lab::load(context, &context.store.dir("minilm-l6")?, DEFAULTS)?;
    let lab = lab.with_layers(context.settings.get("layers", 0)?)?;
    let ways = Ways::of(
        context,
        "plmarker,token_concat,tagger",
        "plmarker,typed_markers,solid_pair,solid_pair_plain,levitated_pair,token_concat",
    )?;
    let texts: usize = context.settings.get("texts", 150)?;
    let test: usize = context.settings.get("test", 100)?;
    let sets: String = context.settings.get("sets", "scierc,wnut17".to_owned())?;
    let names: Vec<&str> = sets.split(',').filter(|name| !name.is_empty()).collect();
    for name in &names {
        let set = Set::find(name)?;
        one(context, &lab, set, &ways, (texts, test), &mut outcome)?;
    }
    outcome.notes.push(format!(
        "The encoder is MiniLM-L6 (22.7 M parameters), with {} layers; the published figures are of SciBERT \
         (110 M) on all sentences. Here about {texts} training and {test} test sentences are drawn anew for each \
         seed (0: all), {} epochs for entities and {} for relations; every model takes as many steps of as \
         many sentences. The last model is taken, none is chosen on held-out data. {} {}",
        lab.layers(),
        lab.epochs()[0],
        lab.epochs()[1],
        relations::TYPES_NOTE,
        report::COUNTING_NOTE,
    ));
    outcome.notes.push(
        "Ent, Rel and Rel+ of relations are between the entities that the first model of entities found. \
         `sentences a second` are test sentences by the time of prediction, with tokenization and decoding."
            .to_owned(),
    );
    if names.contains(&"bc5cdr") {
        let note = "BC5CDR has one type for chemicals and diseases in this copy.";
        outcome.notes.push(note.to_owned());
    }
    Ok(outcome)
}

/// Runs `set` with each seed, and reports it.
pub(super) fn one(
    context: &Context,
    lab: &Lab,
    set: &Set,
    ways: &Ways,
    sizes: (usize, usize),
    outcome: &mut Outcome,
) -> Result<()> {
    let mut lab = lab.clone();
    lab.entities.overlaps = set.overlaps;
    let corpora = set.read(&context.store)?;
    for (part, corpus) in ["train", "test"].into_iter().zip(&corpora) {
        outcome
            .notes
            .push(format!("{}, {part}: {}", set.name, corpus.report));
    }
    let mut runs = Vec::new();
    for &number in &context.seeds {
        let seed = Seed::new(number);
        let problem = set.problem(&corpora, sizes, seed)?;
        runs.push(study::run(context, &lab, set.name, &problem, ways, seed)?);
    }
    report::report(set.name, &runs, set.published, outcome)?;
    let id = format!("{}_plmarker_re_f1_minus_token_concat", set.name);
    report::claim_gain(&id, &runs, outcome);
    Ok(())
}
