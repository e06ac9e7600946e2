//! How many experts a token gets, and which.
//!
//! [`Policy::TopK`] is the rule of MoEfication (arXiv 2110.01786); [`Policy::Max`] and
//! [`Policy::Share`] are the rules of "Exploiting Activation Sparsity with Dense to Dynamic-k
//! Mixture-of-Experts Conversion" (D2DMoE), meant for scores that predict the norm of each expert's
//! output. Unlike there, scores need not be positive.

mod top_k;

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::error::check_size;
use crate::{Error, Result};

/// How experts are chosen from a token's scores.
///
/// Equal scores go to the expert with the lowest number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// The experts with the largest scores, as many for every token.
    TopK(usize),
    /// Every expert whose score is at least `(1 - tau)` times the token's largest.
    ///
    /// Where no score is positive, only the best expert: the rule is about shares of a maximum that
    /// is not there.
    Max {
        /// From 0, only the maxima, to 1, everything that is not negative.
        tau: f64,
    },
    /// The fewest experts, best first, whose scores sum to `tau` of the token's total; at least one.
    ///
    /// Negative scores count as 0.
    Share {
        /// From 0, only the best expert, to 1, every expert with a positive score.
        tau: f64,
    },
    /// All experts.
    All,
}

impl Policy {
    /// Checks the policy for a layer of `experts` experts.
    ///
    /// # Errors
    /// [`Error::Chosen`] for a [`Policy::TopK`] out of `1..=experts`, [`Error::Setting`] for a `tau`
    /// that is not between 0 and 1 or no experts at all.
    pub fn check(self, experts: usize) -> Result<()> {
        if experts == 0 || u32::try_from(experts).is_err() {
            return Err(Error::Setting {
                name: "experts",
                value: experts.to_string(),
                limit: "must be from 1 to 4294967295",
            });
        }
        match self {
            Self::TopK(k) if k == 0 || k > experts => Err(Error::Chosen { k, experts }),
            Self::Max { tau } | Self::Share { tau } if !(0.0..=1.0).contains(&tau) => {
                Err(Error::Setting {
                    name: "tau",
                    value: tau.to_string(),
                    limit: "must be from 0 to 1",
                })
            }
            _ => Ok(()),
        }
    }

    /// Whether every token gets all of `experts` experts, whatever its scores.
    pub(crate) fn is_all(self, experts: usize) -> bool {
        matches!(self, Self::All) || self == Self::TopK(experts)
    }

    /// The experts of each token.
    ///
    /// # Shapes
    /// - scores: `[T, E]`, row-major
    ///
    /// # Errors
    /// Those of [`Self::check`], [`Error::Size`] if `scores` is not made of whole rows,
    /// [`Error::NotFinite`] for a score that is NaN or infinite.
    pub fn select(self, scores: &[f32], experts: usize) -> Result<Selection> {
        self.check(experts)?;
        check_size(
            "scores",
            scores.len(),
            scores.len().next_multiple_of(experts),
        )?;
        if let Some(place) = scores.iter().position(|score| !score.is_finite()) {
            return Err(Error::NotFinite {
                what: "scores".to_owned(),
                row: place / experts,
                column: place % experts,
                value: f64::from(scores[place]),
            });
        }
        Ok(match self {
            Self::All => Selection::all(scores.len() / experts, experts),
            Self::TopK(k) => top_k::select(scores, experts, k),
            Self::Max { tau } => ranked(scores, experts, |best| near_the_best(best, tau)),
            Self::Share { tau } => ranked(scores, experts, |best| of_the_total(best, tau)),
        })
    }
}

/// For each token the best of its experts, as many as `count` says of its scores, the largest first.
fn ranked(scores: &[f32], experts: usize, count: impl Fn(&[f32]) -> usize) -> Selection {
    let mut selection = Selection::none(experts);
    for row in scores.chunks_exact(experts) {
        let score = |expert: u32| row[expert as usize];
        let mut order: Vec<u32> = (0..experts as u32).collect();
        order.sort_unstable_by(|&a, &b| {
            let descending = score(b).partial_cmp(&score(a));
            descending.unwrap_or(Ordering::Equal).then(a.cmp(&b))
        });
        let best: Vec<f32> = order.iter().map(|&expert| score(expert)).collect();
        order.truncate(count(&best));
        order.sort_unstable();
        selection.push(&order);
    }
    selection
}

/// See [`Policy::Max`].
fn near_the_best(best: &[f32], tau: f64) -> usize {
    let largest = f64::from(best[0]);
    if largest <= 0.0 {
        return 1;
    }
    let threshold = (1.0 - tau) * largest;
    best.partition_point(|&score| f64::from(score) >= threshold)
}

/// See [`Policy::Share`].
fn of_the_total(best: &[f32], tau: f64) -> usize {
    let positive = |score: &f32| f64::from(score.max(0.0));
    let wanted = tau * best.iter().map(positive).sum::<f64>();
    let mut reached = 0.0;
    let mut count = 0;
    while count == 0 || (count < best.len() && reached < wanted) {
        reached += positive(&best[count]);
        count += 1;
    }
    count
}

/// The chosen experts of some tokens, in rising order for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    experts: usize,
    /// Token `t` has the experts `chosen[offsets[t]..offsets[t + 1]]`.
    offsets: Vec<usize>,
    chosen: Vec<u32>,
}

impl Selection {
    fn none(experts: usize) -> Self {
        Self {
            experts,
            offsets: vec![0],
            chosen: Vec::new(),
        }
    }

    fn push(&mut self, chosen: &[u32]) {
        self.chosen.extend_from_slice(chosen);
        self.offsets.push(self.chosen.len());
    }

    /// All of `experts` experts for each of `tokens` tokens.
    pub fn all(tokens: usize, experts: usize) -> Self {
        Self {
            experts,
            offsets: (0..=tokens).map(|token| token * experts).collect(),
            chosen: (0..tokens).flat_map(|_| 0..experts as u32).collect(),
        }
    }

    /// The experts that `lists` names for each token, in any order; a token may have none.
    ///
    /// # Errors
    /// [`Error::Setting`] for an expert that there is not, or one that a token names twice.
    pub fn from_lists<L: AsRef<[u32]>>(lists: &[L], experts: usize) -> Result<Self> {
        let mut selection = Self::none(experts);
        for list in lists {
            let mut list = list.as_ref().to_vec();
            list.sort_unstable();
            let twice = list.windows(2).find(|pair| pair[0] == pair[1]);
            let beyond = list.last().filter(|&&last| last as usize >= experts);
            if let Some(&expert) = twice.map(|pair| &pair[0]).or(beyond) {
                return Err(Error::Setting {
                    name: "expert",
                    value: expert.to_string(),
                    limit: "must be below the number of experts and named once for a token",
                });
            }
            selection.push(&list);
        }
        Ok(selection)
    }

    /// Number of tokens, T.
    pub fn tokens(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of experts that there are, E.
    pub fn experts(&self) -> usize {
        self.experts
    }

    /// The experts of a token, in rising order.
    ///
    /// # Panics
    /// If there is no such token.
    pub fn of(&self, token: usize) -> &[u32] {
        &self.chosen[self.offsets[token]..self.offsets[token + 1]]
    }

    /// Number of pairs of a token and one of its experts.
    pub fn pairs(&self) -> usize {
        self.chosen.len()
    }

    /// Experts of a token on average; 0 without tokens.
    pub fn mean_chosen(&self) -> f64 {
        self.pairs() as f64 / self.tokens().max(1) as f64
    }

    /// The tokens that chose each expert, in rising order; `[E]` lists.
    pub fn by_expert(&self) -> Vec<Vec<u32>> {
        let mut counts = vec![0; self.experts];
        for &expert in &self.chosen {
            counts[expert as usize] += 1;
        }
        let mut tokens: Vec<Vec<u32>> = counts.into_iter().map(Vec::with_capacity).collect();
        for token in 0..self.tokens() {
            for &expert in self.of(token) {
                tokens[expert as usize].push(token as u32);
            }
        }
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(policy: Policy, scores: &[f32]) -> Vec<u32> {
        let selection = policy.select(scores, scores.len()).unwrap();
        selection.of(0).to_vec()
    }

    #[test]
    fn top_k_breaks_ties_by_number() {
        assert_eq!(one(Policy::TopK(2), &[1.0, 3.0, 3.0, 3.0]), [1, 2]);
        assert_eq!(one(Policy::TopK(1), &[0.0, -0.0, 0.0]), [0]);
        assert_eq!(one(Policy::TopK(1), &[-0.0, 0.0]), [0]);
        assert_eq!(one(Policy::TopK(3), &[1.0, 2.0, 3.0]), [0, 1, 2]);
    }

    #[test]
    fn max_keeps_scores_near_the_largest() {
        let scores = [4.0, 1.0, 2.0, -3.0];
        assert_eq!(one(Policy::Max { tau: 0.5 }, &scores), [0, 2]);
        assert_eq!(one(Policy::Max { tau: 0.0 }, &scores), [0]);
        assert_eq!(one(Policy::Max { tau: 1.0 }, &scores), [0, 1, 2]);
        assert_eq!(one(Policy::Max { tau: 0.9 }, &[-2.0, -1.0]), [1]);
        assert_eq!(one(Policy::Max { tau: 0.9 }, &[0.0, 0.0]), [0]);
    }

    #[test]
    fn share_takes_the_shortest_prefix() {
        let scores = [1.0, 5.0, 2.0, 0.0, 2.0];
        assert_eq!(one(Policy::Share { tau: 0.5 }, &scores), [1]);
        assert_eq!(one(Policy::Share { tau: 0.6 }, &scores), [1, 2]);
        assert_eq!(one(Policy::Share { tau: 1.0 }, &scores), [0, 1, 2, 4]);
        assert_eq!(one(Policy::Share { tau: 0.0 }, &scores), [1]);
        assert_eq!(one(Policy::Share { tau: 1.0 }, &[-1.0, 0.0]), [1]);
    }

    #[test]
    fn all_experts_need_no_scores() {
        for policy in [Policy::All, Policy::TopK(3)] {
            assert!(policy.is_all(3));
            let selection = policy.select(&[2.0, -1.0, 0.0], 3).unwrap();
            assert_eq!(selection, Selection::all(1, 3));
        }
        for policy in [
            Policy::TopK(2),
            Policy::Max { tau: 1.0 },
            Policy::Share { tau: 1.0 },
        ] {
            assert!(!policy.is_all(3));
        }
    }

    #[test]
    fn mistakes_are_errors() {
        let chosen = |k| Policy::TopK(k).select(&[1.0; 4], 4);
        assert!(matches!(chosen(0), Err(Error::Chosen { k: 0, .. })));
        assert!(matches!(chosen(5), Err(Error::Chosen { k: 5, .. })));
        let nan = Policy::All.select(&[1.0, f32::NAN, 1.0, 1.0], 2);
        assert!(matches!(
            nan,
            Err(Error::NotFinite {
                row: 0,
                column: 1,
                ..
            })
        ));
        assert!(Policy::All.select(&[1.0; 3], 2).is_err());
        assert!(Policy::Max { tau: f64::NAN }.check(2).is_err());
        assert!(Policy::Share { tau: 1.1 }.check(2).is_err());
        assert!(Selection::from_lists(&[[0_u32, 0]], 2).is_err());
        assert!(Selection::from_lists(&[[2_u32]], 2).is_err());
    }
}
