//! Measuring trained probes.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::train::{check_width, common_width, padded_states};
use super::{Probe, ProbeSentence, mean_by_length, minimum_spanning_tree, rank_correlation};
use crate::Result;

/// Sentence lengths that count in the two correlations (Hewitt and Manning 2019, section 4.2).
const LENGTHS: std::ops::RangeInclusive<usize> = 5..=50;
/// Sentences measured together.
const BATCH: usize = 64;

/// The four measures of structural probes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProbeScores {
    /// Undirected unlabeled attachment score: share of the trees' edges in the lightest trees of the
    /// distances.
    pub uuas: f64,
    /// Spearman's correlation of distances, word by word; mean over sentences, then over lengths from 5
    /// to 50.
    pub distance_correlation: f64,
    /// Share of sentences whose root has the least depth.
    pub root_accuracy: f64,
    /// Spearman's correlation of depths; mean over sentences, then over lengths from 5 to 50.
    pub depth_correlation: f64,
}

/// Measures a probe of distances and one of depths, which must be on the plain device `device`.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where there is no sentence of 5 to 50 words, vectors differ in
/// width from each other or from what a probe reads, or a probe gives NaN.
pub fn probe_scores<P: Probe>(
    distance: &P,
    depth: &P,
    sentences: &[ProbeSentence],
    device: &Device,
) -> Result<ProbeScores> {
    let width = common_width(sentences)?;
    check_width(distance, width)?;
    check_width(depth, width)?;
    let (mut edges, mut found_edges, mut roots) = (0, 0, 0);
    let (mut distances, mut depths) = (Vec::new(), Vec::new());
    let rows: Vec<&ProbeSentence> = sentences.iter().collect();
    for part in rows.chunks(BATCH) {
        let states = padded_states(part, width, device);
        let longest = states.dims()[1];
        let host = |data: burn::tensor::TensorData| data.iter::<f64>().collect::<Vec<_>>();
        let squares = host(distance.distances(states.clone()).into_data());
        let heights = host(depth.depths(states).into_data());
        for (number, row) in part.iter().enumerate() {
            let tree = row.tree();
            let words = tree.len();
            let start = number * longest * longest;
            let square: Vec<f64> = (0..words)
                .flat_map(|word| squares[start + word * longest..][..words].to_vec())
                .collect();
            let gold = tree.edges();
            let lightest = minimum_spanning_tree(&square, words)?;
            edges += gold.len();
            found_edges += lightest
                .iter()
                .filter(|edge| gold.binary_search(edge).is_ok())
                .count();
            let height = &heights[number * longest..][..words];
            let least = height.iter().copied().fold(f64::INFINITY, f64::min);
            roots +=
                usize::from(height.iter().position(|&depth| depth == least) == Some(tree.root()));
            if words < 2 {
                continue;
            }
            let steps = tree.distances();
            let mut sum = 0.0;
            for (found, gold) in square.chunks(words).zip(steps.chunks(words)) {
                sum += rank_correlation(found, gold)?;
            }
            distances.push((words, sum / words as f64));
            let gold: Vec<f64> = tree.depths().iter().map(|&depth| depth as f64).collect();
            depths.push((words, rank_correlation(height, &gold)?));
        }
    }
    let mean = |values| {
        mean_by_length(values, LENGTHS).ok_or_else(|| {
            let (least, most) = (LENGTHS.start(), LENGTHS.end());
            let reason = format!("none has {least} to {most} words, which the correlations take");
            plm_core::Error::invalid("sentences", reason)
        })
    };
    Ok(ProbeScores {
        uuas: found_edges as f64 / edges.max(1) as f64,
        distance_correlation: mean(distances)?,
        root_accuracy: roots as f64 / sentences.len() as f64,
        depth_correlation: mean(depths)?,
    })
}
