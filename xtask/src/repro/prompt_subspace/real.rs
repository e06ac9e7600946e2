//! The tier on real tasks.

use anyhow::{Result, ensure};

use super::embedded::plan;
use super::{report, study};
use crate::repro::prompt::{real_lab, real_tasks};
use crate::repro::tasks::Shots;
use crate::repro::{Context, Outcome};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let lab = real_lab(context)?;
    let plan = plan(context, &lab, 3)?;
    let kept: usize = context.settings.get("tasks_per_kind", 3)?;
    let shots = Shots {
        train: context.settings.get("shots", 32)?,
        dev: 16,
        test: context.settings.get("test", 16)?,
    };
    let runs = study::over_seeds(context, &lab, &plan, |seed| {
        let tasks = real_tasks(context, shots, kept, seed, &mut outcome)?;
        ensure!(tasks.len() > plan.unseen, "too few tasks in the store");
        Ok(tasks)
    })?;
    report::report("real", &runs, &mut outcome)?;
    report::check(&runs, &mut outcome)?;
    outcome.notes.push(
        "Few of these tasks are learnt by a prompt on so small a model; the recovered gain compares means \
         over all tasks, also over those that are not learnt."
            .to_owned(),
    );
    Ok(outcome)
}
