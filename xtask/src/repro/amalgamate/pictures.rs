//! Plots.

use anyhow::Result;
use plm_core::metrics::mean_std;

use super::study::{Run, accuracies};
use crate::report::{BarGroup, Plot, Series};
use crate::repro::Outcome;
use crate::repro::distill::by_uncertainty;

/// Most labels whose teachers are drawn.
const LABELS: usize = 30;

/// Adds accuracies, the choice of teachers, and correctness against uncertainty.
pub(super) fn draw(name: &str, runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let mut groups = Vec::new();
    for method in runs[0].accuracy.keys() {
        let summary = mean_std(&accuracies(runs, method))?;
        groups.push(BarGroup {
            name: method.clone(),
            values: vec![summary.mean],
            errors: vec![summary.std.unwrap_or(0.0)],
        });
    }
    outcome.plots.push(Plot::bars(
        &format!("{name}_accuracy"),
        &format!("{name}: test accuracy over the union of labels"),
        "accuracy",
        vec!["accuracy".to_owned()],
        groups,
    ));
    let choice = &runs[0].choice;
    let shown = choice.len().min(LABELS);
    outcome.plots.push(Plot::heat(
        &format!("{name}_choice"),
        &format!("{name}: mean weight of teachers by label, first seed"),
        (
            "teacher",
            (0..choice[0].len())
                .map(|teacher| teacher.to_string())
                .collect(),
        ),
        ("label", (0..shown).map(|label| label.to_string()).collect()),
        choice[..shown].to_vec(),
    ));
    outcome.plots.push(Plot::lines(
        &format!("{name}_uncertainty"),
        &format!("{name}: how often the teacher that knows a text's label is right"),
        "its uncertainty (entropy / ln classes)",
        "accuracy",
        vec![Series::new(
            "test texts in groups of equal size",
            by_uncertainty(runs.iter().flat_map(|run| run.certainty.clone()).collect()),
        )],
    ));
    Ok(())
}
