//! Generated sentences as aligned graphs.

use super::GeneratedSentence;
use crate::Result;
use crate::amr::AlignedGraph;
use crate::penman::Reader;

impl GeneratedSentence {
    /// Its graph as it is read from its [JAMR block](Self::jamr).
    ///
    /// # Errors
    /// [`Error`](crate::Error) as the reader gives it; generated blocks have no faults.
    pub fn aligned(&self) -> Result<AlignedGraph> {
        let block = self.jamr();
        let mut reader = Reader::new(block.as_bytes(), &self.document.id);
        reader
            .next()
            .unwrap_or_else(|| Err(crate::Error::format(&self.document.id, "has no graph")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use plm_core::rng::Seed;

    use crate::amr::TokenSpan;
    use crate::data::Filler;
    use crate::generate::{GeneratedSentence, GeneratorConfig, generate};
    use crate::pairs::{PairSettings, SentencePairs, Trigger, extract, gold_pairs};

    fn sentences(names: f64) -> Vec<GeneratedSentence> {
        let config = GeneratorConfig {
            unlabeled: 300,
            labeled: 1,
            development: 1,
            test: 1,
            names,
            ..GeneratorConfig::default()
        };
        generate(&config, Seed::new(5)).unwrap().unlabeled
    }

    fn gold(sentence: &GeneratedSentence) -> SentencePairs {
        let mut pairs = gold_pairs(&sentence.document);
        assert_eq!(pairs.len(), 1);
        pairs.remove(0)
    }

    /// The arguments of `trigger`, without what tells that it happened after another event: `after` and
    /// that event, which the graph has under `time` and gold events have not.
    fn spans(trigger: &Trigger, sentence: &GeneratedSentence) -> BTreeSet<TokenSpan> {
        let nodes = &sentence.graph.nodes;
        let is_event = |concept: &str| concept == "after" || concept.ends_with("-01");
        let temporal = |span: &TokenSpan| {
            let own = Some((span.start, span.end));
            nodes
                .iter()
                .any(|node| node.span == own && is_event(&node.concept))
        };
        let arguments = trigger.arguments.iter().copied();
        arguments.filter(|span| !temporal(span)).collect()
    }
    #[test]
    fn pairs_of_the_graphs_are_the_gold_arguments() {
        let mut compared = 0;
        for sentence in sentences(0.3) {
            let aligned = sentence.aligned().unwrap();
            assert_eq!(aligned.tokens, sentence.tokens());
            let gold = gold(&sentence);
            let settings = PairSettings { keep_named: true };
            let Some(pairs) = extract(&aligned, settings) else {
                assert_eq!(gold.triggers.len(), 1, "{:?}", sentence.tokens());
                continue;
            };
            for trigger in &gold.triggers {
                let of_graph = pairs.triggers.iter().find(|t| t.trigger == trigger.trigger);
                let (found, expected) = (
                    spans(of_graph.unwrap(), &sentence),
                    spans(trigger, &sentence),
                );
                assert_eq!(found, expected, "{:?}", sentence.tokens());
                compared += 1;
            }
        }
        assert!(compared > 300, "{compared}");
    }

    /// Without `keep_named` exactly the named entities are missing.
    #[test]
    fn names_are_dropped() {
        let mut dropped = 0;
        for sentence in sentences(1.0) {
            let aligned = sentence.aligned().unwrap();
            let Some(pairs) = extract(&aligned, PairSettings::default()) else {
                continue;
            };
            let named: BTreeSet<TokenSpan> = sentence
                .graph
                .nodes
                .iter()
                .filter(|node| node.constant)
                .filter_map(|node| node.span)
                .map(|(start, end)| TokenSpan::new(start, end))
                .collect();
            for trigger in &gold(&sentence).triggers {
                let kept: BTreeSet<TokenSpan> = spans(trigger, &sentence)
                    .difference(&named)
                    .copied()
                    .collect();
                dropped += trigger.arguments.len() - kept.len();
                let of_graph = pairs.triggers.iter().find(|t| t.trigger == trigger.trigger);
                let found = of_graph.map(|each| spans(each, &sentence));
                assert_eq!(found.unwrap_or_default(), kept);
            }
        }
        assert!(dropped > 100, "{dropped}");
    }

    #[test]
    fn gold_negatives_are_entities_without_a_role() {
        for sentence in sentences(0.1) {
            for trigger in gold(&sentence).triggers {
                let entities = sentence.document.entities.len();
                let known = trigger.arguments.len() + trigger.negatives.len();
                assert_eq!(known, entities, "{:?}", sentence.tokens());
            }
            let filled = sentence.document.events.iter().flat_map(|e| &e.arguments);
            assert!(filled.clone().count() > 0);
            assert!(
                filled
                    .into_iter()
                    .all(|a| matches!(a.filler, Filler::Entity(_)))
            );
        }
    }
}
