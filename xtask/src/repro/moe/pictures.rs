//! Plots.

use anyhow::Result;

use super::grid::SHARES;
use super::study::{Run, mean_relative, names};
use crate::report::{Plot, Series};
use crate::repro::Outcome;

/// Adds quality against share, by router for each split and by split for the trained router, the distribution
/// of active neurons, and which experts are active together. `by_token` is the curve of clusters whose number
/// depends on the token.
pub(super) fn draw(
    name: &str,
    runs: &[Run],
    by_token: Option<Series>,
    outcome: &mut Outcome,
) -> Result<()> {
    let curve = |cell: &str| -> Result<Vec<(f64, f64)>> {
        SHARES
            .iter()
            .map(|&percent| Ok((f64::from(percent), mean_relative(runs, cell, percent)?)))
            .collect()
    };
    for (split, _) in &runs[0].together {
        let mut by_router: Vec<Series> = names(runs)
            .filter_map(|cell| cell.strip_prefix(*split)?.strip_prefix('.'))
            .map(|router| Ok(Series::new(router, curve(&format!("{split}.{router}"))?)))
            .collect::<Result<_>>()?;
        if *split == "cluster" {
            by_router.extend(by_token.clone());
        }
        outcome.plots.push(Plot::lines(
            &format!("{name}_{split}_routers"),
            &format!("{name}: accuracy by router, split {split}"),
            "neurons of a token in %",
            "accuracy relative to the dense model",
            by_router,
        ));
    }
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
    let clusters = (runs[0].together.iter()).find(|(split, _)| *split == "cluster");
    let first = clusters.and_then(|(_, layers)| layers.first());
    let Some((layer, together)) = runs[0].layers.first().zip(first) else {
        return Ok(());
    };
    let experts: Vec<String> = (0..layer.load.counts.len())
        .map(|expert| expert.to_string())
        .collect();
    outcome.plots.push(Plot::heat(
        &format!("{name}_together"),
        &format!(
            "{name}: share of tokens with active neurons of both experts, {}, first seed",
            layer.id
        ),
        ("expert", experts.clone()),
        ("expert", experts),
        together.rates().map(<[f64]>::to_vec).collect(),
    ));
    Ok(())
}
