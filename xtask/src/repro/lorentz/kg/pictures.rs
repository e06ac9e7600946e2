//! Plots.

use super::study::Run;
use crate::report::{BarGroup, Plot, Series};
use plm_lorentz::data::kg::KnowledgeGraph;

/// Validation MRR by epoch, the mean over the runs of each way.
pub(super) fn curves(name: &str, graph: &str, ways: &[&str], runs: &[Vec<Run>]) -> Plot {
    let series = ways.iter().zip(runs).map(|(way, runs)| {
        let shortest = runs.iter().map(|run| run.epochs.len()).min().unwrap_or(0);
        let points = (0..shortest).filter_map(|epoch| {
            let values: Option<Vec<f64>> = (runs.iter())
                .map(|run| run.epochs[epoch].valid.map(|scores| scores.mrr))
                .collect();
            let values = values?;
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            Some((epoch as f64 + 1.0, mean))
        });
        Series::new(*way, points.collect())
    });
    Plot::lines(
        name,
        &format!("Knowledge-graph completion of {graph}"),
        "epoch",
        "validation MRR",
        series.collect(),
    )
}

/// Test MRR of each relation in the first run, both directions apart.
pub(super) fn by_relation(name: &str, graph: &KnowledgeGraph, run: &Run) -> Plot {
    let count = graph.relations().len() / 2;
    let mut sums = vec![[0.0, 0.0]; 2 * count];
    for (triple, rank) in graph.test().iter().zip(&run.ranks) {
        let sum = &mut sums[triple.relation as usize];
        sum[0] += rank.recip();
        sum[1] += 1.0;
    }
    let group = |name: &str, part: &[[f64; 2]]| BarGroup {
        name: name.to_owned(),
        values: part.iter().map(|[sum, count]| sum / count).collect(),
        errors: Vec::new(),
    };
    Plot::bars(
        name,
        "Test MRR by relation",
        "MRR",
        graph.relations()[..count].to_vec(),
        vec![
            group("tails", &sums[..count]),
            group("heads", &sums[count..]),
        ],
    )
}
