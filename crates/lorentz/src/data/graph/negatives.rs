//! Pairs of nodes that are no edges, drawn by rejection.

use std::collections::HashSet;

use plm_core::rng::StreamRng;
use rand::RngExt;

use crate::Result;

/// Pairs of nodes that are not in a set: drawing takes memory for the set alone, never for all pairs.
#[derive(Debug, Clone)]
pub struct NegativePairs {
    n_nodes: u32,
    /// Refused pairs, the smaller end first.
    refused: HashSet<(u32, u32)>,
    /// Whether a node and itself count as a pair.
    diagonal: bool,
}

impl NegativePairs {
    /// All pairs of different nodes but `refused`.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where more than three of four pairs are refused, of which
    /// rejection would take long to find another.
    pub fn new(n_nodes: usize, refused: impl IntoIterator<Item = (u32, u32)>) -> Result<Self> {
        Self::build(n_nodes, refused, false)
    }

    /// As [`NegativePairs::new`], with the pairs of a node and itself, which HGCN's code counts as
    /// negatives.
    ///
    /// # Errors
    /// As [`NegativePairs::new`].
    pub fn with_diagonal(
        n_nodes: usize,
        refused: impl IntoIterator<Item = (u32, u32)>,
    ) -> Result<Self> {
        Self::build(n_nodes, refused, true)
    }

    fn build(
        n_nodes: usize,
        refused: impl IntoIterator<Item = (u32, u32)>,
        diagonal: bool,
    ) -> Result<Self> {
        let pairs = Self {
            n_nodes: n_nodes as u32,
            refused: refused.into_iter().map(ordered).collect(),
            diagonal,
        };
        pairs.check()?;
        Ok(pairs)
    }

    /// One pair, all alike likely, the smaller end first.
    pub fn draw(&self, rng: &mut StreamRng) -> (u32, u32) {
        loop {
            let pair = self.any(rng);
            if !self.refused.contains(&pair) {
                return pair;
            }
        }
    }

    /// `count` different pairs, which are refused from now on.
    ///
    /// # Errors
    /// As [`NegativePairs::new`], of the pairs that are left.
    pub fn take(&mut self, count: usize, rng: &mut StreamRng) -> Result<Vec<(u32, u32)>> {
        let mut pairs = Vec::new();
        for _ in 0..count {
            let pair = self.draw(rng);
            self.refused.insert(pair);
            pairs.push(pair);
            self.check()?;
        }
        Ok(pairs)
    }

    fn any(&self, rng: &mut StreamRng) -> (u32, u32) {
        let first = rng.random_range(0..self.n_nodes);
        // One more value than nodes: with it, a node and itself are as likely as any two.
        let second = rng.random_range(0..self.n_nodes + u32::from(self.diagonal));
        if second == self.n_nodes {
            return (first, first);
        }
        if first == second && !self.diagonal {
            return self.any(rng);
        }
        ordered((first, second))
    }

    fn check(&self) -> Result<()> {
        let nodes = u64::from(self.n_nodes);
        let all = match self.diagonal {
            true => nodes * (nodes + 1) / 2,
            false => nodes * nodes.saturating_sub(1) / 2,
        };
        let refused = self.refused.len() as u64;
        if all > 0 && refused * 4 <= all * 3 {
            return Ok(());
        }
        let reason = format!("{refused} of {all} pairs of nodes are refused, at most 3/4 may be");
        Err(plm_core::Error::invalid("negative pairs", reason).into())
    }
}

fn ordered((a, b): (u32, u32)) -> (u32, u32) {
    (a.min(b), a.max(b))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use plm_core::rng::Seed;

    use super::*;

    #[test]
    fn all_pairs_are_alike_likely() {
        let mut rng = Seed::new(1).rng();
        for diagonal in [false, true] {
            let refused = [(1, 0), (2, 3)];
            let pairs = NegativePairs::build(4, refused, diagonal).unwrap();
            let mut counts = HashMap::new();
            for _ in 0..8000 {
                *counts.entry(pairs.draw(&mut rng)).or_insert(0_u32) += 1;
            }
            let expected = if diagonal { 8 } else { 4 };
            assert_eq!(counts.len(), expected);
            for (pair, count) in counts {
                assert!(pair.0 < pair.1 || diagonal && pair.0 == pair.1);
                let share = f64::from(count) / 8000.0 * expected as f64;
                assert!((share - 1.0).abs() < 0.2, "{pair:?}: {share}");
            }
        }
    }

    #[test]
    fn full_graphs_are_refused_instead_of_searched_forever() {
        let complete = (0..4).flat_map(|a| (0..a).map(move |b| (a, b)));
        let error = NegativePairs::new(4, complete).unwrap_err().to_string();
        assert!(error.contains("6 of 6"), "{error}");
        assert!(NegativePairs::new(1, []).is_err());
        assert!(NegativePairs::new(0, []).is_err());
        let mut pairs = NegativePairs::new(4, []).unwrap();
        let mut rng = Seed::new(1).rng();
        assert_eq!(pairs.take(4, &mut rng).unwrap().len(), 4);
        assert!(pairs.take(1, &mut rng).is_err());
    }
}
