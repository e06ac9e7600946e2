//! From sums of products to a graph with whole weights.
//!
//! The paper's code takes its threshold from the 10th percentile of all entries of the matrix, and
//! goes on to the 20th and further while that is 0. But where a few percent of the neurons are
//! active, more than nine in ten entries are 0, and the first percentile that is not is the hundredth:
//! the threshold becomes the maximum, and of the graph hardly an edge is left. Here percentiles are
//! those of the positive entries off the diagonal, so that the threshold always removes the share of
//! edges that it says.

use rayon::prelude::*;

use super::super::graph::Graph;
use super::sums::Sums;
use crate::{Error, Result};

/// Which edges a co-activation graph has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EdgeSelection {
    /// The percentile of the positive sums, 0 to 100, that counts as weight 1: sums are divided by
    /// 0.99 times that and rounded down, and edges of weight 0 are left out.
    pub percentile: f64,
    /// Edges that stay for each neuron: an edge stays if it is among this many heaviest ones of at
    /// least one of its ends. So no neuron loses all its edges, and the graph has at most this many
    /// edges per neuron on average.
    pub per_neuron: usize,
}

impl Default for EdgeSelection {
    /// The 10th percentile, as in the paper's code, and 512 edges for each neuron.
    fn default() -> Self {
        Self {
            percentile: 10.0,
            per_neuron: 512,
        }
    }
}

impl EdgeSelection {
    /// # Errors
    /// [`Error::Setting`] for a percentile out of 0 to 100, or no edges.
    pub(super) fn check(&self) -> Result<()> {
        if !(0.0..=100.0).contains(&self.percentile) {
            return Err(Error::Setting {
                name: "percentile",
                value: self.percentile.to_string(),
                limit: "must be from 0 to 100",
            });
        }
        if self.per_neuron == 0 {
            return Err(Error::Setting {
                name: "per_neuron",
                value: self.per_neuron.to_string(),
                limit: "must be at least 1",
            });
        }
        Ok(())
    }
}

/// The graph of the sums; without edges if no two neurons were active together.
pub(super) fn graph(sums: &Sums, selection: EdgeSelection) -> Result<Graph> {
    let neurons = sums.neurons();
    let mut edges = Vec::new();
    if let Some(threshold) = threshold(sums, selection.percentile) {
        let unit = 0.99 * f64::from(threshold);
        let kept: Vec<Vec<(u32, u32)>> = (0..neurons)
            .into_par_iter()
            .map(|neuron| heaviest(sums, neuron, unit, selection.per_neuron))
            .collect();
        let mut pairs: Vec<(u32, u32)> = kept.into_iter().flatten().collect();
        pairs.par_sort_unstable();
        pairs.dedup();
        edges = pairs
            .into_iter()
            .map(|(m, n)| (m, n, whole(sums.get(m as usize, n as usize), unit)))
            .collect();
    }
    Graph::from_edges(neurons, &edges)
}

/// The percentile of the positive sums, by the nearest one that is not above it.
fn threshold(sums: &Sums, percentile: f64) -> Option<f32> {
    let mut positive: Vec<f32> = (0..sums.neurons())
        .flat_map(|neuron| sums.after(neuron))
        .copied()
        .filter(|&sum| sum > 0.0)
        .collect();
    let last = positive.len().checked_sub(1)?;
    let place = (last as f64 * percentile / 100.0) as usize;
    Some(*positive.select_nth_unstable_by(place, f32::total_cmp).1)
}

/// A sum as a whole number of units, at most the largest that METIS takes as well.
fn whole(sum: f32, unit: f64) -> u32 {
    (f64::from(sum) / unit).min(f64::from(i32::MAX)) as u32
}

/// The pairs of a neuron with the `count` others that have the largest sums with it; of equal sums
/// those of the first neurons.
fn heaviest(sums: &Sums, neuron: usize, unit: f64, count: usize) -> Vec<(u32, u32)> {
    let mut others: Vec<(f32, u32)> = (0..sums.neurons())
        .filter(|&other| other != neuron)
        .map(|other| (sums.get(neuron, other), other as u32))
        .filter(|&(sum, _)| whole(sum, unit) > 0)
        .collect();
    if others.len() > count {
        others.select_nth_unstable_by(count, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        others.truncate(count);
    }
    let neuron = neuron as u32;
    others
        .iter()
        .map(|&(_, other)| (neuron.min(other), neuron.max(other)))
        .collect()
}
