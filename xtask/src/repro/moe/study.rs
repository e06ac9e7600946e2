//! One task, divided in every way, and what is reported of it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use plm_core::rng::Seed;
use plm_moe::calibrate::{ClosedForm, Trainable, fit_outputs, freeze_but};
use plm_moe::flops::{LayerSize, router};
use plm_moe::{
    Activity, Capture, Coactivation, ExpertLoad, LayerId, MoeLayer, share_out_operations,
    with_experts,
};

use super::grid::{self, Cell, Extent, SHARES};
use super::task::Task;
use super::{dynamic, pictures, published, tables};
use crate::repro::classify::{Recipe, train};
use crate::repro::{Context, Outcome, Row};

/// How much is captured and trained.
pub(super) struct Settings {
    /// Tokens of training texts that are captured of each layer, and a quarter as many of test texts.
    pub(super) tokens: usize,
    /// Passes of the router's training.
    pub(super) epochs: usize,
    /// Splits and routers.
    pub(super) extent: Extent,
}

/// Relative accuracy of clusters and a trained router at 20 % after calibration.
pub(super) struct Calibrated {
    /// Output matrices fitted by least squares, without labels.
    pub(super) closed_form: f64,
    /// Output matrices fine-tuned for an epoch.
    pub(super) fine_tuned: f64,
}

/// What one layer does on test texts: its neurons in the dense model, its experts by the trained router.
pub(super) struct Layer {
    pub(super) id: LayerId,
    pub(super) activity: Activity,
    pub(super) load: ExpertLoad,
}

/// All figures of one seed.
pub(super) struct Run {
    pub(super) dense: f64,
    pub(super) cells: Vec<Cell>,
    pub(super) calibrated: Calibrated,
    /// Relative accuracy of clusters and a trained router where each layer has its own number of experts
    /// and all together the operations of 20 %.
    pub(super) shared_out: f64,
    /// Clusters whose number depends on the token; empty without a router of output norms.
    pub(super) dynamic: Vec<dynamic::Point>,
    pub(super) layers: Vec<Layer>,
    /// For each split which experts are active together on test texts, layer by layer.
    pub(super) together: Vec<(&'static str, Vec<Coactivation>)>,
}

/// Converts and measures.
pub(super) fn run(context: &Context, task: &Task, settings: &Settings, seed: Seed) -> Result<Run> {
    let capture = task.capture(settings.tokens)?;
    let fresh = task.fresh((settings.tokens / 4).max(1))?;
    let dense = task.accuracy(&task.model.model)?;
    let cells = grid::measure(context, task, [&capture, &fresh], dense, settings, seed)?;
    let best = grid::find(&cells, "cluster.mlp")?;
    let calibrated = calibrate(context, task, &capture, best, dense, seed)?;
    let shared_out = shared_out(task, &capture, best)? / dense;
    let norms = cells
        .iter()
        .find(|cell| cell.name == "cluster.contribution");
    let dynamic = match norms {
        Some(cell) => dynamic::measure(task, &fresh, cell, dense)?,
        None => Vec::new(),
    };
    let mut layers = Vec::new();
    for ((id, layer), load) in best.layers.iter().zip(&best.loads) {
        layers.push(Layer {
            id: *id,
            activity: Activity::of(&layer.ffn, fresh.layer(*id)?)?,
            load: load.clone(),
        });
    }
    let mut together = Vec::new();
    for split in settings.extent.splits {
        // Routers share the split's partition.
        let any = format!("{split}.{}", settings.extent.routers[0]);
        let layers = &grid::find(&cells, &any)?.layers;
        let found = (layers.iter())
            .map(|(id, layer)| Ok(Coactivation::of(layer, fresh.layer(*id)?)?))
            .collect::<Result<_>>()?;
        together.push((*split, found));
    }
    Ok(Run {
        dense,
        cells,
        calibrated,
        shared_out,
        dynamic,
        layers,
        together,
    })
}

/// [`Coactivation::within_over_between`], mean over layers.
fn times_together(layers: &[Coactivation]) -> Result<f64> {
    let times: Vec<f64> = (layers.iter())
        .map(Coactivation::within_over_between)
        .collect::<Option<_>>()
        .context("experts without pairs of neurons")?;
    Ok(mean(times.into_iter()))
}

fn calibrate(
    context: &Context,
    task: &Task,
    capture: &Capture,
    cell: &Cell,
    dense: f64,
    seed: Seed,
) -> Result<Calibrated> {
    let mut fitted = cell.layers.clone();
    for (id, layer) in &mut fitted {
        fit_outputs(layer, capture.layer(*id)?, &ClosedForm::default())?;
    }
    let closed_form = task.accuracy(&with_experts(task.model.model.clone(), &fitted))?;
    let experts = with_experts(task.model.model.clone(), &cell.layers);
    let recipe = Recipe {
        epochs: 1,
        lr: 1e-4,
        ..task.recipe
    };
    let bar = context.progress.bar(1, "calibrate");
    let (tuned, _) = train(
        freeze_but(experts, Trainable::Outputs),
        &task.training,
        &task.padding,
        &recipe,
        seed.child("calibrate"),
        &task.device,
        &bar,
    )?;
    Ok(Calibrated {
        closed_form: closed_form / dense,
        fine_tuned: task.accuracy(&tuned)? / dense,
    })
}

/// Accuracy with as many operations as the layers of `cell` have, but each layer's own number of experts.
fn shared_out(task: &Task, capture: &Capture, cell: &Cell) -> Result<f64> {
    let (mut whole, mut experts) = (0.0, 0.0);
    for layer in cell.layers.values() {
        let size = LayerSize::of(&layer.ffn, 0, 0);
        whole += size.feed_forward();
        experts += size.expert_feed_forward(grid::share(layer)?, router(layer));
    }
    let mut layers = cell.layers.clone();
    share_out_operations(&mut layers, capture, experts / whole)?;
    let shares = |layers: &BTreeMap<LayerId, MoeLayer>| -> Result<f64> {
        layers.values().map(grid::share).sum()
    };
    let (own, even) = (shares(&layers)?, shares(&cell.layers)?);
    ensure!(
        (own - even).abs() < 1e-9,
        "{own} layers' experts were shared out, {even} were to be"
    );
    task.accuracy(&with_experts(task.model.model.clone(), &layers))
}

/// Mean over runs.
pub(super) fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// Mean capture of a cell over runs and layers.
pub(super) fn mean_capture(runs: &[Run], name: &str) -> Result<f64> {
    let values: Vec<f64> = runs
        .iter()
        .map(|run| Ok(grid::find(&run.cells, name)?.mean_capture()))
        .collect::<Result<_>>()?;
    Ok(mean(values.into_iter()))
}

/// How much more of the contributions a trained router captures with clusters than with random groups,
/// for each run.
pub(super) fn cluster_gains(runs: &[Run]) -> Result<Vec<f64>> {
    let capture =
        |run: &Run, name: &str| -> Result<f64> { Ok(grid::find(&run.cells, name)?.mean_capture()) };
    runs.iter()
        .map(|run| Ok(capture(run, "cluster.mlp")? - capture(run, "random.mlp")?))
        .collect()
}

/// The cells that were measured.
pub(super) fn names(runs: &[Run]) -> impl Iterator<Item = &str> {
    let cells = runs.iter().take(1).flat_map(|run| &run.cells);
    cells.map(|cell| cell.name.as_str())
}

/// Relative accuracies of a cell, one a run.
fn relatives(runs: &[Run], name: &str, percent: u32) -> Result<Vec<f64>> {
    runs.iter()
        .map(|run| {
            grid::find(&run.cells, name)?
                .at(percent)
                .with_context(|| format!("{name} was not measured at {percent} %"))
        })
        .collect()
}

/// Mean relative accuracy of a cell over runs.
pub(super) fn mean_relative(runs: &[Run], name: &str, percent: u32) -> Result<f64> {
    Ok(mean(relatives(runs, name, percent)?.into_iter()))
}

/// Adds rows, tables and plots of the task called `name`.
pub(super) fn report(name: &str, runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let over = |id: String, metric: &str, value: &dyn Fn(&Run) -> f64| {
        let values: Vec<f64> = runs.iter().map(value).collect();
        Row::over_seeds(id, metric, &values)
    };
    outcome
        .rows
        .push(over(format!("{name}.dense"), "accuracy", &|run| run.dense));
    for cell in names(runs) {
        for percent in SHARES {
            let id = format!("{name}.{cell}.r{percent}");
            let values = relatives(runs, cell, percent)?;
            let row = Row::over_seeds(id, "relative accuracy", &values);
            outcome.rows.push(if percent == 20 && name == "sst2" {
                published::relative_sst2(cell, row)
            } else {
                row
            });
        }
    }
    for (kind, value) in [
        (
            "closed_form",
            &(|run: &Run| run.calibrated.closed_form) as &dyn Fn(&Run) -> f64,
        ),
        ("fine_tuned", &|run: &Run| run.calibrated.fine_tuned),
        ("shared_out", &|run: &Run| run.shared_out),
    ] {
        let id = format!("{name}.cluster.mlp.r20.{kind}");
        outcome.rows.push(over(id, "relative accuracy", value));
    }
    let even = relatives(runs, "cluster.mlp", 20)?;
    let gains: Vec<f64> = (runs.iter().zip(even))
        .map(|(run, even)| run.shared_out - even)
        .collect();
    outcome.rows.push(Row::over_seeds(
        format!("{name}.cluster.mlp.r20.shared_out_minus_even"),
        "relative accuracy under the same operations",
        &gains,
    ));
    let layers = &grid::find(&runs[0].cells, "cluster.mlp")?.layers;
    let numbers = grid::numbers(layers)?;
    outcome.notes.push(format!("{name}: {numbers}."));
    for (place, (split, _)) in runs[0].together.iter().enumerate() {
        let id = format!("{name}.{split}.together");
        let metric = "pairs of neurons active together, in one expert over in two";
        let times: Vec<f64> = (runs.iter())
            .map(|run| times_together(&run.together[place].1))
            .collect::<Result<_>>()?;
        outcome.rows.push(Row::over_seeds(id, metric, &times));
    }
    outcome.tables.push(tables::quality(name, runs)?);
    outcome.tables.push(tables::layers(name, &runs[0]));
    let points: Vec<&[dynamic::Point]> = runs.iter().map(|run| &*run.dynamic).collect();
    let by_token = dynamic::report(name, &points, outcome)?;
    pictures::draw(name, runs, by_token, outcome)?;
    Ok(())
}
