//! How many experts each layer gets when all together may have so many.

use std::collections::BTreeMap;

use crate::capture::Capture;
use crate::experts::MoeLayer;
use crate::flops::{self, LayerSize};
use crate::layer::LayerId;
use crate::policy::Policy;
use crate::quality::{self, top};
use crate::{Error, Result, analysis};

/// For one layer, the captured share by number of experts: entry `k - 1` is for `k`.
fn curve(scores: &[f32], contributions: &[f32], experts: usize) -> Result<Vec<f64>> {
    quality::check(scores, contributions, experts, experts)?;
    let mut sums = vec![0.0; experts];
    let mut tokens = 0;
    for (scores, own) in scores
        .chunks_exact(experts)
        .zip(contributions.chunks_exact(experts))
    {
        let total: f64 = own.iter().map(|&value| f64::from(value)).sum();
        if total <= 0.0 {
            continue;
        }
        tokens += 1;
        let mut chosen = 0.0;
        for (sum, expert) in sums.iter_mut().zip(top(scores, experts)) {
            chosen += f64::from(own[expert]);
            *sum += chosen / total;
        }
    }
    if tokens == 0 {
        return Err(Error::NoTokens {
            what: "a budget of experts",
        });
    }
    Ok(sums.iter().map(|sum| sum / f64::from(tokens)).collect())
}

/// The smallest concave curve above `values`, so that the next expert never gains more than the one
/// before it; a greedy choice on it is the best one.
fn concave(values: &[f64]) -> Vec<f64> {
    let mut corners: Vec<(usize, f64)> = vec![(0, 0.0)];
    for (place, &value) in values.iter().enumerate() {
        let point = (place + 1, value);
        while corners.len() > 1 {
            let (before, last) = (corners[corners.len() - 2], corners[corners.len() - 1]);
            let slope = |a: (usize, f64), b: (usize, f64)| (b.1 - a.1) / (b.0 - a.0) as f64;
            if slope(before, last) > slope(last, point) {
                break;
            }
            corners.pop();
        }
        corners.push(point);
    }
    let mut hull = Vec::with_capacity(values.len());
    for pair in corners.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let slope = (y1 - y0) / (x1 - x0) as f64;
        hull.extend((x0 + 1..=x1).map(|x| y0 + slope * (x - x0) as f64));
    }
    hull
}

/// Gives each layer its own number of experts: as many neurons in all as `share` of them, each expert
/// where it adds most to the captured contributions, at least one a layer.
///
/// # Errors
/// [`Error::Setting`] where `share` is not above 0 and at most 1; [`Error::NoTokens`] for a layer
/// without inputs, or whose neurons are never active; [`Error::NotFinite`] for scores or contributions
/// that are not; those of [`crate::FfnInputs::check`]. `layers` are as before then.
pub fn share_out(
    layers: &mut BTreeMap<LayerId, MoeLayer>,
    capture: &Capture,
    share: f64,
) -> Result<()> {
    if !(share > 0.0 && share <= 1.0) {
        return Err(Error::Setting {
            name: "share",
            value: share.to_string(),
            limit: "must be above 0 and at most 1",
        });
    }
    let mut gains = Vec::with_capacity(layers.len());
    let mut budget = 0;
    for (id, layer) in layers.iter() {
        let inputs = capture.layer(*id)?;
        let experts = layer.partition.experts();
        let scores = analysis::expert_scores(layer, inputs)?;
        let own = analysis::expert_contributions(layer, inputs)?;
        gains.push(concave(&curve(&scores, &own, experts)?));
        budget += layer.partition.neurons();
    }
    let sizes: Vec<usize> = layers
        .values()
        .map(|layer| layer.partition.expert_size())
        .collect();
    let mut left = (budget as f64 * share).round() as usize;
    let chosen = greedy(&gains, &sizes, &mut left);
    for (layer, k) in layers.values_mut().zip(chosen) {
        layer.policy = Policy::TopK(k);
    }
    Ok(())
}

/// As [`share_out`], under a budget of operations: those of all feed-forward layers with experts, routers
/// included, may be `ratio` times those of the dense layers.
///
/// A neuron costs the same in each layer of a model. Where one expert a layer costs more than the budget,
/// each has one.
///
/// # Errors
/// [`Error::Setting`] where `ratio` is above 1 or not more than the routers cost; those of [`share_out`].
pub fn share_out_operations(
    layers: &mut BTreeMap<LayerId, MoeLayer>,
    capture: &Capture,
    ratio: f64,
) -> Result<()> {
    let dense: f64 = (layers.values())
        .map(|layer| LayerSize::of(&layer.ffn, 0, 0).feed_forward())
        .sum();
    let routers: f64 = layers.values().map(flops::router).sum();
    let share = ratio - routers / dense;
    if !(share > 0.0 && ratio <= 1.0) {
        return Err(Error::Setting {
            name: "ratio",
            value: ratio.to_string(),
            limit: "must be above what the routers cost and at most 1",
        });
    }
    share_out(layers, capture, share)
}

/// Experts of each layer: the largest gain a neuron first, while neurons are `left`.
fn greedy(gains: &[Vec<f64>], sizes: &[usize], left: &mut usize) -> Vec<usize> {
    let mut chosen = vec![1; gains.len()];
    *left = left.saturating_sub(sizes.iter().sum());
    loop {
        let next = (0..gains.len())
            .filter(|&layer| chosen[layer] < gains[layer].len() && sizes[layer] <= *left)
            .map(|layer| {
                let own = &gains[layer];
                let gain = own[chosen[layer]] - own[chosen[layer] - 1];
                (layer, gain / sizes[layer] as f64)
            })
            // Of equal gains the first layer's.
            .reduce(|best, other| if other.1 > best.1 { other } else { best });
        let Some((layer, _)) = next else {
            return chosen;
        };
        chosen[layer] += 1;
        *left -= sizes[layer];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn experts_go_where_they_gain_most() {
        let gains = [vec![0.9, 0.95, 0.96, 1.0], vec![0.4, 0.7, 0.9, 1.0]];
        // Six of eight experts of two neurons.
        let mut left = 12;
        assert_eq!(greedy(&gains, &[2, 2], &mut left), [2, 4]);
        assert_eq!(left, 0);
        let mut left = 0;
        assert_eq!(greedy(&gains, &[2, 2], &mut left), [1, 1]);
        let mut left = 1_000;
        assert_eq!(greedy(&gains, &[2, 2], &mut left), [4, 4]);
    }

    #[test]
    fn the_hull_is_concave_and_above() {
        let values = [0.2, 0.3, 0.8, 0.85, 1.0];
        let hull = concave(&values);
        for (own, value) in hull.iter().zip(values) {
            assert!(*own >= value - 1e-12);
        }
        let gains: Vec<f64> = std::iter::once(hull[0])
            .chain(hull.windows(2).map(|pair| pair[1] - pair[0]))
            .collect();
        assert!(gains.windows(2).all(|pair| pair[0] >= pair[1] - 1e-12));
        assert!((hull[4] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn curves_end_at_one() {
        let scores = [0.0, 2.0, 1.0, 5.0, 4.0, 3.0];
        let own = [1.0, 2.0, 1.0, 0.0, 0.0, 0.0];
        let curve = curve(&scores, &own, 3).unwrap();
        assert_eq!(curve, [0.5, 0.75, 1.0]);
        assert!(super::curve(&scores, &[0.0; 6], 3).is_err());
    }

    #[test]
    fn numbers_that_are_not_finite_decide_nothing() {
        for bad in [f32::NAN, f32::INFINITY] {
            let spoiled = [1.0, 2.0, 3.0, bad];
            for (scores, own) in [(spoiled, [1.0; 4]), ([1.0; 4], spoiled)] {
                let found = curve(&scores, &own, 2);
                assert!(matches!(found, Err(Error::NotFinite { row: 1, .. })));
            }
        }
    }
}
