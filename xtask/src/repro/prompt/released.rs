//! The authors' released prompts: similarities that need no model, and their released scores.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use plm_prompt::catalog::{self, Backbone};
use plm_prompt::io::load_safetensors_entry;
use plm_prompt::published::{self, SimilarityFigures, TRANSFER_REPOSITORY};
use plm_prompt::similarity::{EmbeddingMetric, SimilarityMatrix, Slots, TransferCorrelation};
use plm_prompt::{PromptMatrix, TaskLabel};

use crate::repro::{Check, Context, Op, Outcome, Row, Table};

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

/// How far our figures lie at most from those that were computed from the same files before.
#[derive(Default)]
struct Worst {
    /// Similarities of two prompts, known to six decimals.
    pairs: f64,
    /// Mean similarities, known to four.
    means: f64,
    /// Correlations with transfer, known to two.
    correlations: f64,
    /// Mean relative performances, known to two.
    transfer: f64,
}

/// How far a correlation may lie from the known one, which was computed with scores that were not yet
/// rounded to one decimal: rounding makes ties.
const ROUNDED_SCORES: f64 = 0.015;

/// Adds figures beside those that the same files gave elsewhere, and their largest differences.
pub(super) fn check(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let mut worst = Worst::default();
    let mut found = BTreeMap::new();
    for figures in published::similarity_figures() {
        let backbone = figures.backbone;
        found.insert(backbone.name(), (figures, prompts(context, backbone)?));
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
            let id = format!(
                "released.{}.{}.{}",
                pair.backbone.name(),
                pair.tasks.join("_"),
                metric.name().to_lowercase()
            );
            let row = Row::new(id, "similarity of prompts", value);
            compared(row, expected, &mut worst.pairs, outcome);
        }
    }
    for (figures, prompts) in found.values() {
        correlations(figures, prompts, &mut worst, outcome)?;
        transfer(figures.backbone, &mut worst, outcome)?;
    }
    // Half a unit of the last digit that is known, but for correlations.
    for (id, value, bound) in [
        ("released_similarities_max_abs", worst.pairs, 5e-7),
        ("released_means_max_abs", worst.means, 5e-5),
        (
            "released_spearman_max_abs",
            worst.correlations,
            ROUNDED_SCORES,
        ),
        ("released_transfer_max_abs", worst.transfer, 5e-3),
    ] {
        outcome.checks.push(Check::new(id, value, Op::Le, bound));
    }
    outcome.notes.push(format!(
        "The figures beside ours of the released prompts do not stand in the paper: they were computed \
         before, by another program, from the files that the authors released. Their correlations were \
         computed with scores before they were rounded to one decimal; ours, with rounded ones, may differ \
         by {ROUNDED_SCORES}, so that some round to another second digit."
    ));
    outcome.tables.push(cross_model());
    Ok(())
}

/// Adds `row` beside the figure that was computed from the same files before.
fn compared(row: Row, expected: f64, worst: &mut f64, outcome: &mut Outcome) {
    *worst = worst.max((row.ours - expected).abs());
    let source = format!("computed from the released files of {TRANSFER_REPOSITORY}");
    outcome.rows.push(row.published(expected, source));
}

/// Means within and across types, and the correlation with the released transfer.
fn correlations(
    figures: &SimilarityFigures,
    prompts: &[(TaskLabel, PromptMatrix)],
    worst: &mut Worst,
    outcome: &mut Outcome,
) -> Result<()> {
    let labels: Vec<TaskLabel> = prompts.iter().map(|(label, _)| label.clone()).collect();
    let transfer = published::transfer_matrix(figures.backbone)?;
    for metric in EmbeddingMetric::ALL {
        let matrix = SimilarityMatrix::from_fn(labels.clone(), |a, b| {
            metric.similarity(&prompts[a].1, &prompts[b].1, Slots::All)
        })?;
        let id = format!(
            "released.{}.{}",
            figures.backbone.name(),
            metric.name().to_lowercase()
        );
        let means = matrix.group_means();
        let known = figures.means(metric);
        for (kind, value, known) in [
            ("same type", means.same_type, known.map(|means| means[0])),
            (
                "different type",
                means.different_type,
                known.map(|means| means[1]),
            ),
        ] {
            let Some(value) = value else { continue };
            let row = Row::new(&id, format!("mean similarity, {kind}"), value);
            match known {
                Some(known) => compared(row, known, &mut worst.means, outcome),
                None => outcome.rows.push(row),
            }
        }
        let Some(transfer) = &transfer else {
            continue;
        };
        let found = TransferCorrelation::new(&matrix, transfer)?;
        let target = "Spearman with the released transfer per target";
        let source = "Spearman with the released relative transfer per source";
        if let Some(value) = found.per_target.included.mean {
            let row = Row::new(&id, format!("{target}, self included"), value);
            let known = figures.spearman(metric);
            compared(row, known, &mut worst.correlations, outcome);
        }
        let global = "Spearman with the released relative transfer, all pairs";
        for (metric, kind, mean) in [
            (target, "self left out", found.per_target.excluded.mean),
            (source, "self included", found.per_source.included.mean),
            (source, "self left out", found.per_source.excluded.mean),
            (global, "self included", found.global.included.mean),
            (global, "self left out", found.global.excluded.mean),
        ] {
            if let Some(value) = mean {
                let row = Row::new(&id, format!("{metric}, {kind}"), value);
                outcome.rows.push(row);
            }
        }
    }
    Ok(())
}

/// Mean relative performance in the released matrix, within and across types.
fn transfer(backbone: Backbone, worst: &mut Worst, outcome: &mut Outcome) -> Result<()> {
    let matrix = published::transfer_matrix(backbone)?;
    let (Some(matrix), Some(known)) = (matrix, published::relative_means(backbone)) else {
        return Ok(());
    };
    let means = matrix.relative_means();
    for (kind, mean, known) in [
        ("same type", means.same_type.mean, known.0),
        ("different type", means.different_type.mean, known.1),
    ] {
        if let Some(value) = mean {
            let id = format!("released.{}.transfer", backbone.name());
            let row = Row::new(id, format!("mean relative performance, {kind}"), value);
            compared(row, known, &mut worst.transfer, outcome);
        }
    }
    Ok(())
}

/// The published scores of prompts that a projector carried to another model, beside the tasks' own.
fn cross_model() -> Table {
    let number = crate::report::number;
    let rows = published::cross_model_scores().iter().map(|score| {
        let place = catalog::tasks()
            .iter()
            .position(|task| task.name == score.task);
        let own = published::own_task_scores(score.target);
        let own = own.zip(place).and_then(|(own, place)| own.get(place));
        vec![
            score.source.name().to_owned(),
            score.target.name().to_owned(),
            score.task.to_owned(),
            number(score.score),
            own.map_or("–".to_owned(), |own| number(*own)),
        ]
    });
    Table {
        title: "published: accuracy in % of prompts projected to another model, untrained there"
            .to_owned(),
        columns: ["from", "to", "task", "projected prompt", "own prompt"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.collect(),
    }
}
