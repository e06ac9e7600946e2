//! The tier that needs nothing but the repository.

use anyhow::Result;
use plm_core::rng::Seed;

use super::report;
use super::search::Recipe;
use super::study::{self, Plan};
use crate::repro::prompt::lab::Lab;
use crate::repro::prompt::{embedded_lab, embedded_shots, of_each_kind};
use crate::repro::tasks::generated;
use crate::repro::{Context, Outcome};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let lab = embedded_lab(context)?;
    let plan = plan(context, &lab, 1)?;
    let shots = embedded_shots(context)?;
    let kinds: usize = context.settings.get("kinds", 6)?;
    let kept: usize = context.settings.get("tasks_per_kind", 3)?;
    let runs = study::over_seeds(context, &lab, &plan, |seed| {
        Ok(of_each_kind(generated(Seed::new(seed), shots), kinds, kept))
    })?;
    report::report("generated", &runs, &mut outcome)?;
    report::check(&runs, &mut outcome)?;
    outcome.notes.push(format!(
        "Prompts of {} slots and {} numbers on plm-mini. The subspace is searched with the prompts of all \
         tasks but {} unseen ones, drawn with the seed, one of a kind: others of their kinds are among those \
         that the search sees.",
        lab.recipe.slots,
        lab.recipe.slots * plm_prompt::model::PromptModel::width(&lab.model),
        plan.unseen
    ));
    Ok(outcome)
}

/// What both tiers run, with `runs` inside a subspace for each unseen task where nothing else is set. A
/// point of a subspace is tuned for as many steps as a prompt.
pub(super) fn plan(context: &Context, lab: &Lab, runs: usize) -> Result<Plan> {
    Ok(Plan {
        recipe: Recipe {
            prefit_steps: context.settings.get("prefit_steps", 800)?,
            steps: context.settings.get("search_steps", 100)?,
            batch: context.settings.get("search_batch", 24)?,
            lr: context.settings.get("search_lr", 2e-3)?,
            alpha: context.settings.get("alpha", 1.0)?,
            hidden: context.settings.get("hidden", 256)?,
            inside_lr: context.settings.get("inside_lr", 0.3)?,
            inside_steps: context.settings.get("inside_steps", lab.recipe.steps)?,
        },
        unseen: context.settings.get("unseen", 4)?,
        seen: context.settings.get("seen", 3)?,
        runs: context.settings.get("runs", runs)?,
        repeated: 3,
    })
}
