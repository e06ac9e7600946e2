//! Random tails that are not known to be right.

use rand::{Rng, RngExt};

use super::config::NegativeFilter;
use crate::Result;
use crate::data::kg::{KnowledgeGraph, KnownTails, Triple};

/// Draws negatives evenly from the entities that the filter leaves.
#[derive(Debug, Clone)]
pub struct NegativeSampler {
    known: KnownTails,
    entities: u32,
    negatives: usize,
}

impl NegativeSampler {
    /// A sampler of `negatives` tails for each triple of `graph`.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming a head and a relation of which all entities are
    /// known tails.
    pub fn new(graph: &KnowledgeGraph, filter: NegativeFilter, negatives: usize) -> Result<Self> {
        let known = match filter {
            NegativeFilter::None => KnownTails::default(),
            NegativeFilter::Train => KnownTails::new(graph.train().iter().copied()),
            NegativeFilter::AllSplits => KnownTails::new(graph.all()),
        };
        let entities = graph.entities().len();
        if let Some(((head, relation), _)) = known.iter().find(|(_, t)| t.len() == entities) {
            let reason = format!(
                "all {entities} entities are tails of `{}` and `{}`, which leaves no negative; choose \
                 a weaker filter",
                graph.entities()[head as usize],
                graph.relations()[relation as usize]
            );
            return Err(plm_core::Error::invalid("negatives", reason).into());
        }
        Ok(Self {
            known,
            entities: entities as u32,
            negatives,
        })
    }

    /// Negatives of each triple.
    pub fn negatives(&self) -> usize {
        self.negatives
    }

    /// Fills `tails` with negatives of `triple`, drawn independently.
    pub fn fill(&self, triple: Triple, rng: &mut impl Rng, tails: &mut [u32]) {
        let known = self.known.of(triple.head, triple.relation);
        let free = self.entities - known.len() as u32;
        for tail in tails {
            let place = rng.random_range(0..free);
            *tail = place + shift(known, place);
        }
    }
}

/// How many of the sorted `known` lie before the free entity number `place`.
fn shift(known: &[u32], place: u32) -> u32 {
    let (mut low, mut high) = (0, known.len());
    while low < high {
        let middle = (low + high) / 2;
        // known[i] - i free entities lie before known[i].
        if known[middle] - middle as u32 <= place {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low as u32
}

#[cfg(test)]
mod tests {
    use plm_core::rng::Seed;
    use proptest::prelude::*;

    use super::*;

    fn graph(entities: usize, splits: [Vec<Triple>; 3]) -> KnowledgeGraph {
        let names = (0..entities).map(|i| i.to_string()).collect();
        KnowledgeGraph::new(names, vec!["r".into()], splits).unwrap()
    }

    fn triple(tail: u32) -> Triple {
        Triple {
            head: 0,
            relation: 0,
            tail,
        }
    }

    #[test]
    fn filters_leave_what_they_say() {
        let graph = graph(
            6,
            [vec![triple(1), triple(4)], vec![triple(2)], vec![triple(5)]],
        );
        for (filter, expected) in [
            (NegativeFilter::None, vec![0, 1, 2, 3, 4, 5]),
            (NegativeFilter::Train, vec![0, 2, 3, 5]),
            (NegativeFilter::AllSplits, vec![0, 3]),
        ] {
            let sampler = NegativeSampler::new(&graph, filter, 1).unwrap();
            let mut tails = vec![0; 12_000];
            sampler.fill(triple(1), &mut Seed::new(1).rng(), &mut tails);
            let mut counts = [0; 6];
            for tail in tails {
                counts[tail as usize] += 1;
            }
            let found: Vec<u32> = (0..6).filter(|i| counts[*i as usize] > 0).collect();
            assert_eq!(found, expected);
            // Even: within 6 deviations of a binomial count.
            let mean = 12_000.0 / expected.len() as f64;
            for tail in expected {
                assert!((f64::from(counts[tail as usize]) - mean).abs() < 6.0 * mean.sqrt());
            }
        }
    }

    #[test]
    fn a_head_of_everything_is_refused() {
        let graph = graph(2, [vec![triple(0), triple(1)], vec![], vec![]]);
        let error = NegativeSampler::new(&graph, NegativeFilter::Train, 1);
        assert!(error.unwrap_err().to_string().contains("`0` and `r`"));
        assert!(NegativeSampler::new(&graph, NegativeFilter::None, 1).is_ok());
    }

    proptest! {
        #[test]
        fn places_are_the_free_entities_in_order(
            known in prop::collection::btree_set(0..40_u32, 0..39),
        ) {
            let known: Vec<u32> = known.into_iter().collect();
            let free: Vec<u32> = (0..40).filter(|i| !known.contains(i)).collect();
            for (place, entity) in free.iter().enumerate() {
                prop_assert_eq!(place as u32 + shift(&known, place as u32), *entity);
            }
        }
    }
}
