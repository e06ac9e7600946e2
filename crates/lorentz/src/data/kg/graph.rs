//! The facts and the names of what they are about.

use serde::{Deserialize, Serialize};

use crate::Result;

/// One fact, as positions in the lists of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Triple {
    /// The entity that it is about.
    pub head: u32,
    /// What it says.
    pub relation: u32,
    /// The other entity.
    pub tail: u32,
}

/// A knowledge graph in three splits. All numbers in its triples are positions in the lists of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnowledgeGraph {
    entities: Vec<String>,
    relations: Vec<String>,
    splits: [Vec<Triple>; 3],
}

impl KnowledgeGraph {
    /// A graph of these names and of triples to train on, to validate with and to test with.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the split and the triple whose entity or relation has
    /// no name, and where there are fewer than two entities or no triples to train on.
    pub fn new(
        entities: Vec<String>,
        relations: Vec<String>,
        splits: [Vec<Triple>; 3],
    ) -> Result<Self> {
        if entities.len() < 2 || u32::try_from(entities.len()).is_err() {
            let reason = format!("{}, need 2 to 2^32 - 1", entities.len());
            return Err(plm_core::Error::invalid("entities", reason).into());
        }
        if splits[0].is_empty() {
            return Err(plm_core::Error::invalid("train", "has no triples").into());
        }
        for (name, triples) in ["train", "valid", "test"].into_iter().zip(&splits) {
            for (at, triple) in triples.iter().enumerate() {
                for (part, value, count) in [
                    ("head", triple.head, entities.len()),
                    ("relation", triple.relation, relations.len()),
                    ("tail", triple.tail, entities.len()),
                ] {
                    if value as usize >= count {
                        let reason = format!("{part} is {value}, but there are {count}");
                        return Err(
                            plm_core::Error::invalid(format!("{name}[{at}]"), reason).into()
                        );
                    }
                }
            }
        }
        Ok(Self {
            entities,
            relations,
            splits,
        })
    }

    /// The names of entities.
    pub fn entities(&self) -> &[String] {
        &self.entities
    }

    /// The names of relations.
    pub fn relations(&self) -> &[String] {
        &self.relations
    }

    /// The triples to train on.
    pub fn train(&self) -> &[Triple] {
        &self.splits[0]
    }

    /// The triples to choose an epoch with.
    pub fn valid(&self) -> &[Triple] {
        &self.splits[1]
    }

    /// The triples to report on.
    pub fn test(&self) -> &[Triple] {
        &self.splits[2]
    }

    /// The triples of all splits.
    pub fn all(&self) -> impl Iterator<Item = Triple> + '_ {
        self.splits.iter().flatten().copied()
    }

    /// This graph with the reciprocal of every triple: of (head, r, tail), (tail, r + R, head) with R
    /// the number of relations (Lacroix et al. 2018, arXiv:1806.07297). Predicting tails then predicts
    /// heads too. Reciprocals follow the triples of their split.
    #[must_use]
    pub fn with_reciprocals(&self) -> Self {
        let count = self.relations.len() as u32;
        let reciprocal = |triple: &Triple| Triple {
            head: triple.tail,
            relation: triple.relation + count,
            tail: triple.head,
        };
        let splits = self.splits.clone().map(|mut triples| {
            let reciprocals: Vec<Triple> = triples.iter().map(reciprocal).collect();
            triples.extend(reciprocals);
            triples
        });
        let mut relations = self.relations.clone();
        relations.extend(self.relations.iter().map(|name| format!("{name}_reverse")));
        Self {
            entities: self.entities.clone(),
            relations,
            splits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn triple(head: u32, relation: u32, tail: u32) -> Triple {
        Triple {
            head,
            relation,
            tail,
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn reciprocals_swap_ends_and_follow_their_split() {
        let splits = [
            vec![triple(0, 0, 1), triple(2, 1, 0)],
            vec![triple(1, 1, 2)],
            vec![],
        ];
        let graph =
            KnowledgeGraph::new(names(&["a", "b", "c"]), names(&["r", "s"]), splits).unwrap();
        let both = graph.with_reciprocals();
        assert_eq!(both.relations(), ["r", "s", "r_reverse", "s_reverse"]);
        assert_eq!(both.train()[..2], *graph.train());
        assert_eq!(both.train()[2..], [triple(1, 2, 0), triple(0, 3, 2)]);
        assert_eq!(both.valid(), [triple(1, 1, 2), triple(2, 3, 1)]);
        assert!(both.test().is_empty());
        assert_eq!(both.all().count(), 6);
    }

    #[test]
    fn triples_without_names_are_refused() {
        let build = |entities: &[&str], splits| {
            KnowledgeGraph::new(names(entities), names(&["r"]), splits)
                .unwrap_err()
                .to_string()
        };
        let bad = [vec![triple(0, 0, 1)], vec![], vec![triple(0, 1, 1)]];
        assert_eq!(
            build(&["a", "b"], bad),
            "test[0]: relation is 1, but there are 1"
        );
        let bad = [vec![triple(0, 0, 1), triple(0, 0, 2)], vec![], vec![]];
        assert_eq!(
            build(&["a", "b"], bad),
            "train[1]: tail is 2, but there are 2"
        );
        let none = [vec![], vec![triple(0, 0, 1)], vec![]];
        assert_eq!(build(&["a", "b"], none), "train: has no triples");
        let one = [vec![triple(0, 0, 0)], vec![], vec![]];
        assert!(build(&["a"], one).starts_with("entities: 1,"));
    }
}
