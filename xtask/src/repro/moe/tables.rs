//! Tables.

use anyhow::Result;

use super::grid;
use super::study::{Run, mean, mean_capture, names};
use crate::repro::Table;

/// Capture and recall of every split and router, mean over layers and seeds.
pub(super) fn quality(name: &str, runs: &[Run]) -> Result<Table> {
    let mut rows = Vec::new();
    for cell in names(runs) {
        let recall: Vec<f64> = runs
            .iter()
            .map(|run| {
                let own = &grid::find(&run.cells, cell)?.recall;
                Ok(own.iter().sum::<f64>() / own.len() as f64)
            })
            .collect::<Result<_>>()?;
        let (split, router) = cell.split_once('.').unwrap_or((cell, ""));
        rows.push(vec![
            split.to_owned(),
            router.to_owned(),
            format!("{:.4}", mean_capture(runs, cell)?),
            format!("{:.4}", mean(recall.into_iter())),
        ]);
    }
    Ok(Table {
        title: format!("{name}: captured contributions and recall with 20 % of the experts"),
        columns: ["split", "router", "capture", "recall"]
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
                    format!("{:.4}", cell.capture[place])
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
