//! The tier on the authors' released prompts, real tasks and a second model.

use anyhow::{Result, ensure};
use plm_core::models::{EncoderForMaskedLM, Pretrained};
use plm_core::rng::Seed;
use plm_prompt::Task;

use super::embedded::of_each_kind;
use super::lab::{Lab, Recipe};
use super::projection::Side;
use super::{exact, projection, released, study};
use crate::repro::tasks::{Shots, generated, real};
use crate::repro::{Context, Outcome};

/// Kinds that plm-mini learns by a prompt, so that a projector has something to carry over.
const PROJECTED: [&str; 4] = ["sentiment", "topic", "gender", "tense"];

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    released::check(context, &mut outcome)?;
    let lab = lab(context)?;
    exact::check(context, &lab, &mut outcome)?;
    let shots = Shots {
        train: context.settings.get("shots", 32)?,
        dev: 16,
        test: context.settings.get("test", 16)?,
    };
    let kept: usize = context.settings.get("tasks_per_kind", 2)?;
    let mut runs = Vec::new();
    for &number in &context.seeds {
        let tasks = tasks(context, shots, kept, number, &mut outcome)?;
        ensure!(tasks.len() > 1, "fewer than two tasks in the store");
        runs.push(study::run(context, &lab, &tasks, Seed::new(number))?);
    }
    study::report("real", &runs, &mut outcome)?;
    project(context, &lab, &mut outcome)?;
    outcome.notes.push(format!(
        "plm-mini, prompts of {} slots, {} steps of {} examples; texts cut to 64 tokens. The development set \
         is scored every {} steps, so that speed-ups are known on this grid only. Test examples are drawn \
         evenly from the classes, so accuracies are not those of official test sets.",
        lab.recipe.slots, lab.recipe.steps, lab.recipe.batch, lab.recipe.every
    ));
    Ok(outcome)
}

/// The first `kept` real tasks of each kind; with the first seed a note says what is missing.
pub(in crate::repro) fn tasks(
    context: &Context,
    shots: Shots,
    kept: usize,
    number: u64,
    outcome: &mut Outcome,
) -> Result<Vec<Task>> {
    let (tasks, missing) = real(context.store.root(), Seed::new(number), shots)?;
    if number == context.seeds[0] && !missing.is_empty() {
        let note = format!("Left out: {}.", missing.join("; "));
        outcome.notes.push(note);
    }
    Ok(of_each_kind(tasks, usize::MAX, kept))
}

/// plm-mini with the recipe of this tier.
pub(in crate::repro) fn lab(context: &Context) -> Result<Lab> {
    let recipe = Recipe {
        slots: context.settings.get("slots", 16)?,
        steps: context.settings.get("steps", 60)?,
        every: 10,
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

/// Projectors from BERT-tiny to plm-mini and back, on generated tasks: both vocabularies have their
/// label words.
fn project(context: &Context, mini: &Lab, outcome: &mut Outcome) -> Result<()> {
    let device = plm_core::device::parse(&context.device)?;
    let folder = context.store.dir("bert-tiny")?;
    let tiny = Pretrained::<EncoderForMaskedLM>::load(folder, &device)?;
    let tiny = Lab::of(tiny, mini.recipe, device)?;
    let shots = Shots {
        train: 32,
        dev: 16,
        test: 24,
    };
    let (mut there, mut back) = (Vec::new(), Vec::new());
    for &number in &context.seeds {
        let seed = Seed::new(number);
        let tasks: Vec<Task> = of_each_kind(generated(seed, shots), usize::MAX, 3)
            .into_iter()
            .filter(|task| PROJECTED.contains(&task.kind.as_str()))
            .collect();
        let tiny = Side::of(context, &tiny, &tasks, seed)?;
        let mini = Side::of(context, mini, &tasks, seed)?;
        there.push(projection::run(context, &tiny, &mini, "sentiment", seed)?);
        back.push(projection::run(context, &mini, &tiny, "sentiment", seed)?);
    }
    projection::report("bert_tiny_to_mini", &there, outcome);
    projection::report("mini_to_bert_tiny", &back, outcome);
    Ok(())
}
