//! Which tails are known to complete a head and a relation.

use super::Triple;

/// The tails of every (head, relation), sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownTails {
    keys: Vec<(u32, u32)>,
    offsets: Vec<usize>,
    tails: Vec<u32>,
}

impl KnownTails {
    /// Those of `triples`. Triples given twice count once.
    pub fn new(triples: impl IntoIterator<Item = Triple>) -> Self {
        let mut triples: Vec<Triple> = triples.into_iter().collect();
        triples.sort_unstable();
        triples.dedup();
        let mut known = Self::default();
        for triple in triples {
            let key = (triple.head, triple.relation);
            if known.keys.last() != Some(&key) {
                known.keys.push(key);
                known.offsets.push(known.tails.len());
            }
            known.tails.push(triple.tail);
        }
        known.offsets.push(known.tails.len());
        known
    }

    /// The known tails of `head` and `relation` in ascending order; none where there are none.
    pub fn of(&self, head: u32, relation: u32) -> &[u32] {
        match self.keys.binary_search(&(head, relation)) {
            Ok(at) => &self.tails[self.offsets[at]..self.offsets[at + 1]],
            Err(_) => &[],
        }
    }

    /// Every head and relation with its tails.
    pub fn iter(&self) -> impl Iterator<Item = ((u32, u32), &[u32])> {
        self.keys.iter().enumerate().map(|(at, key)| {
            let range = self.offsets[at]..self.offsets[at + 1];
            (*key, &self.tails[range])
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_is_known_of_nothing() {
        let known = KnownTails::new([]);
        assert_eq!(known.of(0, 0), [0_u32; 0]);
        assert_eq!(known.iter().count(), 0);
    }

    proptest! {
        #[test]
        fn tails_are_those_of_a_plain_map(
            triples in prop::collection::vec((0..6_u32, 0..3_u32, 0..6_u32), 0..40),
        ) {
            let mut expected: BTreeMap<(u32, u32), std::collections::BTreeSet<u32>> = BTreeMap::new();
            for (head, relation, tail) in &triples {
                expected.entry((*head, *relation)).or_default().insert(*tail);
            }
            let known = KnownTails::new(triples.into_iter().map(|(head, relation, tail)| Triple {
                head,
                relation,
                tail,
            }));
            for head in 0..7 {
                for relation in 0..4 {
                    let tails: Vec<u32> = expected
                        .get(&(head, relation))
                        .map(|tails| tails.iter().copied().collect())
                        .unwrap_or_default();
                    prop_assert_eq!(known.of(head, relation), tails);
                }
            }
            prop_assert_eq!(known.iter().count(), expected.len());
        }
    }
}
