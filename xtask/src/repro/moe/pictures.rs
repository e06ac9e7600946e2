//! Plots.

use anyhow::Result;

use super::grid::SHARES;
use super::study::{Run, mean_relative, names};
use crate::report::{Plot, Series};
use crate::repro::Outcome;

/// Adds quality against share, by router and by split, and the distribution of active neurons.
pub(super) fn draw(name: &str, runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let curve = |cell: &str| -> Result<Vec<(f64, f64)>> {
        SHARES
            .iter()
            .map(|&percent| Ok((f64::from(percent), mean_relative(runs, cell, percent)?)))
            .collect()
    };
    let by_router = names(runs)
        .filter_map(|cell| cell.strip_prefix("cluster."))
        .map(|router| Ok(Series::new(router, curve(&format!("cluster.{router}"))?)))
        .collect::<Result<_>>()?;
    outcome.plots.push(Plot::lines(
        &format!("{name}_routers"),
        &format!("{name}: accuracy by router, neurons divided by clustering"),
        "neurons of a token in %",
        "accuracy relative to the dense model",
        by_router,
    ));
    let by_split = names(runs)
        .filter_map(|cell| cell.strip_suffix(".mlp"))
        .map(|split| Ok(Series::new(split, curve(&format!("{split}.mlp"))?)))
        .collect::<Result<_>>()?;
    outcome.plots.push(Plot::lines(
        &format!("{name}_splits"),
        &format!("{name}: accuracy by split, trained router"),
        "neurons of a token in %",
        "accuracy relative to the dense model",
        by_split,
    ));
    let activity = runs[0]
        .layers
        .iter()
        .map(|layer| {
            let points = (0..=60)
                .map(|percent| {
                    let share = f64::from(percent) / 100.0;
                    (f64::from(percent), layer.activity.below(share))
                })
                .collect();
            Series::new(layer.id.to_string(), points)
        })
        .collect();
    outcome.plots.push(Plot::lines(
        &format!("{name}_activity"),
        &format!("{name}: distribution of the share of active neurons, first seed"),
        "active neurons in %",
        "share of tokens below",
        activity,
    ));
    Ok(())
}
