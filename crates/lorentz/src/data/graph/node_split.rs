//! Which nodes are trained on, validated on and tested on.

use std::collections::BTreeSet;

use plm_core::rng::Seed;
use rand::seq::SliceRandom;

use crate::Result;

/// The parts of a split, as node numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSplit {
    /// Nodes whose classes are trained on.
    pub train: Vec<u32>,
    /// Nodes that choose the best epoch.
    pub valid: Vec<u32>,
    /// Nodes that are reported on.
    pub test: Vec<u32>,
}

impl NodeSplit {
    /// `valid` and `test` are the shares of every class that go there, rounded; the rest is trained on.
    /// No node is in two parts.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where the shares are negative or reach 1 together, or a part
    /// stays empty.
    pub fn stratified(labels: &[u32], valid: f64, test: f64, seed: Seed) -> Result<Self> {
        check_shares(valid, test)?;
        let mut classes: Vec<(u32, u32)> = (0..labels.len() as u32)
            .map(|node| (labels[node as usize], node))
            .collect();
        classes.sort_unstable();
        let mut split = Self::empty();
        for class in classes.chunk_by_mut(|a, b| a.0 == b.0) {
            class.shuffle(&mut seed.at(u64::from(class[0].0)).rng());
            let nodes: Vec<u32> = class.iter().map(|(_, node)| *node).collect();
            split.take(
                &nodes,
                [valid, test].map(|share| rounded(share, nodes.len())),
            );
        }
        split.not_empty()
    }

    /// The split of HGCN's code (Chami et al. 2019), made for two classes: as many nodes of class 0 as
    /// of the others to validate and to test on, `valid` and `test` of the smaller side each; the rest
    /// is trained on.
    ///
    /// With more classes its two sides are {y ≠ 0} and {y ≠ 1}, as in that code, and overlap: of the
    /// airport graph's nodes, many are tested on *and* trained on, and some count twice. It is here to
    /// compare with published figures; [`NodeSplit::stratified`] has no such leak, and
    /// [`NodeSplit::overlap`] counts it.
    ///
    /// # Errors
    /// As [`NodeSplit::stratified`].
    pub fn hgcn_compat(labels: &[u32], valid: f64, test: f64, seed: Seed) -> Result<Self> {
        check_shares(valid, test)?;
        let side = |class: u32, name: &str| {
            let mut nodes: Vec<u32> = (0..labels.len() as u32)
                .filter(|&node| labels[node as usize] != class)
                .collect();
            nodes.shuffle(&mut seed.stream(name));
            nodes
        };
        let sides = [side(0, "positive"), side(1, "negative")];
        let smaller = sides[0].len().min(sides[1].len());
        let counts = [valid, test].map(|share| rounded(share, smaller));
        let mut split = Self::empty();
        for nodes in &sides {
            split.take(nodes, counts);
        }
        split.not_empty()
    }

    /// How many different test nodes there are, how many of them are trained on, and how many are
    /// validated on.
    pub fn overlap(&self) -> [usize; 3] {
        let set = |nodes: &[u32]| nodes.iter().copied().collect::<BTreeSet<u32>>();
        let test = set(&self.test);
        let both = |nodes: &[u32]| test.intersection(&set(nodes)).count();
        [test.len(), both(&self.train), both(&self.valid)]
    }

    fn empty() -> Self {
        Self {
            train: Vec::new(),
            valid: Vec::new(),
            test: Vec::new(),
        }
    }

    /// Adds shuffled nodes, the first of them to validate and to test on.
    fn take(&mut self, nodes: &[u32], [valid, test]: [usize; 2]) {
        let (first, rest) = nodes.split_at(valid.min(nodes.len()));
        let (second, rest) = rest.split_at(test.min(rest.len()));
        self.valid.extend(first);
        self.test.extend(second);
        self.train.extend(rest);
    }

    fn not_empty(self) -> Result<Self> {
        for (name, part) in [
            ("training", &self.train),
            ("validation", &self.valid),
            ("test", &self.test),
        ] {
            if part.is_empty() {
                let reason = format!("no {name} node is left; change the shares");
                return Err(plm_core::Error::invalid("node split", reason).into());
            }
        }
        Ok(self)
    }
}

fn rounded(share: f64, count: usize) -> usize {
    (share * count as f64).round() as usize
}

/// Refuses shares that leave nothing to train on.
pub(super) fn check_shares(valid: f64, test: f64) -> Result<()> {
    if valid >= 0.0 && test >= 0.0 && valid + test < 1.0 {
        return Ok(());
    }
    let reason = format!("{valid} to validate and {test} to test on, must stay below 1 together");
    Err(plm_core::Error::invalid("split", reason).into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_class_is_split_alike() {
        let labels: Vec<u32> = (0..100).map(|node| u32::from(node % 5 == 0)).collect();
        let split = NodeSplit::stratified(&labels, 0.1, 0.4, Seed::new(1)).unwrap();
        let ones = |nodes: &[u32]| nodes.iter().filter(|&&n| n % 5 == 0).count();
        assert_eq!(
            [ones(&split.train), ones(&split.valid), ones(&split.test)],
            [10, 2, 8]
        );
        assert_eq!(
            [split.train.len(), split.valid.len(), split.test.len()],
            [50, 10, 40]
        );
        let other = NodeSplit::stratified(&labels, 0.1, 0.4, Seed::new(2)).unwrap();
        assert_ne!(split, other);
    }

    #[test]
    fn the_compatible_split_balances_two_classes_and_leaks_with_more() {
        let two: Vec<u32> = (0..100).map(|node| u32::from(node < 20)).collect();
        let split = NodeSplit::hgcn_compat(&two, 0.1, 0.6, Seed::new(1)).unwrap();
        let ones = |nodes: &[u32]| nodes.iter().filter(|&&n| n < 20).count();
        assert_eq!([ones(&split.valid), split.valid.len()], [2, 4]);
        assert_eq!([ones(&split.test), split.test.len()], [12, 24]);
        assert_eq!(split.overlap(), [24, 0, 0]);
        let four: Vec<u32> = (0..400).map(|node| node % 4).collect();
        let leaky = NodeSplit::hgcn_compat(&four, 0.15, 0.15, Seed::new(1)).unwrap();
        let [distinct, trained, validated] = leaky.overlap();
        assert!(distinct < leaky.test.len() && trained > 0 && validated > 0);
    }

    #[test]
    fn impossible_shares_are_refused() {
        for (valid, test) in [(0.5, 0.5), (-0.1, 0.2), (f64::NAN, 0.1), (0.0, 0.1)] {
            assert!(NodeSplit::stratified(&[0, 1, 0, 1], valid, test, Seed::new(1)).is_err());
        }
    }

    proptest! {
        #[test]
        fn stratified_parts_are_all_nodes_once(
            labels in prop::collection::vec(0_u32..4, 40..120), seed: u64
        ) {
            if let Ok(split) = NodeSplit::stratified(&labels, 0.2, 0.3, Seed::new(seed)) {
                let mut all = [split.train, split.valid, split.test].concat();
                all.sort_unstable();
                prop_assert_eq!(all, (0..labels.len() as u32).collect::<Vec<_>>());
            }
        }
    }
}
