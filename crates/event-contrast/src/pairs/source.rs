use super::{PairSettings, SentencePairs, extract, gold_pairs};
use crate::amr::AlignedGraph;
use crate::data::EventDocument;

/// Where trigger-argument pairs for pre-training come from.
#[derive(Debug, Clone, Copy)]
pub enum PairSource<'a> {
    /// AMR graphs, by the rules of [`extract`]: no labels are needed.
    Amr(&'a [AlignedGraph], PairSettings),
    /// Gold events, as [`gold_pairs`] takes them.
    GoldEvents(&'a [EventDocument]),
}

impl PairSource<'_> {
    /// The sentences with pairs, in order; those without are left out.
    pub fn pairs(&self) -> Vec<SentencePairs> {
        match self {
            Self::Amr(graphs, settings) => graphs
                .iter()
                .filter_map(|graph| extract(graph, *settings))
                .collect(),
            Self::GoldEvents(documents) => documents.iter().flat_map(gold_pairs).collect(),
        }
    }
}
