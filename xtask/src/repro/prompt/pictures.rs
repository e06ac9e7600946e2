//! Plots.

use anyhow::Result;

use super::study::{Run, mean_of, measure};
use crate::report::{BarGroup, Plot, Series};
use crate::repro::Outcome;

/// Adds the transfer matrix, similarity against transfer, correlations and learning curves.
pub(super) fn draw(name: &str, runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let labels = &runs[0].labels;
    let count = labels.len();
    let names = || {
        labels
            .iter()
            .map(|label| label.name.clone())
            .collect::<Vec<_>>()
    };
    let cells = |cell: &dyn Fn(&Run, usize, usize) -> Option<f64>| -> Vec<Vec<f64>> {
        (0..count)
            .map(|target| {
                (0..count)
                    .map(|source| mean_of(runs, |run| cell(run, target, source)))
                    .collect()
            })
            .collect()
    };
    outcome.plots.push(Plot::heat(
        &format!("{name}_transfer"),
        &format!("{name}: performance relative to the task's own prompt"),
        ("source: whose prompt", names()),
        ("target", names()),
        cells(&|run, target, source| run.matrix.relative(target, source)),
    ));
    let on = measure(&runs[0], "on")?;
    outcome.plots.push(Plot::heat(
        &format!("{name}_overlap"),
        &format!("{name}: overlap of activated neurons, first seed"),
        ("prompt of", names()),
        ("prompt of", names()),
        on.matrix.rows().to_vec(),
    ));
    let mut points = [Vec::new(), Vec::new()];
    for target in 0..count {
        for source in (0..count).filter(|&source| source != target) {
            let Some(relative) = runs[0].matrix.relative(target, source) else {
                continue;
            };
            let same = labels[target].kind == labels[source].kind;
            let similarity = on.matrix.rows()[target][source];
            points[usize::from(!same)].push((similarity, relative));
        }
    }
    let [same, different] = points;
    outcome.plots.push(Plot::scatter(
        &format!("{name}_overlap_transfer"),
        &format!("{name}: overlap of neurons and transfer, first seed"),
        "overlap of activated neurons",
        "relative performance",
        vec![
            Series::new("different type", different),
            Series::new("same type", same),
        ],
    ));
    let measures: Vec<String> = runs[0].measures.keys().cloned().collect();
    let bars = |name: &str, pick: &dyn Fn(&Run, &str) -> Option<f64>| BarGroup {
        name: name.to_owned(),
        values: measures
            .iter()
            .map(|measure| mean_of(runs, |run| pick(run, measure)))
            .collect(),
        errors: Vec::new(),
    };
    let short = |name: &String| {
        name.replace("concat", "c")
            .replace("average", "a")
            .replace("stimulation_cosine", "values")
    };
    outcome.plots.push(Plot::bars(
        &format!("{name}_spearman"),
        &format!("{name}: Spearman of similarity with transfer"),
        "Spearman",
        measures.iter().map(short).collect(),
        vec![
            bars("per target", &|run, name| {
                run.measures.get(name)?.correlation.per_target.excluded.mean
            }),
            bars("all pairs", &|run, name| {
                run.measures.get(name)?.correlation.global.excluded.mean
            }),
        ],
    ));
    let curve = |points: Vec<&plm_prompt::LearningCurve>| -> Vec<(f64, f64)> {
        let length = points.iter().map(|curve| curve.points().len()).min();
        (0..length.unwrap_or(0))
            .map(|place| {
                let scores = points.iter().map(|curve| curve.points()[place].score);
                let mean = scores.sum::<f64>() / points.len() as f64;
                (points[0].points()[place].step as f64, mean)
            })
            .collect()
    };
    let begun = runs.iter().flat_map(|run| &run.begun);
    let plain = runs
        .iter()
        .flat_map(|run| run.begun.iter().map(|begun| &run.own[begun.target].curve));
    outcome.plots.push(Plot::lines(
        &format!("{name}_begun"),
        &format!("{name}: tuning from words and from another task's prompt"),
        "steps",
        "mean accuracy on the development set",
        vec![
            Series::new("from words of the vocabulary", curve(plain.collect())),
            Series::new(
                "from a prompt of the same type",
                curve(begun.map(|begun| &begun.curve).collect()),
            ),
        ],
    ));
    Ok(())
}
