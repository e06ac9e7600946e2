//! Smaller hierarchies.

use plm_core::rng::Seed;
use rand::seq::SliceRandom;

use super::Hierarchy;
use super::closure::invalid;
use crate::Result;

impl Hierarchy {
    /// The nodes that are `top` or below it in some steps, with the pairs between them.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where no node is called `top`.
    pub fn below(&self, top: &str) -> Result<Self> {
        let Some(top) = self.names().iter().position(|name| name == top) else {
            return Err(invalid(&format!("no node is called `{top}`")));
        };
        let reached = self.related().transpose().reach(&[top as u32], u32::MAX)?;
        self.among(reached.nodes)
    }

    /// Nodes drawn evenly, each with all nodes above it, until there are `count` or a few more, with
    /// the pairs between them: a hierarchy as deep as the whole one. Everything if `count` is not below the
    /// number of nodes.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where `count` is 0.
    pub fn sample(&self, count: usize, seed: Seed) -> Result<Self> {
        if count == 0 {
            return Err(invalid(
                "a sample of 0 nodes was asked for, must be at least 1",
            ));
        }
        if count >= self.nodes() {
            return Ok(self.clone());
        }
        let mut order: Vec<u32> = (0..self.nodes() as u32).collect();
        order.shuffle(&mut seed.rng());
        let mut kept = vec![false; self.nodes()];
        let mut nodes = Vec::new();
        let mut open = Vec::new();
        for node in order {
            if nodes.len() >= count {
                break;
            }
            open.push(node);
            while let Some(at) = open.pop() {
                if !std::mem::replace(&mut kept[at as usize], true) {
                    nodes.push(at);
                    open.extend(self.related().row(at as usize).0);
                }
            }
        }
        self.among(nodes)
    }

    /// The pairs between `nodes`, which keep their order.
    fn among(&self, mut nodes: Vec<u32>) -> Result<Self> {
        nodes.sort_unstable();
        let part = self.related().induced(&nodes)?;
        let names = nodes
            .iter()
            .map(|&node| self.names()[node as usize].clone())
            .collect();
        let pairs: Vec<(u32, u32)> = part.graph.entries().map(|(a, b, _)| (a, b)).collect();
        Self::new(names, &pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0 above 1 and 2, 1 above 3 and 4, 2 above 5.
    fn whole() -> Hierarchy {
        let names = ["zero", "one", "two", "three", "four", "five"].map(str::to_owned);
        let pairs = [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2)];
        Hierarchy::new(names.to_vec(), &pairs).unwrap()
    }

    #[test]
    fn parts_below_a_node() {
        let part = whole().below("one").unwrap();
        assert_eq!(part.names(), ["one", "three", "four"]);
        assert_eq!(part.pairs().collect::<Vec<_>>(), [(1, 0), (2, 0)]);
        assert!(
            whole()
                .below("six")
                .unwrap_err()
                .to_string()
                .contains("`six`")
        );
    }

    #[test]
    fn samples_hold_all_that_is_above_their_nodes() {
        let whole = whole();
        for seed in 0..20 {
            for count in 1..6 {
                let sample = whole.sample(count, Seed::new(seed)).unwrap();
                assert!((count..count + 2).contains(&sample.nodes()) || count == 1);
                for (node, name) in sample.names().iter().enumerate() {
                    let there = whole.names().iter().position(|n| n == name).unwrap();
                    assert_eq!(
                        sample.related().row_len(node),
                        whole.related().row_len(there)
                    );
                }
            }
        }
        assert_eq!(whole.sample(6, Seed::new(1)).unwrap(), whole);
        assert!(whole.sample(0, Seed::new(1)).is_err());
    }
}
