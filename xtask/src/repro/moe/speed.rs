//! How much faster the model is with fewer experts: measured, beside what the operations allow.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context as _, Result};
use plm_moe::exec::Planner;
use plm_moe::flops::{LayerSize, router};
use plm_moe::{LayerId, MoeLayer, SharedPlanner, with_sparse_experts};

use super::grid::{SHARES, at_share, share};
use super::task::Task;
use crate::bench::Side;
use crate::report::{Plot, Series};
use crate::repro::{Outcome, Table};
use crate::rerun::on_processor;

/// Texts of a call.
const TEXTS: [usize; 2] = [1, 32];

/// Calls of either side that are timed, in turns.
const ROUNDS: usize = 11;

/// Adds a table and a plot of the dense model's time over that of the model with experts; nothing where
/// the device is not the processor, on which alone experts are skipped.
///
/// Times of a shared machine vary, and so no check asks for one.
pub(super) fn report(
    device: &str,
    name: &str,
    task: &Task,
    layers: &BTreeMap<LayerId, MoeLayer>,
    outcome: &mut Outcome,
) -> Result<()> {
    if !on_processor(device) {
        return Ok(());
    }
    let planner = SharedPlanner::new(Planner::default());
    let (mut rows, mut curves) = (Vec::new(), Vec::new());
    for texts in TEXTS {
        let mut measured = Vec::new();
        let mut allowed = Vec::new();
        for percent in SHARES {
            let layers = at_share(layers, percent)?;
            let sparse = with_sparse_experts(task.model.model.clone(), &layers, &planner)?;
            let (mut own, mut dense) = (Vec::new(), Vec::new());
            for round in 0..=ROUNDS {
                let times = [
                    seconds(|| task.logits(&task.model.model, texts))?,
                    seconds(|| task.logits(&sparse, texts))?,
                ];
                // The first call of a situation chooses the path.
                if round > 0 {
                    dense.push(times[0]);
                    own.push(times[1]);
                }
            }
            let (dense, own) = (median(dense)?, median(own)?);
            let limit = operations(task, &layers, texts)?;
            measured.push((f64::from(percent), dense / own));
            allowed.push((f64::from(percent), limit));
            rows.push(vec![
                texts.to_string(),
                percent.to_string(),
                format!("{:.2}", 1e3 * dense),
                format!("{:.2}", 1e3 * own),
                format!("{:.2}", dense / own),
                format!("{limit:.2}"),
            ]);
        }
        let plural = if texts == 1 { "text" } else { "texts" };
        curves.push(Series::new(format!("{texts} {plural}"), measured));
        curves.push(Series::new(
            format!("{texts} {plural}, operations"),
            allowed,
        ));
    }
    outcome.tables.push(Table {
        title: format!("{name}: time of a call, clusters and trained router, first seed"),
        columns: [
            "texts",
            "neurons in %",
            "dense, ms",
            "experts, ms",
            "dense/experts",
            "by operations",
        ]
        .map(str::to_owned)
        .into(),
        rows,
    });
    outcome.plots.push(Plot::lines(
        &format!("{name}_speed"),
        &format!("{name}: speed against the dense model"),
        "neurons of a token in %",
        "time of the dense model / time with experts",
        curves,
    ));
    Ok(())
}

/// Operations of the encoder's layers for class scores, dense over with the experts of `layers`, routers
/// included.
///
/// Class scores are read from the first token, so that the last layer computes that alone, and keys and
/// values of the others. A router whose layer takes all experts is not asked.
fn operations(task: &Task, layers: &BTreeMap<LayerId, MoeLayer>, texts: usize) -> Result<f64> {
    let lengths = task.test.iter().take(texts).map(|text| text.encoding.len());
    let context = lengths.max().unwrap_or(0);
    let last = layers.keys().next_back();
    let (mut dense, mut experts) = (0.0, 0.0);
    for (id, layer) in layers {
        let width = layer.ffn.inner.weight.val().dims()[0];
        let size = LayerSize::of(&layer.ffn, width, context);
        let (tokens, others) = if Some(id) == last {
            (1.0, context.saturating_sub(1) as f64)
        } else {
            (context as f64, 0.0)
        };
        let attention = tokens * size.attention() + others * 4.0 * (width * width) as f64;
        let share = share(layer)?;
        let router = if share < 1.0 { router(layer) } else { 0.0 };
        dense += attention + tokens * size.feed_forward();
        experts += attention + tokens * size.expert_feed_forward(share, router);
    }
    Ok(dense / experts)
}

fn seconds<T>(call: impl FnOnce() -> Result<T>) -> Result<f64> {
    let clock = Instant::now();
    std::hint::black_box(call()?);
    Ok(clock.elapsed().as_secs_f64())
}

fn median(samples: Vec<f64>) -> Result<f64> {
    Ok(Side::new(samples).context("no time was measured")?.median)
}
