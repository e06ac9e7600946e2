//! The paper's recipe on SciERC: SciBERT, or another encoder of the store.

use anyhow::Result;

use super::lab::{Defaults, Lab};
use super::sets::Set;
use super::study::Ways;
use super::{real, relations, report};
use crate::repro::{Context, Outcome};

/// The authors' scripts for SciERC. Their windows have 512 tokens for entities and 256 for relations;
/// here both have as many as `length` says. Their steps have 8 rows: of PL-Marker a sentence's spans, or one
/// of a sentence's three subjects or none. Here all models take the rows of 8 sentences, or of 2, so that
/// none takes more steps than another.
const PUBLISHED: Defaults = Defaults {
    length: 256,
    width: 8,
    limit: 256,
    objects: 16,
    sentences: [8, 2],
    epochs: 50,
    lr: 2e-5,
    head_lr: 0.0,
    relation_epochs: 10,
};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let folder = context.folder("model")?;
    let lab = Lab::load(context, &folder, PUBLISHED)?;
    let ways = Ways::of(
        context,
        "plmarker,levitated,token_concat,tagger",
        "plmarker,no_entity_head,typed_markers,solid_pair,solid_pair_plain,levitated_pair,token_concat",
    )?;
    let sets: String = context.settings.get("sets", "scierc".to_owned())?;
    for set in sets.split(',').filter(|set| !set.is_empty()) {
        let set = Set::find(set)?;
        real::one(context, &lab, set, &ways, (0, 0), &mut outcome)?;
    }
    outcome.notes.push(format!(
        "Encoder {} with {} layers on all sentences. Steps are the rows of so many sentences for every \
         model (`batch`, `relation_batch`), about the 8 rows of PL-Marker in the authors' scripts; theirs are 8 \
         rows of any model, 32 pairs for PURE. {} {} ACE04, ACE05, OntoNotes and CoNLL-2003 are not free \
         and left out; so is ALBERT, which plm-core does not have. The last model is taken where the authors \
         take the best on the development set.",
        folder.file_name().unwrap_or_default().display(),
        lab.layers(),
        relations::TYPES_NOTE,
        report::COUNTING_NOTE,
    ));
    Ok(outcome)
}
