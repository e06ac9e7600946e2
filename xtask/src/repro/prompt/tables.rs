//! Tables of tasks and of pairs of tasks.

use super::study::{Run, mean_of};
use super::transfer::Begun;
use crate::repro::Table;

/// Accuracies task by task, means over seeds.
pub(super) fn by_task(name: &str, runs: &[Run]) -> Table {
    let rows = runs[0].labels.iter().enumerate().map(|(place, label)| {
        let mean = |figure: &dyn Fn(&Run) -> f64| {
            crate::report::number(mean_of(runs, |run| Some(figure(run))))
        };
        vec![
            label.name.clone(),
            label.kind.clone(),
            mean(&|run| run.majority[place]),
            mean(&|run| run.matrix.random().map_or(f64::NAN, |random| random[place])),
            mean(&|run| run.own[place].score),
        ]
    });
    Table {
        title: format!("{name}: accuracy by task"),
        columns: [
            "task",
            "type",
            "most frequent class",
            "random prompt",
            "own prompt",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: rows.collect(),
    }
}

/// Speed-ups pair by pair, means over seeds.
pub(super) fn by_pair(name: &str, runs: &[Run]) -> Table {
    let labels = &runs[0].labels;
    let rows = runs[0].begun.iter().enumerate().map(|(place, first)| {
        let mean = |figure: &dyn Fn(&Begun) -> Option<f64>| {
            crate::report::number(mean_of(runs, |run| figure(&run.begun[place])))
        };
        vec![
            labels[first.target].name.clone(),
            labels[first.source].name.clone(),
            mean(&|begun| begun.speed_up.convergence),
            mean(&|begun| begun.speed_up.comparable_result),
            mean(&|begun| Some(begun.score)),
            crate::report::number(mean_of(runs, |run| {
                Some(run.own[run.begun[place].target].score)
            })),
        ]
    });
    Table {
        title: format!("{name}: tuning that begins with another task's prompt"),
        columns: [
            "target",
            "source",
            "convergence speed-up",
            "comparable-result speed-up",
            "accuracy",
            "accuracy of plain tuning",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: rows.collect(),
    }
}
