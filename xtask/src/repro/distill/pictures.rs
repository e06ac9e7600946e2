//! Plots.

use anyhow::Result;
use plm_core::metrics::mean_std;

use super::study::{Run, accuracies};
use crate::report::{BarGroup, Plot, Series};
use crate::repro::Outcome;

/// Groups of equally many texts by uncertainty.
const BINS: usize = 8;

/// Adds accuracies as bars, and accuracy against uncertainty.
pub(super) fn draw(name: &str, runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let mut groups = Vec::new();
    for way in runs[0].accuracy.keys() {
        let summary = mean_std(&accuracies(runs, way))?;
        groups.push(BarGroup {
            name: way.clone(),
            values: vec![summary.mean],
            errors: vec![summary.std.unwrap_or(0.0)],
        });
    }
    outcome.plots.push(Plot::bars(
        &format!("{name}_accuracy"),
        &format!("{name}: test accuracy of teachers and students"),
        "accuracy",
        vec!["accuracy".to_owned()],
        groups,
    ));
    let points = by_uncertainty(runs.iter().flat_map(|run| run.certainty.clone()).collect());
    outcome.plots.push(Plot::lines(
        &format!("{name}_uncertainty"),
        &format!("{name}: how often a distilled student is right, by its uncertainty"),
        "uncertainty (entropy / ln classes)",
        "accuracy",
        vec![Series::new("test texts in groups of equal size", points)],
    ));
    Ok(())
}

/// Mean uncertainty and share of right answers of groups of texts.
pub(in crate::repro) fn by_uncertainty(mut texts: Vec<(f64, bool)>) -> Vec<(f64, f64)> {
    texts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let size = texts.len().div_ceil(BINS).max(1);
    texts
        .chunks(size)
        .map(|texts| {
            let count = texts.len() as f64;
            let uncertainty = texts.iter().map(|text| text.0).sum::<f64>() / count;
            let right = texts.iter().filter(|text| text.1).count() as f64;
            (uncertainty, right / count)
        })
        .collect()
}
