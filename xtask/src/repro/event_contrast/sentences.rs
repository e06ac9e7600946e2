//! Sentences with events, and with AMR graphs where there are any.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use plm_core::rng::Seed;
use plm_event_contrast::amr::AlignedGraph;
use plm_event_contrast::data::EventDocument;
use plm_event_contrast::finetune::EventLabels;
use plm_event_contrast::generate::GeneratedSentence;
use plm_event_contrast::liberal::GoldClasses;
use plm_event_contrast::score::{Mention, stratified_subset};
use rand::seq::SliceRandom;

/// Documents with the graph of each of their sentences, or without graphs.
#[derive(Debug, Clone, Default)]
pub(super) struct Sentences {
    pub(super) documents: Vec<EventDocument>,
    /// One for each sentence, document after document.
    pub(super) graphs: Option<Vec<AlignedGraph>>,
}

impl Sentences {
    /// Generated sentences. Of the words that trigger nothing, as many as events are left.
    pub(super) fn generated(sentences: &[GeneratedSentence], seed: Seed) -> Result<Self> {
        let graphs = aligned(sentences)?;
        let thinned = |(at, sentence): (usize, &GeneratedSentence)| {
            let mut document = sentence.document.clone();
            document
                .negative_triggers
                .shuffle(&mut seed.at(at as u64).stream("negatives"));
            document.negative_triggers.truncate(document.events.len());
            document
        };
        Ok(Self {
            documents: sentences.iter().enumerate().map(thinned).collect(),
            graphs: Some(graphs),
        })
    }

    /// A share of the documents in which the types of their first events keep their proportions.
    pub(super) fn share(&self, share: f64, seed: Seed) -> Result<Self> {
        let first = |document: &EventDocument| {
            let event = document.events.first();
            event.map_or(String::new(), |event| event.event_type.clone())
        };
        let labels: Vec<String> = self.documents.iter().map(first).collect();
        let chosen: BTreeSet<usize> = stratified_subset(&labels, share, seed)?
            .into_iter()
            .collect();
        let mut graphs = self.graphs.as_ref().map(|_| Vec::new());
        let mut next = 0;
        for (at, document) in self.documents.iter().enumerate() {
            let own = next..next + document.sentences.len();
            next = own.end;
            if let (Some(all), Some(kept), true) = (&self.graphs, &mut graphs, chosen.contains(&at))
            {
                kept.extend_from_slice(&all[own]);
            }
        }
        let documents = chosen.iter().map(|&at| self.documents[at].clone());
        Ok(Self {
            documents: documents.collect(),
            graphs,
        })
    }

    /// The tokens of each sentence.
    pub(super) fn tokens(&self) -> Vec<Vec<String>> {
        let sentences = self
            .documents
            .iter()
            .flat_map(|document| &document.sentences);
        sentences.map(|sentence| sentence.tokens.clone()).collect()
    }

    /// Gold triggers with their types, and gold arguments with their roles, in sentences numbered over
    /// all documents. Of events that share a trigger, and of roles that share an argument, the first
    /// counts.
    pub(super) fn gold(&self, labels: &EventLabels) -> Result<(GoldClasses, GoldClasses)> {
        let (mut triggers, mut arguments) = (GoldClasses::default(), GoldClasses::default());
        let mut seen = BTreeSet::new();
        let mut add = |gold: &mut GoldClasses, mention: Mention, class: usize| {
            if seen.insert(mention) {
                gold.mentions.push(mention);
                gold.classes.push(class);
            }
        };
        let mut first = 0;
        for document in &self.documents {
            for event in &document.events {
                let class = labels.type_class(&event.event_type)?;
                for (index, mention) in event.mentions.iter().enumerate() {
                    let at = mention.span;
                    let (sentence, trigger) = (first + at.sentence, (at.start, at.end));
                    add(&mut triggers, Mention::trigger(sentence, trigger), class);
                    for argument in &event.arguments {
                        if argument.mention.is_some_and(|mention| mention != index) {
                            continue;
                        }
                        let role = labels.role_class(&argument.role)?;
                        for span in document.spans(argument.filler) {
                            if span.sentence == at.sentence {
                                let span = (span.start, span.end);
                                let mention = Mention::argument(sentence, span, trigger);
                                add(&mut arguments, mention, role);
                            }
                        }
                    }
                }
            }
            first += document.sentences.len();
        }
        Ok((triggers, arguments))
    }

    /// The graphs.
    pub(super) fn graphs(&self) -> Result<&[AlignedGraph]> {
        self.graphs
            .as_deref()
            .context("these sentences have no graphs")
    }
}

/// The graphs of generated sentences.
pub(super) fn aligned(sentences: &[GeneratedSentence]) -> Result<Vec<AlignedGraph>> {
    let graphs: plm_event_contrast::Result<_> =
        sentences.iter().map(GeneratedSentence::aligned).collect();
    Ok(graphs?)
}
