//! The authors' released prompts: similarities that need no model.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use plm_prompt::catalog::{self, Backbone};
use plm_prompt::io::load_safetensors_entry;
use plm_prompt::published;
use plm_prompt::similarity::{EmbeddingMetric, SimilarityMatrix, Slots, TransferCorrelation};
use plm_prompt::{PromptMatrix, TaskLabel};

use crate::repro::{Check, Context, Op, Outcome, Row};

/// The released prompts of a backbone, in the order of the tasks.
pub(super) fn prompts(
    context: &Context,
    backbone: Backbone,
) -> Result<Vec<(TaskLabel, PromptMatrix)>> {
    let folder = context.store.dir("trained-prompts")?;
    let name = backbone.name().replace('-', "_");
    let file = folder.join(format!("{name}.safetensors"));
    let tasks = catalog::tasks();
    let kept = tasks
        .iter()
        .filter(|task| backbone.is_t5() || task.masked_template.is_some());
    kept.map(|task| {
        let key = format!("{}Prompt{}", task.file_name, backbone.file_suffix());
        Ok((task.label(), load(&file, &key)?))
    })
    .collect()
}

fn load(file: &Path, key: &str) -> Result<PromptMatrix> {
    Ok(load_safetensors_entry(file, key)?)
}

/// Adds figures beside those that the same files gave elsewhere, and their largest difference.
pub(super) fn check(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let mut worst: f64 = 0.0;
    let mut found = BTreeMap::new();
    for figures in published::similarity_figures() {
        let backbone = figures.backbone;
        found.insert(backbone.name(), (backbone, prompts(context, backbone)?));
    }
    for pair in published::pair_similarities() {
        let (_, prompts) = found
            .get(pair.backbone.name())
            .context("a pair without prompts")?;
        let of = |name: &str| {
            let own = prompts.iter().find(|(label, _)| label.name == name);
            own.map(|(_, prompt)| prompt)
                .with_context(|| format!("no prompt of `{name}`"))
        };
        let (a, b) = (of(pair.tasks[0])?, of(pair.tasks[1])?);
        for (metric, expected) in EmbeddingMetric::ALL.into_iter().zip(pair.similarities) {
            let value = metric.similarity(a, b, Slots::All)?;
            worst = worst.max((value - expected).abs());
            let id = format!(
                "released.{}.{}.{}",
                pair.backbone.name(),
                pair.tasks.join("_"),
                metric.name().to_lowercase()
            );
            let row = Row::new(id, "similarity of prompts", value);
            outcome
                .rows
                .push(row.published(expected, published::TRANSFER_REPOSITORY));
        }
    }
    outcome.checks.push(Check::new(
        "released_similarities_max_abs",
        worst,
        Op::Le,
        5e-7,
    ));
    for (name, (backbone, prompts)) in &found {
        correlations(name, *backbone, prompts, outcome)?;
    }
    Ok(())
}

/// Means within and across types, and the correlation with the published transfer.
fn correlations(
    name: &str,
    backbone: Backbone,
    prompts: &[(TaskLabel, PromptMatrix)],
    outcome: &mut Outcome,
) -> Result<()> {
    let labels: Vec<TaskLabel> = prompts.iter().map(|(label, _)| label.clone()).collect();
    let transfer = published::transfer_matrix(backbone)?;
    for metric in EmbeddingMetric::ALL {
        let matrix = SimilarityMatrix::from_fn(labels.clone(), |a, b| {
            metric.similarity(&prompts[a].1, &prompts[b].1, Slots::All)
        })?;
        let id = format!("released.{name}.{}", metric.name().to_lowercase());
        let means = matrix.group_means();
        for (kind, value) in [
            ("same type", means.same_type),
            ("different type", means.different_type),
        ] {
            if let Some(value) = value {
                outcome
                    .rows
                    .push(Row::new(&id, format!("mean similarity, {kind}"), value));
            }
        }
        let Some(transfer) = &transfer else {
            continue;
        };
        let found = TransferCorrelation::new(&matrix, transfer)?.per_target;
        for (kind, mean) in [
            ("self included", found.included.mean),
            ("self left out", found.excluded.mean),
        ] {
            if let Some(value) = mean {
                let metric = format!("Spearman with the published transfer per target, {kind}");
                outcome.rows.push(Row::new(&id, metric, value));
            }
        }
    }
    Ok(())
}
