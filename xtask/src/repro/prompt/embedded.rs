//! The tier that needs nothing but the repository.

use std::collections::BTreeMap;

use anyhow::Result;
use plm_core::rng::Seed;
use plm_prompt::Task;

use super::lab::{Lab, Recipe};
use super::{exact, study};
use crate::repro::tasks::{Shots, generated};
use crate::repro::{Context, Outcome};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let lab = lab(context)?;
    exact::check(context, &lab, &mut outcome)?;
    let kinds: usize = context.settings.get("kinds", 6)?;
    let kept: usize = context.settings.get("tasks_per_kind", 2)?;
    let shots = shots(context)?;
    let mut runs = Vec::new();
    for &number in &context.seeds {
        let seed = Seed::new(number);
        let tasks = of_each_kind(generated(seed, shots), kinds, kept);
        runs.push(study::run(context, &lab, &tasks, seed)?);
    }
    study::report("generated", &runs, &mut outcome)?;
    study::check(&runs, &mut outcome);
    outcome.notes.push(format!(
        "Prompts of {} slots on plm-mini, {} steps of {} examples, learning rate {}; the development \
         set is scored every {} steps.",
        lab.recipe.slots, lab.recipe.steps, lab.recipe.batch, lab.recipe.lr, lab.recipe.every,
    ));
    Ok(outcome)
}

/// plm-mini with the recipe of this tier.
pub(in crate::repro) fn lab(context: &Context) -> Result<Lab> {
    let recipe = Recipe {
        slots: context.settings.get("slots", 8)?,
        steps: context.settings.get("steps", 50)?,
        every: 5,
        batch: context.settings.get("batch", 8)?,
        lr: context.settings.get("lr", 0.02)?,
        max_tokens: 64,
    };
    Lab::load(
        &context.root.join("models/plm-mini"),
        recipe,
        &context.device,
    )
}

/// Examples of a class.
pub(in crate::repro) fn shots(context: &Context) -> Result<Shots> {
    Ok(Shots {
        train: context.settings.get("shots", 32)?,
        dev: 16,
        test: context.settings.get("test", 24)?,
    })
}

/// The first `count` tasks of each of the first `kinds` kinds.
pub(in crate::repro) fn of_each_kind(tasks: Vec<Task>, kinds: usize, count: usize) -> Vec<Task> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    tasks
        .into_iter()
        .filter(|task| {
            if !seen.contains_key(&task.kind) && seen.len() == kinds {
                return false;
            }
            let number = seen.entry(task.kind.clone()).or_default();
            *number += 1;
            *number <= count
        })
        .collect()
}
