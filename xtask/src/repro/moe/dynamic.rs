//! A number of experts that depends on the token (D2DMoE): a predicted output norm decides.

use anyhow::{Context as _, Result};
use plm_moe::{Capture, Policy, expert_selection, with_experts};

use super::grid::Cell;
use super::study::mean;
use super::task::Task;
use crate::report::Series;
use crate::repro::{Outcome, Row, Table};

/// The thresholds that are tried: an expert is chosen whose predicted norm is at least `1 - tau` times
/// the token's largest.
const TAUS: [f64; 4] = [0.5, 0.7, 0.8, 0.9];

/// What one threshold gave.
pub(super) struct Point {
    tau: f64,
    /// Experts of a token, relative to all of them, mean over layers and tokens of test texts.
    share: f64,
    /// Accuracy relative to the dense model's.
    relative: f64,
}

/// Measures every threshold with the layers of `cell`, whose router predicts norms; experts are counted
/// over the rows of `fresh`, and `dense` is the dense model's accuracy.
pub(super) fn measure(task: &Task, fresh: &Capture, cell: &Cell, dense: f64) -> Result<Vec<Point>> {
    let mut points = Vec::new();
    for tau in TAUS {
        let mut layers = cell.layers.clone();
        let mut share = 0.0;
        for (id, layer) in &mut layers {
            layer.policy = Policy::Max { tau };
            let inputs = fresh.layer(*id)?;
            let chosen = expert_selection(layer, inputs)?.pairs();
            let all = inputs.tokens() * layer.partition.experts();
            share += chosen as f64 / all as f64;
        }
        let share = share / layers.len() as f64;
        let relative = task.accuracy(&with_experts(task.model.model.clone(), &layers))? / dense;
        points.push(Point {
            tau,
            share,
            relative,
        });
    }
    Ok(points)
}

/// Adds rows and a table of the runs of the task called `name`; the curve of accuracy against the share
/// of experts, in percent.
///
/// Where nothing was measured, nothing is added.
pub(super) fn report(
    name: &str,
    runs: &[&[Point]],
    outcome: &mut Outcome,
) -> Result<Option<Series>> {
    if runs.iter().any(|points| points.is_empty()) {
        return Ok(None);
    }
    let (mut curve, mut rows) = (Vec::new(), Vec::new());
    for (place, tau) in TAUS.into_iter().enumerate() {
        let points: Vec<&Point> = runs
            .iter()
            .map(|points| points.get(place).filter(|point| point.tau == tau))
            .collect::<Option<_>>()
            .with_context(|| format!("threshold {tau} was not measured"))?;
        let relative: Vec<f64> = points.iter().map(|point| point.relative).collect();
        let id = format!("{name}.cluster.contribution.tau{tau}");
        let row = Row::over_seeds(id, "relative accuracy", &relative);
        let share = mean(points.iter().map(|point| point.share));
        curve.push((100.0 * share, row.ours));
        rows.push(vec![
            format!("{tau}"),
            format!("{share:.3}"),
            format!("{:.4}", row.ours),
        ]);
        outcome.rows.push(row);
    }
    outcome.tables.push(Table {
        title: format!("{name}: experts by token (dynamic k), clusters, router of output norms"),
        columns: ["tau", "experts of a token, share", "relative accuracy"]
            .map(str::to_owned)
            .into(),
        rows,
    });
    Ok(Some(Series::new("contribution, dynamic k", curve)))
}
