//! The tier on real tasks.

use anyhow::{Result, ensure};
use plm_core::rng::Seed;

use super::embedded::plan;
use super::study;
use crate::repro::prompt::{of_each_kind, real_lab};
use crate::repro::tasks::{Shots, real};
use crate::repro::{Context, Outcome};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let lab = real_lab(context)?;
    let plan = plan(context)?;
    let kept: usize = context.settings.get("tasks_per_kind", 3)?;
    let shots = Shots {
        train: context.settings.get("shots", 32)?,
        dev: 16,
        test: context.settings.get("test", 16)?,
    };
    let mut runs = Vec::new();
    for (number, &seed) in context.seeds.iter().enumerate() {
        let (tasks, missing) = real(context.store.root(), Seed::new(seed), shots)?;
        if number == 0 && !missing.is_empty() {
            let note = format!("Left out: {}.", missing.join("; "));
            outcome.notes.push(note);
        }
        let tasks = of_each_kind(tasks, usize::MAX, kept);
        ensure!(tasks.len() > plan.unseen, "too few tasks in the store");
        let dimensions: &[usize] = if number == 0 {
            &[2, 5, 10, 50, 100]
        } else {
            &[2, 10]
        };
        runs.push(study::run(
            context,
            &lab,
            &tasks,
            &plan,
            dimensions,
            Seed::new(seed),
        )?);
    }
    study::report("real", &runs, &mut outcome)?;
    study::check_random(&runs, &mut outcome)?;
    outcome.notes.push(
        "Few of these tasks are learnt by a prompt on so small a model; the recovered gain counts only \
         tasks that are."
            .to_owned(),
    );
    Ok(outcome)
}
