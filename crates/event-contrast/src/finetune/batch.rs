use std::ops::Range;

use burn::tensor::Device;
use plm_core::models::EncoderInput;
use plm_core::text::Encoding;

use super::{CandidateSet, EncodedCandidate, EventClassifier, Task, encode_candidate};
use crate::amr::TokenSpan;
use crate::gin::{GraphBatch, SentenceGraphs};
use crate::text::check_encodings;
use crate::{Error, Result};

/// Candidates as a model sees them.
#[derive(Debug)]
pub struct ClassifierBatch<'a> {
    /// How many there are.
    pub candidates: usize,
    pub(super) text: Option<BatchTexts>,
    pub(super) graph: Option<BatchGraphs<'a>>,
}

/// The marked texts, and row and sub-words of all segments.
type BatchTexts = (EncoderInput, Vec<(usize, Range<usize>)>);

/// The graphs of a batch's sentences.
#[derive(Debug)]
pub(super) struct BatchGraphs<'a> {
    pub(super) graphs: &'a SentenceGraphs,
    pub(super) batch: GraphBatch,
    /// The sentences, each once.
    pub(super) sentences: Vec<usize>,
    /// The spans of each candidate, with the place of its sentence.
    pub(super) spans: Vec<(usize, TokenSpan)>,
}

/// Candidates with their encoded texts, where the model reads any.
pub(super) struct Prepared<'a> {
    pub(super) set: CandidateSet<'a>,
    /// Numbers of the candidates that can be classified.
    pub(super) usable: Vec<usize>,
    /// The text of each usable candidate; empty without text encoder.
    encoded: Vec<EncodedCandidate>,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(model: &EventClassifier, set: CandidateSet<'a>) -> Result<Self> {
        let task = model.config.task;
        if model.gin.is_some() && set.graphs.is_none() {
            return Err(Error::invalid(
                "graphs",
                "are missing; the model has a graph network",
            ));
        }
        let (mut usable, mut encoded) = (Vec::new(), Vec::new());
        for (number, candidate) in set.candidates.iter().enumerate() {
            let fail = |reason: String| Err(Error::invalid(format!("candidate {number}"), reason));
            if candidate.argument.is_some() != (task == Task::Arguments) {
                return fail(format!("does not fit the task {task:?}"));
            }
            if candidate.class >= model.config.classes {
                let classes = model.config.classes;
                return fail(format!("has class {} of {classes}", candidate.class));
            }
            let Some(tokens) = set.sentences.get(candidate.sentence) else {
                let count = set.sentences.len();
                return fail(format!("is of sentence {} of {count}", candidate.sentence));
            };
            if model.encoder.is_some() {
                match encode_candidate(set.encoder, set.markers, tokens, candidate)? {
                    Some(found) => encoded.push(found),
                    None => continue,
                }
            }
            usable.push(number);
        }
        if let Some(encoder) = &model.encoder {
            let texts = encoded.iter().map(|each| &each.encoding);
            let numbers = usable.iter().copied();
            check_encodings(encoder, "candidate", numbers.zip(texts))?;
        }
        Ok(Self {
            set,
            usable,
            encoded,
        })
    }

    /// The length of each usable candidate: of its text, or of its sentence.
    pub(super) fn lengths(&self) -> Vec<usize> {
        if self.encoded.is_empty() {
            let sentence = |&number: &usize| self.set.candidates[number].sentence;
            let length = |sentence: usize| self.set.sentences[sentence].len().max(1);
            self.usable
                .iter()
                .map(|number| length(sentence(number)))
                .collect()
        } else {
            self.encoded
                .iter()
                .map(|each| each.encoding.len())
                .collect()
        }
    }

    /// The usable candidates `rows` as a batch for `model`.
    pub(super) fn batch(
        &self,
        model: &EventClassifier,
        rows: &[usize],
        device: &Device,
    ) -> Result<ClassifierBatch<'a>> {
        let text = if model.encoder.is_some() {
            let own = rows.iter().map(|&row| &self.encoded[row]);
            let encodings: Vec<Encoding> = own.clone().map(|each| each.encoding.clone()).collect();
            let segments = own.enumerate().flat_map(|(row, each)| {
                each.segments
                    .iter()
                    .map(move |segment| (row, segment.clone()))
            });
            let segments = segments.collect();
            Some((self.set.encoder.input(&encodings, device)?, segments))
        } else {
            None
        };
        let graph = match (&model.gin, self.set.graphs) {
            (Some(gin), Some(graphs)) => {
                let candidates = || {
                    rows.iter()
                        .map(|&row| self.set.candidates[self.usable[row]])
                };
                let mut sentences: Vec<usize> = candidates().map(|each| each.sentence).collect();
                sentences.sort_unstable();
                sentences.dedup();
                let spans = candidates().flat_map(|each| {
                    let place = sentences.partition_point(|&other| other < each.sentence);
                    let spans = std::iter::once(each.trigger).chain(each.argument);
                    spans.map(move |span| (place, span))
                });
                Some(BatchGraphs {
                    spans: spans.collect(),
                    batch: graphs.batch(&sentences, &gin.config, device)?,
                    sentences,
                    graphs,
                })
            }
            _ => None,
        };
        Ok(ClassifierBatch {
            candidates: rows.len(),
            text,
            graph,
        })
    }
}
