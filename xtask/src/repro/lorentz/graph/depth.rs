//! How deep Lorentz networks can be, with and without residual connections, beside Euclidean ones.

use anyhow::Result;
use burn::tensor::Device;
use plm_core::metrics::mean_std;
use plm_core::rng::Seed;

use super::lab::{Budget, Nodes, deep};
use crate::report::{Plot, Series};
use crate::repro::{Context, Outcome, Row};

/// Runs node classification with networks of `layers` layers, the head included, and gives the mean F1
/// of the deepest Lorentz network without and with residual connections. The Euclidean twin has none.
pub(super) fn study(
    context: &Context,
    outcome: &mut Outcome,
    problem: &Nodes<'_>,
    layers: &[usize],
    budget: Budget,
    seeds: &[u64],
    device: &Device,
) -> Result<[f64; 2]> {
    let mut deepest = [f64::NAN; 3];
    let mut lines = Vec::new();
    let total = 3 * layers.len() * seeds.len() * budget.epochs;
    let bar = context.progress.bar(total as u64, "depth");
    for (at, name) in ["plain", "residual", "euclid"].into_iter().enumerate() {
        let mut points = Vec::new();
        for &count in layers {
            let mut values = Vec::new();
            for &number in seeds {
                let seed = Seed::new(number).child("depth");
                let run = match name {
                    "euclid" => problem.euclid(count - 1, budget, seed, device, &bar)?,
                    _ => {
                        let change = deep(count - 1, name == "residual");
                        problem.lorentz(change, budget, seed, device, &bar)?
                    }
                };
                values.push(run.test.f1);
            }
            let id = format!("graph.depth.{name}.layers{count}");
            outcome.rows.push(Row::over_seeds(id, "F1", &values));
            deepest[at] = mean_std(&values)?.mean;
            points.push((count as f64, deepest[at]));
        }
        lines.push(Series::new(name, points));
    }
    outcome.plots.push(Plot::lines(
        "graph_depth",
        "Node classification by the depth of the network",
        "layers",
        "F1",
        lines,
    ));
    let [plain, residual, _] = deepest;
    Ok([plain, residual])
}
