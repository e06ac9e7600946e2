//! Event extraction without labels.

use anyhow::{Context as _, Result};
use plm_event_contrast::amr::{AlignedGraph, TokenSpan};
use plm_event_contrast::finetune::EventLabels;
use plm_event_contrast::gin::{Gin, SentenceGraphs};
use plm_event_contrast::jcsc::{Jcsc, ObjectiveOn};
use plm_event_contrast::liberal::{
    CandidateVectors, GoldClasses, LiberalCandidates, LiberalReport,
};
use plm_event_contrast::pairs::{SentencePairs, extract_any};
use plm_event_contrast::score::LiberalScoring;
use plm_event_contrast::text::EventEncoder;

use super::lab::{BATCH, Lab, PAIRS};
use super::pretrain;
use super::represent::{Names, prepare};
use super::sentences::Sentences;

/// Sentences whose events are to be found without labels.
pub(super) struct Unlabeled {
    pub(super) candidates: LiberalCandidates,
    pub(super) names: Names,
    graphs: Option<SentenceGraphs>,
    pub(super) triggers: GoldClasses,
    arguments: GoldClasses,
    pub(super) types: usize,
    roles: usize,
}

/// A text encoder, and what of it represents a mention.
#[derive(Debug, Clone, Copy)]
pub(super) struct Represented<'e> {
    model: &'e EventEncoder,
    trained_maps: bool,
}

impl<'e> Represented<'e> {
    /// By the maps that pre-training compares, unless the settings ask for states.
    pub(super) fn by_maps(model: &'e EventEncoder) -> Self {
        Self {
            model,
            trained_maps: true,
        }
    }

    /// By the encoder's states: its maps were not trained, and random ones would only disturb.
    pub(super) fn by_states(model: &'e EventEncoder) -> Self {
        Self {
            model,
            trained_maps: false,
        }
    }
}

/// Clusters and their scores.
#[derive(Debug, Clone)]
pub(super) struct Clustered {
    pub(super) vectors: CandidateVectors,
    pub(super) labels: Vec<usize>,
    pub(super) report: LiberalReport,
}

impl Unlabeled {
    /// The candidates that the graphs of `sentences` give.
    pub(super) fn of_graphs(lab: &Lab, sentences: &Sentences) -> Result<Self> {
        let graphs = sentences.graphs()?;
        let pairs: Vec<_> = graphs
            .iter()
            .map(|graph| extract_any(graph, PAIRS))
            .collect();
        let name = |sentence: usize, span| concept(&graphs[sentence], span);
        Self::new(sentences, &pairs, name, Some(pretrain::whole(lab, graphs)?))
    }

    /// The candidates of `pairs`, called as `name` says.
    pub(super) fn new(
        sentences: &Sentences,
        pairs: &[Option<SentencePairs>],
        name: impl Fn(usize, TokenSpan) -> String,
        graphs: Option<SentenceGraphs>,
    ) -> Result<Self> {
        let labels = EventLabels::of(&sentences.documents);
        let (triggers, arguments) = sentences.gold(&labels)?;
        let candidates = LiberalCandidates::new(pairs)?;
        let called = |mentions: &[(usize, TokenSpan)]| {
            let names = mentions
                .iter()
                .map(|&(sentence, span)| name(sentence, span));
            names.collect()
        };
        Ok(Self {
            names: Names {
                triggers: called(&candidates.triggers),
                arguments: called(&candidates.arguments),
            },
            candidates,
            graphs,
            triggers,
            arguments,
            types: labels.types.len(),
            roles: labels.roles.len(),
        })
    }

    /// The candidates as `text` represents them.
    pub(super) fn text(&self, lab: &Lab, text: Represented<'_>) -> Result<CandidateVectors> {
        let states = lab.recipe.clustering.states || !text.trained_maps;
        let candidates = &self.candidates;
        Ok(candidates.text_vectors(text.model, states, &lab.spans, BATCH, &lab.device)?)
    }

    /// The candidates as `gin` represents them.
    pub(super) fn graph(&self, lab: &Lab, gin: &Gin) -> Result<CandidateVectors> {
        let graphs = self.graphs.as_ref().context("no graphs")?;
        let candidates = &self.candidates;
        Ok(candidates.graph_vectors(gin, graphs, BATCH, &lab.device)?)
    }

    /// `vectors` as they are clustered, mentions of a concept alike with `senses`.
    pub(super) fn prepared(&self, vectors: &CandidateVectors, senses: bool) -> CandidateVectors {
        prepare(vectors, &self.names, senses)
    }

    /// Clusters the candidates into as many clusters as there are gold types and roles.
    pub(super) fn cluster(&self, lab: &Lab, vectors: CandidateVectors) -> Result<Clustered> {
        let settings = &lab.recipe.clustering;
        let triggers = self.types.min(self.candidates.triggers.len());
        let arguments = self.roles.clamp(1, self.candidates.arguments.len().max(1));
        let mut jcsc = Jcsc::new(triggers..=triggers, arguments..=arguments);
        jcsc.iterations = settings.rounds;
        jcsc.objective_on = ObjectiveOn::Base;
        jcsc.spectral.k_means.restarts = settings.restarts;
        let fit = self.candidates.cluster(&vectors, &jcsc, None)?;
        let scoring = LiberalScoring::default();
        let report = self
            .candidates
            .score(&fit, &scoring, &self.triggers, &self.arguments)?;
        Ok(Clustered {
            vectors,
            labels: fit.trigger_labels,
            report,
        })
    }

    /// The gold type of each trigger candidate; none for one that triggers nothing.
    pub(super) fn gold_types(&self) -> Vec<Option<usize>> {
        let triggers = self.candidates.triggers.iter();
        triggers
            .map(|(sentence, span)| {
                let mut gold = self.triggers.mentions.iter().zip(&self.triggers.classes);
                gold.find(|(gold, _)| {
                    gold.sentence == *sentence && gold.span == (span.start, span.end)
                })
                .map(|(_, class)| *class)
            })
            .collect()
    }
}

/// The concept of the first node with exactly these tokens; else the tokens.
fn concept(graph: &AlignedGraph, span: TokenSpan) -> String {
    let node = graph.nodes().find(|&node| graph.span(node) == Some(span));
    match node.and_then(|node| graph.concept(node)) {
        Some(concept) => concept.to_owned(),
        None => words(&graph.tokens, span),
    }
}

/// The tokens of `span` in lower case.
pub(super) fn words(tokens: &[String], span: TokenSpan) -> String {
    tokens[span.start..span.end].join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use plm_event_contrast::penman::Reader;

    use super::*;

    #[test]
    fn spans_are_called_by_their_concepts() {
        let text = "# ::tok She Ran away\n(r / run-02~e.1 :ARG0 (s / she~e.0))\n";
        let graph: AlignedGraph = Reader::new(text.as_bytes(), "one").next().unwrap().unwrap();
        assert_eq!(concept(&graph, TokenSpan::new(1, 2)), "run-02");
        assert_eq!(concept(&graph, TokenSpan::new(1, 3)), "ran away");
    }
}
