//! What must hold exactly.

use std::path::Path;

use anyhow::Result;
use plm_backdoor::Sample;
use plm_backdoor::attack::{Attack, Poison, PoisonedSet, Sos};
use plm_backdoor::defense::rap::{RapSettings, construct};
use plm_backdoor::manifest::Manifest;
use plm_backdoor::model::{RowPatch, RowScaling, RowSettings, Victim, poison_rows};
use plm_core::rng::Seed;
use plm_core::train::checksum;

use super::lab::Lab;
use super::problem::{Problem, TARGET, texts};
use crate::repro::{Check, Outcome};

/// Adds the checks of invariants, on a victim trained on clean texts; the manifest goes to `folder`.
pub(super) fn check(
    lab: &Lab,
    problem: &Problem,
    clean: &Victim,
    seed: Seed,
    folder: &Path,
    outcome: &mut Outcome,
) -> Result<()> {
    let words = &problem.words;
    let plan = Poison::embedding(&words.trigger, TARGET, seed);
    let set = plan.run(&problem.train)?;
    let path = folder.join("exact.json");
    set.manifest.write(&path)?;
    let read = Manifest::read(&path)?;
    let replayed = read.replay(&problem.train)? == set.samples;
    outcome
        .checks
        .push(Check::fact("manifest_replays_exactly", replayed));

    let (embedding, _) = poison_rows(clean, &[&words.trigger], &samples(set), &lab.rows)?;
    let plan = Sos {
        ratio: lab.rows_ratio,
        negative_ratio: lab.rows_ratio,
        ..Sos::new(&words.several, TARGET, seed)
    };
    let set = Attack::Sos(plan).run(&problem.train)?;
    let triggers: Vec<&str> = words.several.iter().map(String::as_str).collect();
    // One epoch changes every row.
    let rows = RowSettings {
        scaling: RowScaling::Smallest,
        epochs: 1,
        ..lab.rows
    };
    let (several, _) = poison_rows(clean, &triggers, &samples(set), &rows)?;
    let settings = RapSettings {
        words: words.perturbations[..1].to_vec(),
        target: TARGET,
        rows: RowSettings {
            epochs: 1,
            ..lab.rap.rows
        },
        ..lab.rap.clone()
    };
    let made = construct(clean, &texts(&problem.validation, true), &settings)?;

    let (mut only, mut reverts) = (true, true);
    for patch in [embedding, several, made.patch] {
        let (changes, reverted) = applied(clean, &patch)?;
        only &= changes && reverted;
        reverts &= reverted;
    }
    outcome.checks.push(Check::fact("only_rows_changed", only));
    outcome
        .checks
        .push(Check::fact("patch_revert_bit_equal", reverts));
    Ok(())
}

fn samples(set: PoisonedSet) -> Vec<Sample> {
    set.samples.into_iter().map(|made| made.sample).collect()
}

/// Whether `patch` puts its rows, all of them new, into the word table and changes no other weight; and whether with
/// the old rows back the whole model is as it was, so that no other row had changed.
fn applied(clean: &Victim, patch: &RowPatch) -> Result<(bool, bool)> {
    let table = "encoder.embeddings.word.weight";
    let mut model = clean.model.clone();
    let old = patch.apply(&mut model)?;
    let others = checksum(&model, |info| info.path != table)
        == checksum(&clean.model, |info| info.path != table);
    let put = RowPatch::of(&model, &patch.ids)? == *patch;
    let mut pairs = patch.rows.iter().zip(&old.rows);
    let new = pairs.all(|(new, old)| new != old);
    old.apply(&mut model)?;
    let reverted = checksum(&model, |_| true) == checksum(&clean.model, |_| true);
    Ok((others && put && new, reverted))
}
