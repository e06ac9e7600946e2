//! Which edges are trained on, validated on and tested on.

use std::collections::HashSet;

use plm_core::graph::{Csr, Duplicates};
use plm_core::rng::{Seed, StreamRng};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::dataset::upper_edges;
use super::negatives::NegativePairs;
use super::node_split::check_shares;
use crate::Result;

/// How edges are split.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkSplitConfig {
    /// Share of the edges to validate on.
    pub valid: f64,
    /// Share of the edges to test on.
    pub test: f64,
    /// Negatives as HGCN's code draws them: those of training are all pairs that are no training edges,
    /// so that some epochs train on pairs that are tested on, as negatives, whatever they are; and a
    /// node and itself are a pair. Without it, training never sees a pair that is held out, be it an
    /// edge or not.
    pub hgcn_compat: bool,
}

impl Default for LinkSplitConfig {
    /// HGCN's 5 % and 10 %, with clean negatives.
    fn default() -> Self {
        Self {
            valid: 0.05,
            test: 0.1,
            hgcn_compat: false,
        }
    }
}

/// Edges, and as many pairs that are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSet {
    /// Edges, the smaller end first.
    pub positive: Vec<(u32, u32)>,
    /// Pairs without an edge.
    pub negative: Vec<(u32, u32)>,
}

/// The parts of a split.
#[derive(Debug, Clone)]
pub struct LinkSplit {
    /// Edges that are trained on, and that the network may propagate over.
    pub train: Vec<(u32, u32)>,
    /// Pairs that choose the best epoch.
    pub valid: LinkSet,
    /// Pairs that are reported on.
    pub test: LinkSet,
    n_nodes: usize,
    negatives: NegativePairs,
}

impl LinkSplit {
    /// Splits the edges of a symmetric adjacency at random, each edge into one part.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where the adjacency is not symmetric, the shares reach 1, a part
    /// stays empty, or the graph is too dense to draw negatives.
    pub fn draw(adjacency: &Csr<f32>, config: LinkSplitConfig, seed: Seed) -> Result<Self> {
        check_shares(config.valid, config.test)?;
        if !adjacency.is_symmetric(0.0) {
            return Err(plm_core::Error::invalid("adjacency", "is not symmetric").into());
        }
        let n_nodes = adjacency.n_rows();
        let mut edges = upper_edges(adjacency);
        let total = edges.len();
        edges.shuffle(&mut seed.stream("edges"));
        let [valid, test] =
            [config.valid, config.test].map(|share| (share * total as f64).floor() as usize);
        if valid == 0 || test == 0 {
            let reason = format!("{valid} edges of {total} to validate and {test} to test on");
            return Err(plm_core::Error::invalid("link split", reason).into());
        }
        let train = edges.split_off(valid + test);
        let tested = edges.split_off(valid);

        let make = match config.hgcn_compat {
            true => NegativePairs::with_diagonal,
            false => NegativePairs::new,
        };
        let known = upper_edges(adjacency);
        let mut negatives = make(n_nodes, known.iter().copied())?;
        let mut rng = seed.stream("held out");
        let [valid, test] = [edges, tested].map(|positive| -> Result<LinkSet> {
            Ok(LinkSet {
                negative: negatives.take(positive.len(), &mut rng)?,
                positive,
            })
        });
        if config.hgcn_compat {
            negatives = make(n_nodes, train.iter().copied())?;
        }
        Ok(Self {
            train,
            valid: valid?,
            test: test?,
            n_nodes,
            negatives,
        })
    }

    /// The symmetric adjacency of the training edges.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where there are more than 2³¹ − 1 nodes.
    pub fn train_adjacency(&self) -> Result<Csr<f32>> {
        let edges = Csr::from_edges(self.n_nodes, &self.train, Duplicates::First)?;
        Ok(edges.symmetrize(Duplicates::First)?)
    }

    /// `count` pairs to train on as negatives; a pair may come twice.
    pub fn train_negatives(&self, count: usize, rng: &mut StreamRng) -> Vec<(u32, u32)> {
        (0..count).map(|_| self.negatives.draw(rng)).collect()
    }

    /// How many of `pairs` are edges that are validated or tested on.
    pub fn held_out_edges(&self, pairs: &[(u32, u32)]) -> usize {
        let held = self.valid.positive.iter().chain(&self.test.positive);
        let held: HashSet<(u32, u32)> = held.copied().collect();
        pairs.iter().filter(|pair| held.contains(pair)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A path of 41 nodes.
    fn path() -> Csr<f32> {
        let edges: Vec<(u32, u32)> = (0..40).map(|node| (node, node + 1)).collect();
        let edges = Csr::from_edges(41, &edges, Duplicates::First).unwrap();
        edges.symmetrize(Duplicates::First).unwrap()
    }

    fn split(hgcn_compat: bool, seed: u64) -> LinkSplit {
        let config = LinkSplitConfig {
            hgcn_compat,
            ..LinkSplitConfig::default()
        };
        LinkSplit::draw(&path(), config, Seed::new(seed)).unwrap()
    }

    #[test]
    fn every_edge_is_in_one_part() {
        let split = split(false, 1);
        assert_eq!(
            [split.valid.positive.len(), split.test.positive.len()],
            [2, 4]
        );
        let mut all = [
            split.train.clone(),
            split.valid.positive.clone(),
            split.test.positive.clone(),
        ]
        .concat();
        all.sort_unstable();
        assert_eq!(all, upper_edges(&path()));
        assert_eq!(upper_edges(&split.train_adjacency().unwrap()).len(), 34);
        for set in [&split.valid, &split.test] {
            assert_eq!(set.negative.len(), set.positive.len());
            assert!(set.negative.iter().all(|(a, b)| b - a > 1));
        }
    }

    /// 20 000 draws from 820 pairs: each pair that may be drawn is drawn.
    #[test]
    fn clean_negatives_hold_nothing_that_is_held_out() {
        let held = |split: &LinkSplit, pairs: &[(u32, u32)]| {
            let mut set: HashSet<(u32, u32)> = split.valid.negative.iter().copied().collect();
            set.extend(&split.test.negative);
            pairs.iter().filter(|pair| set.contains(pair)).count()
        };
        let mut rng = Seed::new(3).rng();
        let clean = split(false, 1);
        let pairs = clean.train_negatives(20_000, &mut rng);
        assert_eq!(clean.held_out_edges(&pairs) + held(&clean, &pairs), 0);
        assert!(pairs.iter().all(|(a, b)| b - a > 1));
        let compat = split(true, 1);
        let pairs = compat.train_negatives(20_000, &mut rng);
        assert!(compat.held_out_edges(&pairs) > 0 && held(&compat, &pairs) > 0);
        assert!(pairs.iter().any(|(a, b)| a == b));
        let trained: HashSet<(u32, u32)> = compat.train.iter().copied().collect();
        assert!(pairs.iter().all(|pair| !trained.contains(pair)));
    }

    #[test]
    fn a_seed_gives_the_same_split_and_others_another() {
        let [a, b, c] = [1, 1, 2].map(|seed| split(false, seed));
        assert_eq!((&a.test, &a.train), (&b.test, &b.train));
        assert_ne!(a.test, c.test);
    }

    /// Of a list in one direction, edges from larger to smaller nodes would be lost.
    #[test]
    fn directed_edges_are_refused() {
        let edges: Vec<(u32, u32)> = (0..40).map(|node| (node + 1, node)).collect();
        let directed = Csr::from_edges(41, &edges, Duplicates::First).unwrap();
        let refused = LinkSplit::draw(&directed, LinkSplitConfig::default(), Seed::new(1));
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("adjacency: is not symmetric"), "{error}");
    }

    #[test]
    fn impossible_splits_are_refused() {
        let draw = |valid, test| {
            let config = LinkSplitConfig {
                valid,
                test,
                hgcn_compat: false,
            };
            LinkSplit::draw(&path(), config, Seed::new(1)).is_err()
        };
        assert!(draw(0.5, 0.5) && draw(0.01, 0.1) && draw(f64::NAN, 0.1));
        let complete: Vec<(u32, u32)> = (0..9).flat_map(|a| (0..a).map(move |b| (a, b))).collect();
        let complete = Csr::<f32>::from_edges(9, &complete, Duplicates::First).unwrap();
        let complete = complete.symmetrize(Duplicates::First).unwrap();
        let config = LinkSplitConfig::default();
        let config = LinkSplitConfig {
            valid: 0.1,
            ..config
        };
        assert!(LinkSplit::draw(&complete, config, Seed::new(1)).is_err());
    }
}
