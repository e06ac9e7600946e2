//! What must hold exactly.

use anyhow::Result;
use plm_backdoor::Sample;
use plm_backdoor::attack::Poison;
use plm_backdoor::model::{RowPatch, Victim, poison_rows};
use plm_core::rng::Seed;
use plm_core::train::checksum;

use super::lab::Lab;
use super::problem::{Problem, TARGET};
use crate::repro::{Check, Outcome};

/// Adds the checks of invariants, on a victim trained on clean texts.
pub(super) fn check(
    lab: &Lab,
    problem: &Problem,
    clean: &Victim,
    seed: Seed,
    outcome: &mut Outcome,
) -> Result<()> {
    let plan = Poison::embedding(&problem.words.trigger, TARGET, seed);
    let set = plan.run(&problem.train)?;
    let replayed = set.manifest.replay(&problem.train)? == set.samples;
    outcome
        .checks
        .push(Check::fact("manifest_replays_exactly", replayed));
    let samples: Vec<Sample> = set.samples.into_iter().map(|made| made.sample).collect();
    let (patch, _) = poison_rows(clean, &[&problem.words.trigger], &samples, &lab.rows)?;
    let table = "encoder.embeddings.word.weight";
    let mut model = clean.model.clone();
    let old = patch.apply(&mut model)?;
    let others = checksum(&model, |info| info.path != table)
        == checksum(&clean.model, |info| info.path != table);
    // With the old row back the whole table must be as it was.
    let changed = RowPatch::of(&model, &patch.ids)? == patch && patch != old;
    old.apply(&mut model)?;
    let reverted = checksum(&model, |_| true) == checksum(&clean.model, |_| true);
    outcome.checks.push(Check::fact(
        "only_rows_changed",
        others && changed && reverted,
    ));
    outcome
        .checks
        .push(Check::fact("patch_revert_bit_equal", reverted));
    Ok(())
}
