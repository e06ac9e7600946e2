//! A cosine schedule over the ranks of conflicts.

use std::f64::consts::PI;

use crate::{Error, Result};

/// Conflicts closer than this share of the largest one are equal.
const TIE: f64 = 1e-12;

/// What a rank is divided by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rank {
    /// Ranks from 0, divided by |L| − 1, as in the reference code: the ends get exactly the largest
    /// and the smallest weight, and the mean is exactly halfway between.
    #[default]
    Code,
    /// Ranks from 1, divided by |L|, as the paper writes it: the mean lies (w_max − w_min)/(2|L|)
    /// below halfway.
    Paper,
}

/// What becomes of nodes whose conflicts are equal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ties {
    /// The smaller node ranks first, as in the reference code's stable sort.
    #[default]
    Stable,
    /// They share the mean of their weights.
    Average,
}

/// The weight of each labeled node in the training loss.
///
/// **w_v = w_min + ½ (w_max − w_min) (1 + cos(π · rank(T_v)/m))**
///
/// | paper | here |
/// |---|---|
/// | w_min, w_max | `w_min` and `w_max`; the reference code's `rn_base_weight` and `rn_scale_weight` are w_min and w_max − w_min |
/// | Rank(T_v) | position by ascending conflict: the least conflict gets w_max |
/// | m | \|L\| − 1 for [`Rank::Code`], \|L\| for [`Rank::Paper`] |
/// | L = 1/\|L\| Σ w_v ℓ_v | the training loop's part: divide by \|L\|, not by Σ w_v |
///
/// Weights are computed once for a split, from true training labels. Conflicts that differ by at most
/// 1e-12 of the largest count as equal: the reference code ranks such noise. A single labeled node has
/// weight 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReNode {
    w_min: f64,
    w_max: f64,
    rank: Rank,
    ties: Ties,
}

impl Default for ReNode {
    /// Weights from 0.5 to 1.5 by the code's ranks.
    fn default() -> Self {
        Self {
            w_min: 0.5,
            w_max: 1.5,
            rank: Rank::Code,
            ties: Ties::Stable,
        }
    }
}

impl ReNode {
    /// Weights from `w_min` to `w_max`. The paper's grid is (0.25, 1.75), (0.5, 1.5), (0.75, 1.25);
    /// (1, 1) gives exact ones.
    ///
    /// # Errors
    /// [`Error::Core`] where a bound is not finite, `w_min` is negative or `w_max` is below it.
    pub fn new(w_min: f64, w_max: f64) -> Result<Self> {
        let fail = |key: &str, reason: String| Err(Error::config("ReNode", key, reason));
        if !(w_min.is_finite() && w_min >= 0.0) {
            return fail(
                "w_min",
                format!("is {w_min}, must be finite and at least 0"),
            );
        }
        if !(w_max.is_finite() && w_max >= w_min) {
            return fail(
                "w_max",
                format!("is {w_max}, must be finite and at least w_min, {w_min}"),
            );
        }
        Ok(Self {
            w_min,
            w_max,
            ..Self::default()
        })
    }

    /// The same with other ranks.
    #[must_use]
    pub fn with_rank(self, rank: Rank) -> Self {
        Self { rank, ..self }
    }

    /// The same with another rule for ties.
    #[must_use]
    pub fn with_ties(self, ties: Ties) -> Self {
        Self { ties, ..self }
    }

    /// The smallest weight.
    pub fn w_min(&self) -> f64 {
        self.w_min
    }

    /// The largest weight.
    pub fn w_max(&self) -> f64 {
        self.w_max
    }

    /// The weight of each node of `train`, in their order, from their conflicts.
    ///
    /// # Errors
    /// [`Error::Core`] where there is not one conflict for each node or one is not finite.
    pub fn weights(&self, train: &[u32], conflict: &[f64]) -> Result<Vec<f64>> {
        if train.len() != conflict.len() {
            return Err(Error::invalid(
                "conflict",
                format!("{} values for {} nodes", conflict.len(), train.len()),
            ));
        }
        if let Some(at) = conflict.iter().position(|value| !value.is_finite()) {
            return Err(Error::invalid(
                "conflict",
                format!("node {} has {}, must be finite", train[at], conflict[at]),
            ));
        }
        if train.len() == 1 {
            return Ok(vec![1.0]);
        }
        let mut weights = vec![0.0; train.len()];
        let mut rank = 0;
        for tied in self.ascending(train, conflict) {
            let range = rank..rank + tied.len();
            rank = range.end;
            let schedule = range.map(|rank| self.schedule(rank, train.len()));
            match self.ties {
                Ties::Stable => {
                    for (&at, weight) in tied.iter().zip(schedule) {
                        weights[at] = weight;
                    }
                }
                Ties::Average => {
                    let mean = schedule.sum::<f64>() / tied.len() as f64;
                    tied.iter().for_each(|&at| weights[at] = mean);
                }
            }
        }
        Ok(weights)
    }

    /// Groups of positions with equal conflicts, by ascending conflict and within each by node.
    fn ascending(&self, train: &[u32], conflict: &[f64]) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..train.len()).collect();
        order.sort_by(|&a, &b| {
            conflict[a]
                .total_cmp(&conflict[b])
                .then(train[a].cmp(&train[b]))
        });
        let largest = conflict.iter().fold(0.0_f64, |max, t| max.max(t.abs()));
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for at in order {
            match groups.last_mut() {
                Some(group) if conflict[at] - conflict[group[0]] <= TIE * largest => group.push(at),
                _ => groups.push(vec![at]),
            }
        }
        for group in &mut groups {
            group.sort_by_key(|&at| train[at]);
        }
        groups
    }

    /// The weight at 0-based `rank` of `count`.
    fn schedule(&self, rank: usize, count: usize) -> f64 {
        let share = match self.rank {
            Rank::Code => rank as f64 / (count - 1) as f64,
            Rank::Paper => (rank + 1) as f64 / count as f64,
        };
        self.w_min + 0.5 * (self.w_max - self.w_min) * (1.0 + (PI * share).cos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-15, "{found:?}, not {expected:?}");
        }
    }

    #[test]
    fn five_nodes_by_hand() {
        // cos of 0, 45, 90, 135, 180 degrees; half of √2 is .7071.
        let half = 0.5_f64.sqrt();
        let train = [7, 3, 1, 4, 9];
        let conflict = [0.3, 0.0, 0.1, 0.9, 0.2];
        let code = ReNode::default().weights(&train, &conflict).unwrap();
        let middle = [1.0 - half / 2.0, 1.5, 1.0 + half / 2.0, 0.5, 1.0];
        assert_close(&code, &middle);
        // Ranks 1 to 5 of 5: cos of 36, 72, 108, 144, 180 degrees.
        let paper = ReNode::new(0.0, 2.0).unwrap().with_rank(Rank::Paper);
        let fifth = |rank: f64| 1.0 + (36.0 * rank).to_radians().cos();
        assert_close(
            &paper.weights(&train, &conflict).unwrap(),
            &[fifth(4.0), fifth(1.0), fifth(2.0), 0.0, fifth(3.0)],
        );
    }

    #[test]
    fn ties_are_broken_by_node_or_shared() {
        let train = [9, 2, 5];
        // The first two differ by less than 1e-12 of the largest.
        let conflict = [0.5, 0.5 + 1e-13, 1.0];
        let stable = ReNode::default().weights(&train, &conflict).unwrap();
        assert_close(&stable, &[1.0, 1.5, 0.5]);
        let average = ReNode::default()
            .with_ties(Ties::Average)
            .weights(&train, &conflict)
            .unwrap();
        assert_close(&average, &[1.25, 1.25, 0.5]);
        let zeros = ReNode::default().with_ties(Ties::Average);
        assert_close(&zeros.weights(&train, &[0.0; 3]).unwrap(), &[1.0; 3]);
    }

    #[test]
    fn one_node_none_and_equal_bounds() {
        let wide = ReNode::new(0.25, 1.75).unwrap();
        assert_eq!(wide.weights(&[4], &[0.3]).unwrap(), [1.0]);
        assert!(wide.weights(&[], &[]).unwrap().is_empty());
        let off = ReNode::new(1.0, 1.0).unwrap();
        assert_eq!(off.weights(&[4, 5, 6], &[0.3, 0.1, 0.1]).unwrap(), [1.0; 3]);
    }

    #[test]
    fn mistakes_are_named() {
        for (w_min, w_max, text) in [
            (-0.5, 1.0, "`w_min` is -0.5"),
            (f64::NAN, 1.0, "`w_min` is NaN"),
            (1.0, 0.5, "`w_max` is 0.5"),
            (1.0, f64::INFINITY, "`w_max` is inf"),
        ] {
            let error = ReNode::new(w_min, w_max).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
        let weights = |conflict: &[f64]| {
            let error = ReNode::default().weights(&[3, 8], conflict).unwrap_err();
            error.to_string()
        };
        assert!(weights(&[0.1]).contains("1 values for 2 nodes"));
        assert!(weights(&[0.1, f64::NAN]).contains("node 8 has NaN"));
    }
}
