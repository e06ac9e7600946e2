//! Tables.

use anyhow::Result;

use super::grid;
use super::study::{Run, names};
use crate::repro::Table;

/// Capture and recall of every split and router, mean over layers and seeds: of sums of neuron values for
/// all, of the sizes of outputs besides for the router that predicts those.
pub(super) fn quality(name: &str, runs: &[Run]) -> Result<Table> {
    let mut rows = Vec::new();
    for cell in names(runs) {
        let (mut covered, mut norms) = (Vec::new(), Vec::new());
        for run in runs {
            let own = grid::find(&run.cells, cell)?;
            covered.extend_from_slice(&own.covered);
            norms.extend_from_slice(&own.norms);
        }
        let (split, router) = cell.split_once('.').unwrap_or((cell, ""));
        let mut row = vec![split.to_owned(), router.to_owned()];
        for own in [covered, norms] {
            let mean = grid::average(&own);
            row.extend([mean.capture, mean.recall].map(|value| {
                if own.is_empty() {
                    "–".to_owned()
                } else {
                    format!("{value:.4}")
                }
            }));
        }
        rows.push(row);
    }
    Ok(Table {
        title: format!("{name}: captured contributions and recall with 20 % of the experts"),
        columns: [
            "split",
            "router",
            "capture",
            "recall",
            "capture of norms",
            "recall of norms",
        ]
        .map(str::to_owned)
        .into(),
        rows,
    })
}

/// What is known of each layer, for the first seed.
pub(super) fn layers(name: &str, run: &Run) -> Table {
    let rows = run
        .layers
        .iter()
        .enumerate()
        .map(|(place, layer)| {
            let capture = |cell: &str| {
                grid::find(&run.cells, cell).map_or("–".to_owned(), |cell| {
                    format!("{:.4}", cell.covered[place].capture)
                })
            };
            vec![
                layer.id.to_string(),
                format!("{:.4}", layer.activity.mean()),
                format!("{:.4}", layer.activity.below(0.1)),
                capture("cluster.similarity"),
                capture("cluster.mlp"),
                capture("cluster.groundtruth"),
                format!("{:.3}", layer.load.gini()),
                layer.load.unused().to_string(),
            ]
        })
        .collect();
    Table {
        title: format!("{name}: layers, clusters of 32 neurons, first seed"),
        columns: [
            "layer",
            "active neurons",
            "tokens below 10 %",
            "capture: similarity",
            "MLP",
            "groundtruth",
            "load: Gini",
            "unused experts",
        ]
        .map(str::to_owned)
        .into(),
        rows,
    }
}
