//! What the students' accuracies say of the paper's claims.

use anyhow::Result;
use plm_core::metrics::mean_std;

use super::study::{Models, Run, accuracies};
use super::ways::Recipe;
use crate::repro::{Check, Op, Outcome, Row};

/// How the teachers' work is counted.
pub(super) const COUNTING: &str = "Answers of teachers, and `dynamic_selection_saving`, count the texts that are asked about, each time anew: \
     what a teacher is run on that keeps nothing. One that remembers its answers is run on a text once: on every \
     training text where it is asked about all, and on its `forwards` where examples are selected. \
     `dynamic_selection_10pct_minus_labels` is what the student of selected answers gains over labels alone, as \
     a mean over the seeds: without a gain, the share of the accuracy with all answers tells nothing about the \
     teacher.";

/// Adds what the teachers' answers are worth, and the claims.
pub(super) fn check(
    name: &str,
    models: Models<'_>,
    runs: &[Run],
    outcome: &mut Outcome,
) -> Result<()> {
    let mean = |way: &str| -> Result<f64> { Ok(mean_std(&accuracies(runs, way))?.mean) };
    let gains = |way: &str| -> Vec<f64> {
        let gain = |run: &Run| run.accuracy[way] - run.accuracy["labels"];
        runs.iter().map(gain).collect()
    };
    for way in [
        "kd.large",
        "select.random",
        "select.entropy",
        "select.margin",
        "select.confidence",
    ] {
        let id = format!("{name}.{way}");
        let row = Row::over_seeds(id, "gain over labels alone", &gains(way));
        outcome.rows.push(row);
    }
    let relative = mean("select.entropy")? / mean("kd.large")?;
    let answers = |way: &str| runs.iter().map(|run| run.answers[way]).sum::<f64>();
    let saved = answers("kd.large") / answers("select.entropy");
    outcome.rows.push(Row::new(
        format!("{name}.select.entropy"),
        "times fewer answers of the teacher",
        saved,
    ));
    let forwards = |run: &Run| run.memory["select.entropy"].forwards;
    let texts = runs.iter().map(|run| run.texts as f64).sum::<f64>();
    outcome.rows.push(Row::new(
        format!("{name}.select.entropy"),
        "times fewer forwards of a teacher that remembers",
        texts / runs.iter().map(forwards).sum::<f64>(),
    ));
    let prefix = match name {
        "generated" => String::new(),
        other => format!("{other}."),
    };
    let share = "share of the accuracy with all answers";
    let over_labels = mean_std(&gains("select.entropy"))?.mean;
    let kept = match models.recipe {
        Recipe::Ours => {
            let id = format!("{prefix}dynamic_selection_10pct_relative");
            let check = Check::new(id, relative, Op::Ge, 0.95);
            outcome.claim(runs.len(), share, check);
            let id = format!("{prefix}dynamic_selection_saving");
            outcome.checks.push(Check::new(id, saved, Op::Ge, 8.0));
            "10pct"
        }
        // Half of each batch.
        Recipe::Published => {
            let id = format!("{prefix}dynamic_selection_50pct_relative");
            outcome.rows.push(Row::new(id, share, relative));
            "50pct"
        }
    };
    let id = format!("{prefix}dynamic_selection_{kept}_minus_labels");
    let row = Row::new(id, "gain in accuracy", over_labels);
    outcome.rows.push(row);
    let plain = mean_std(&accuracies(runs, "objective.static"))?;
    let gain = mean("objective.uncertainty")? - plain.mean;
    let id = format!("{prefix}uncertainty_objective_not_worse");
    let check = Check::new(id, gain, Op::Ge, -plain.std.unwrap_or(0.0));
    outcome.claim(runs.len(), "gain in accuracy", check);
    let above = models.spaced()?.unmatched;
    if above > 0 {
        outcome.notes.push(format!(
            "{name}: the last {above} layers of the teacher whose hidden states are matched stand beside no layer \
             of the student: its number of layers is no multiple of the student's."
        ));
    }
    Ok(())
}
