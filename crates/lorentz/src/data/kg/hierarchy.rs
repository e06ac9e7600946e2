//! Knowledge graphs of a random tree.

use plm_core::Error;
use plm_core::rng::Seed;
use rand::RngExt;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::{KnowledgeGraph, Triple};
use crate::Result;

/// A random tree of entities with four relations that it implies: `parent`, `grandparent`, `domain`
/// (the ancestor just below the root) and `sibling`, which is symmetric. What is held out can be
/// inferred from the rest, as hypernyms can in WordNet.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HierarchyConfig {
    /// Number of entities.
    pub entities: usize,
    /// Mean number of children; a node has 1 to `2 * branching - 1` until all entities are placed.
    pub branching: usize,
    /// Share of the triples to validate with.
    pub valid_share: f64,
    /// Share of the triples to test with.
    pub test_share: f64,
}

impl Default for HierarchyConfig {
    fn default() -> Self {
        Self {
            entities: 300,
            branching: 3,
            valid_share: 0.1,
            test_share: 0.1,
        }
    }
}

/// The relations in the order of their numbers.
const RELATIONS: [&str; 4] = ["parent", "grandparent", "domain", "sibling"];

impl HierarchyConfig {
    /// The graph of `seed`. Every entity and relation keeps a triple to train on, so that a split may be
    /// a little smaller than its share.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting that is out of its limits.
    pub fn generate(&self, seed: Seed) -> Result<KnowledgeGraph> {
        self.check()?;
        let mut rng = seed.stream("hierarchy");
        let mut triples = triples(&self.parents(seed));
        triples.shuffle(&mut rng);

        let mut left = [vec![0_u32; self.entities], vec![0; RELATIONS.len()]];
        for triple in &triples {
            left[0][triple.head as usize] += 1;
            left[0][triple.tail as usize] += 1;
            left[1][triple.relation as usize] += 1;
        }
        let wanted = |share: f64| (triples.len() as f64 * share).round() as usize;
        let room = [wanted(self.valid_share), wanted(self.test_share)];
        let mut splits = [Vec::new(), Vec::new(), Vec::new()];
        for triple in triples {
            let [head, relation, tail] =
                [triple.head, triple.relation, triple.tail].map(|number| number as usize);
            let needed = left[0][head] == 1 || left[0][tail] == 1 || left[1][relation] == 1;
            let split = match () {
                () if needed => 0,
                () if splits[1].len() < room[0] => 1,
                () if splits[2].len() < room[1] => 2,
                () => 0,
            };
            if split > 0 {
                left[0][head] -= 1;
                left[0][tail] -= 1;
                left[1][relation] -= 1;
            }
            splits[split].push(triple);
        }
        let entities = (0..self.entities).map(|node| format!("node{node}"));
        let relations = RELATIONS.map(str::to_owned).to_vec();
        KnowledgeGraph::new(entities.collect(), relations, splits)
    }

    fn check(&self) -> Result<()> {
        let refuse =
            |key: &str, reason: String| Err(Error::config("HierarchyConfig", key, reason).into());
        if !(8..=1 << 20).contains(&self.entities) {
            return refuse(
                "entities",
                format!("is {}, must be 8 to 2^20", self.entities),
            );
        }
        if !(2..=100).contains(&self.branching) {
            return refuse(
                "branching",
                format!("is {}, must be 2 to 100", self.branching),
            );
        }
        for (key, value) in [
            ("valid_share", self.valid_share),
            ("test_share", self.test_share),
        ] {
            if !(0.0..=0.4).contains(&value) {
                return refuse(key, format!("is {value}, must lie in [0, 0.4]"));
            }
        }
        Ok(())
    }

    /// The parent of each node; the root, node 0, is its own. Parents come before their children.
    fn parents(&self, seed: Seed) -> Vec<usize> {
        let mut rng = seed.stream("tree");
        let mut parents = vec![0];
        let mut node = 0;
        while parents.len() < self.entities {
            // The root has several children, so that there are domains.
            let least = if node == 0 { 2 } else { 1 };
            let children = rng.random_range(least..2 * self.branching);
            let room = self.entities - parents.len();
            parents.extend(std::iter::repeat_n(node, children.min(room)));
            node += 1;
        }
        parents
    }
}

/// Everything that the tree implies.
fn triples(parents: &[usize]) -> Vec<Triple> {
    let mut triples = Vec::new();
    let mut domains = vec![0; parents.len()];
    let mut fact = |head: usize, relation: u32, tail: usize| {
        triples.push(Triple {
            head: head as u32,
            relation,
            tail: tail as u32,
        });
    };
    for (node, &parent) in parents.iter().enumerate().skip(1) {
        fact(node, 0, parent);
        domains[node] = if parent == 0 { node } else { domains[parent] };
        if parent != 0 {
            fact(node, 1, parents[parent]);
            fact(node, 2, domains[node]);
        }
    }
    for family in (1..parents.len())
        .collect::<Vec<_>>()
        .chunk_by(|a, b| parents[*a] == parents[*b])
    {
        for &one in family {
            for &other in family.iter().filter(|other| **other != one) {
                fact(one, 3, other);
            }
        }
    }
    triples
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Root 0 with children 1, 2; 1 has 3, 4; 3 has 5.
    #[test]
    fn a_tree_implies_its_relations() {
        let found: BTreeSet<[u32; 3]> = triples(&[0, 0, 0, 1, 1, 3])
            .iter()
            .map(|t| [t.head, t.relation, t.tail])
            .collect();
        let expected = [
            [1, 0, 0],
            [2, 0, 0],
            [3, 0, 1],
            [4, 0, 1],
            [5, 0, 3],
            [3, 1, 0],
            [4, 1, 0],
            [5, 1, 1],
            [3, 2, 1],
            [4, 2, 1],
            [5, 2, 1],
            [1, 3, 2],
            [2, 3, 1],
            [3, 3, 4],
            [4, 3, 3],
        ];
        assert_eq!(found, expected.into_iter().collect());
    }

    #[test]
    fn splits_share_nothing_and_training_sees_everything() {
        for number in 0..5 {
            let seed = Seed::new(number);
            let config = HierarchyConfig::default();
            let graph = config.generate(seed).unwrap();
            assert_eq!(graph, config.generate(seed).unwrap());
            assert_ne!(graph, config.generate(Seed::new(number + 9)).unwrap());
            let all: BTreeSet<Triple> = graph.all().collect();
            assert_eq!(all.len(), graph.all().count());
            for held in [graph.valid(), graph.test()] {
                let share = held.len() as f64 / all.len() as f64;
                assert!((0.08..=0.105).contains(&share), "{share}");
            }
            let seen: BTreeSet<u32> = graph
                .train()
                .iter()
                .flat_map(|t| [t.head, t.tail])
                .collect();
            assert_eq!(seen.len(), config.entities);
            let seen: BTreeSet<u32> = graph.train().iter().map(|t| t.relation).collect();
            assert_eq!(seen.len(), 4);
        }
    }

    #[test]
    fn settings_out_of_limits_are_named() {
        let error =
            |config: HierarchyConfig| config.generate(Seed::new(1)).unwrap_err().to_string();
        let config = HierarchyConfig::default();
        assert!(
            error(HierarchyConfig {
                entities: 7,
                ..config
            })
            .contains("`entities` is 7")
        );
        assert!(
            error(HierarchyConfig {
                branching: 1,
                ..config
            })
            .contains("`branching` is 1")
        );
        let bad = HierarchyConfig {
            test_share: f64::NAN,
            ..config
        };
        assert!(error(bad).contains("`test_share` is NaN"));
    }
}
