//! Prompts of one model for another, by a projector.

use anyhow::{Result, ensure};
use plm_core::rng::Seed;
use plm_core::text::Padding;
use plm_core::train::{Every, Until};
use plm_prompt::model::PromptModel;
use plm_prompt::projector::{
    DistanceSettings, ProjectedPrompts, ProjectorConfig, PromptProjector, fit_distance,
};
use plm_prompt::tune::{TuneSettings, tune};
use plm_prompt::{
    Choice, EncodedTask, LearningCurve, MeanSpeedUp, PromptMatrix, SpeedUp, Task, TaskSet,
};

use super::lab::{Lab, Prepared};
use super::transfer::{Own, own_prompts};
use crate::repro::{Context, Outcome, Row, Table};

/// A way of filling the target model's slots.
struct Way {
    name: &'static str,
    /// Mean accuracy on tasks of the kind that the projector was trained on, and of other kinds.
    same: f64,
    other: f64,
}

/// All of one seed.
pub(super) struct Run {
    ways: Vec<Way>,
    speed_up: SpeedUp,
}

/// A model with the prompts that it was tuned for.
pub(super) struct Side<'l> {
    lab: &'l Lab,
    tasks: Vec<Prepared>,
    own: Vec<Own>,
}

impl<'l> Side<'l> {
    /// Tunes a prompt for each of `tasks` on the model of `lab`.
    pub(super) fn of(context: &Context, lab: &'l Lab, tasks: &[Task], seed: Seed) -> Result<Self> {
        let tasks: Vec<Prepared> = tasks
            .iter()
            .map(|task| lab.prepare(task))
            .collect::<Result<_>>()?;
        let own = own_prompts(context, lab, &tasks, seed)?;
        Ok(Self { lab, tasks, own })
    }
}

/// Steps of a projector's training through the target model.
const STEPS: u64 = 300;

/// Projects prompts of `from` to `to`: trained on all but the last task of `kind`, used on that one and
/// on tasks of other kinds.
pub(super) fn run(
    context: &Context,
    from: &Side<'_>,
    to: &Side<'_>,
    kind: &str,
    seed: Seed,
) -> Result<Run> {
    let (sources, targets) = (&from.own, &to.own);
    let (here, to) = (&to.tasks, to.lab);
    let (members, others): (Vec<usize>, Vec<usize>) =
        (0..here.len()).partition(|&task| here[task].label.kind == kind);
    ensure!(members.len() > 2, "fewer than three tasks of kind `{kind}`");
    let (held, known) = (members[members.len() - 1], &members[..members.len() - 1]);
    let pick = |own: &[Own], places: &[usize]| -> Vec<PromptMatrix> {
        places
            .iter()
            .map(|&place| own[place].prompt.clone())
            .collect()
    };
    let config = ProjectorConfig::new(to.recipe.slots, from.lab.model.width(), to.model.width());
    let new = |name: &str| PromptProjector::new(&config, seed.child(name), &to.device);
    let distance = DistanceSettings {
        lr: 1e-3,
        steps: 500,
        seed,
    };
    let (near, _) = fit_distance(
        PromptProjector::new(
            &ProjectorConfig {
                normalize: false,
                ..config
            },
            seed.child("distance"),
            &to.device,
        )?,
        &pick(sources, known),
        &pick(targets, known),
        &distance,
    )?;
    let tuned = task_tuned(to, new("task")?, here, known, &pick(sources, known), seed)?;
    let untrained = new("untrained")?;
    let mut ways = Vec::new();
    let mut add = |name, prompts: &dyn Fn(usize) -> Result<PromptMatrix>| -> Result<()> {
        let score = |place: usize| to.score_of(&here[place], &prompts(place)?);
        let rest = others.iter().map(|&place| score(place));
        let rest = rest.collect::<Result<Vec<f64>>>()?;
        ways.push(Way {
            name,
            same: score(held)?,
            other: rest.iter().sum::<f64>() / rest.len() as f64,
        });
        Ok(())
    };
    let through = |projector: &PromptProjector, place: usize| -> Result<PromptMatrix> {
        let own = std::slice::from_ref(&sources[place].prompt);
        Ok(projector.project(own)?.remove(0))
    };
    add("own", &|place| Ok(targets[place].prompt.clone()))?;
    add("untrained", &|place| {
        to.start(seed.child(&here[place].label.name))
    })?;
    add("untrained_projector", &|place| through(&untrained, place))?;
    add("distance", &|place| through(&near, place))?;
    add("task_tuning", &|place| through(&tuned, place))?;
    // The projected prompt as a beginning.
    let bar = context.progress.bar(1, "begun with a projection");
    let own = seed.child(&here[held].label.name);
    let begun = to.tuned(&here[held], &through(&tuned, held)?, own, &bar)?;
    let curve = LearningCurve::new(begun.curve)?;
    Ok(Run {
        ways,
        speed_up: SpeedUp::new(&targets[held].curve, &curve),
    })
}

/// A projector trained through the target model on the tasks at `known`.
fn task_tuned(
    lab: &Lab,
    projector: PromptProjector,
    tasks: &[Prepared],
    known: &[usize],
    sources: &[PromptMatrix],
    seed: Seed,
) -> Result<PromptProjector> {
    let encoded: Vec<EncodedTask> = known
        .iter()
        .map(|&task| tasks[task].encoded.clone())
        .collect();
    let padding = Padding::of(&lab.tokenizer)?;
    let set = TaskSet::new(&encoded, Choice::Shared, padding)?;
    let settings = TuneSettings {
        until: Until::Steps(STEPS),
        evaluate: Every::Never,
        seed,
        ..TuneSettings::projector()
    };
    let source = ProjectedPrompts::new(projector, sources)?;
    let found = tune(&lab.model, source, &set, None, &settings, None)?;
    Ok(found.source.projector)
}

/// Adds figures and a table.
pub(super) fn report(name: &str, runs: &[Run], outcome: &mut Outcome) {
    let mut table = Vec::new();
    for (place, way) in runs[0].ways.iter().enumerate() {
        let collect = |pick: fn(&Way) -> f64| -> Vec<f64> {
            runs.iter().map(|run| pick(&run.ways[place])).collect()
        };
        let (same, other) = (collect(|way| way.same), collect(|way| way.other));
        for (kind, values) in [("same_type", &same), ("different_type", &other)] {
            let id = format!("{name}.{}.{kind}", way.name);
            outcome
                .rows
                .push(Row::over_seeds(id, "mean accuracy", values));
        }
        let mean = |values: &[f64]| {
            crate::report::number(values.iter().sum::<f64>() / values.len() as f64)
        };
        table.push(vec![way.name.to_owned(), mean(&same), mean(&other)]);
    }
    let speed: MeanSpeedUp = runs.iter().map(|run| run.speed_up).collect();
    for (id, mean) in [
        ("convergence", speed.convergence),
        ("comparable_result", speed.comparable_result),
    ] {
        let id = format!("{name}.begun.{id}");
        if let Some(value) = mean.mean {
            outcome.rows.push(Row::new(&id, "mean speed-up", value));
        }
        let undefined = mean.undefined as f64;
        let metric = "seeds without a speed-up";
        outcome.rows.push(Row::new(&id, metric, undefined));
    }
    outcome.tables.push(Table {
        title: format!("{name}: accuracy of the target model"),
        columns: [
            "prompt",
            "unseen task of the trained type",
            "tasks of other types",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: table,
    });
}
