//! Rows of documents for entity models, and entities of their scores.

use std::collections::BTreeSet;

use plm_core::check::finite;
use plm_core::text::Tokenizer;

use super::entities::Plan;
use super::entity_model::EntityRow;
use super::read::{document_windows, name};
use super::report::DataReport;
use super::{Candidates, Computation, EntityModel, Proposals};
use crate::data::{Document, Entity, PredictedEntity, Score, Sentence, WordSpan};
use crate::decode::{TagTypes, keep_best, suppress_spans};
use crate::error::at_least_one;
use crate::model::predict;
use crate::spans::candidate_spans;
use crate::train::Labeled;
use crate::window::{SentenceWindows, TruncationReport};
use crate::{Error, Result};

/// The words of a target and the log-probabilities of its classes.
type Answer = (WordSpan, Vec<f32>);

/// What makes rows of documents.
#[derive(Clone, Copy)]
pub(super) struct Reader<'s> {
    plan: &'s Plan,
    ids: &'s [u32],
    tokenizer: &'s Tokenizer,
}

impl<'s> Reader<'s> {
    pub(super) fn of(plan: &'s Plan, ids: &'s [u32], tokenizer: &'s Tokenizer) -> Self {
        Self {
            plan,
            ids,
            tokenizer,
        }
    }

    fn windows(self, documents: &[Document]) -> Result<Vec<Vec<SentenceWindows>>> {
        let settings = &self.plan.settings;
        document_windows(
            documents,
            self.tokenizer,
            settings.empty_words,
            &settings.window,
        )
    }

    /// The spans that `sentence` comes with; none where all are looked at.
    fn proposed(self, sentence: &Sentence) -> Option<BTreeSet<WordSpan>> {
        let spans = sentence.predicted_entities.iter();
        let spans = spans.map(|one| one.entity.span);
        match self.plan.settings.candidates {
            Candidates::All => None,
            Candidates::Proposed => Some(spans.collect()),
        }
    }

    /// Every document has been looked at by the model whose proposals are wanted.
    fn check_proposals(self, documents: &[Document]) -> Result<()> {
        let bare = |document: &Document| {
            let mut sentences = document.sentences.iter();
            let found = sentences.any(|one| !one.predicted_entities.is_empty());
            !(found || document.layers.predicted_entities)
        };
        let wanted = self.plan.settings.candidates == Candidates::Proposed;
        if wanted && documents.iter().any(bare) {
            return Err(Error::Empty {
                what: "proposed spans of a document",
                fix: "let another stage `propose` some, or take `Candidates::All`",
            });
        }
        Ok(())
    }

    pub(super) fn examples<M: EntityModel>(
        self,
        documents: &[Document],
    ) -> Result<(Vec<Labeled<M::Row>>, DataReport)> {
        self.check_proposals(documents)?;
        let mut examples = Vec::new();
        let mut report = DataReport::default();
        for (index, windows) in self.windows(documents)?.iter().enumerate() {
            let document = &documents[index];
            for (sentence, windows) in document.sentences.iter().zip(windows) {
                let mut gold = Vec::new();
                for entity in &sentence.entities {
                    gold.push((entity.span, self.plan.labels.class(&entity.label)?));
                }
                let spans = gold.iter().map(|&(span, _)| span);
                let document = name(document, index);
                report.truncation.add(&document, windows, spans, []);
                let proposed = self.proposed(sentence);
                let settings = &self.plan.settings;
                let mut answers = Vec::new();
                for one in M::rows(windows, proposed.as_ref(), settings, self.ids)? {
                    let EntityRow { row, spans } = one;
                    let labels = M::targets(&spans, &gold, windows.words);
                    report.rows += 1;
                    report.targets += labels.len();
                    let certain = labels.iter().map(|&label| self.certain::<M>(label));
                    answers.extend(spans.into_iter().zip(certain));
                    examples.push(Labeled { row, labels });
                }
                // What the labels would be read as.
                let learned = M::decode(answers).into_iter();
                let learned: BTreeSet<_> = learned.map(|one| (one.span, one.label)).collect();
                let gold: BTreeSet<_> = gold.into_iter().collect();
                report.gold += gold.len();
                report.unused += gold.difference(&learned).count();
            }
        }
        Ok((examples, report))
    }

    /// Log-probabilities that say `class`.
    fn certain<M: EntityModel>(self, class: usize) -> Vec<f32> {
        let mut scores = vec![f32::NEG_INFINITY; M::head_classes(&self.plan.labels)];
        scores[class] = 0.0;
        scores
    }

    pub(super) fn predict<M: EntityModel>(
        self,
        model: &M,
        documents: &mut [Document],
        computation: &Computation,
    ) -> Result<TruncationReport> {
        self.replace(model, documents, computation, |_, answers| {
            self.decode::<M>(answers)
        })
    }

    pub(super) fn propose<M: EntityModel>(
        self,
        model: &M,
        documents: &mut [Document],
        proposals: &Proposals,
        computation: &Computation,
    ) -> Result<TruncationReport> {
        proposals.check()?;
        let tags = TagTypes::of_tagger(&self.plan.labels);
        self.replace(model, documents, computation, |words, answers| {
            self.proposals::<M>(words, answers, &tags, proposals)
        })
    }

    /// Replaces the predicted entities of `documents` by what `decide` makes of the number of words and the
    /// answers of each sentence.
    fn replace<M: EntityModel>(
        self,
        model: &M,
        documents: &mut [Document],
        computation: &Computation,
        decide: impl Fn(usize, Vec<Answer>) -> Result<Vec<PredictedEntity>>,
    ) -> Result<TruncationReport> {
        self.check_proposals(documents)?;
        at_least_one("documents", computation.documents)?;
        let Computation { encoder, batch, .. } =
            computation.of_stage(self.plan.settings.ablation)?;
        let mut report = TruncationReport::default();
        let mut first = 0;
        for documents in documents.chunks_mut(computation.documents) {
            let windows = self.windows(documents)?;
            let (mut rows, mut places, mut targets) = (Vec::new(), Vec::new(), Vec::new());
            for (index, sentences) in windows.iter().enumerate() {
                let name = name(&documents[index], first + index);
                for (at, windows) in sentences.iter().enumerate() {
                    let proposed = self.proposed(&documents[index].sentences[at]);
                    let asked: Vec<WordSpan> = match &proposed {
                        Some(spans) => spans.iter().copied().collect(),
                        None => self.lost(windows)?,
                    };
                    report.add(&name, windows, asked, []);
                    let settings = &self.plan.settings;
                    for asked in M::rows(windows, proposed.as_ref(), settings, self.ids)? {
                        rows.push(asked.row);
                        places.push((index, at));
                        targets.push(asked.spans);
                    }
                }
            }
            let scores = predict(model, &rows, encoder, batch)?;
            finite(
                "the scores of spans",
                scores.iter().flatten().flatten().copied(),
            )?;
            let mut answers: Vec<Vec<Vec<Answer>>> = windows
                .iter()
                .map(|sentences| vec![Vec::new(); sentences.len()])
                .collect();
            for ((place, spans), scores) in places.into_iter().zip(targets).zip(scores) {
                answers[place.0][place.1].extend(spans.into_iter().zip(scores));
            }
            for (document, answers) in documents.iter_mut().zip(answers) {
                for (sentence, answers) in document.sentences.iter_mut().zip(answers) {
                    sentence.predicted_entities = decide(sentence.words.len(), answers)?;
                    sentence.predicted_relations.clear();
                }
                document.layers.predicted_entities = true;
                document.layers.predicted_relations = false;
            }
            first += documents.len();
        }
        Ok(report)
    }

    fn decode<M: EntityModel>(self, answers: Vec<Answer>) -> Result<Vec<PredictedEntity>> {
        let settings = &self.plan.settings;
        let mut candidates = M::decode(answers);
        candidates.retain(|one| one.score >= settings.threshold);
        let mut entities = Vec::new();
        for at in suppress_spans(&candidates, settings.overlaps)? {
            let found = &candidates[at];
            entities.extend(self.predicted(found.span, found.label, found.score));
        }
        entities.sort_by(|a, b| a.entity.cmp(&b.entity));
        Ok(entities)
    }

    /// The spans to propose of a sentence of `words` words, by start and end.
    fn proposals<M: EntityModel>(
        self,
        words: usize,
        answers: Vec<Answer>,
        tags: &TagTypes,
        proposals: &Proposals,
    ) -> Result<Vec<PredictedEntity>> {
        let mut spans = M::propose(answers, tags, words, self.plan.settings.width)?;
        // What is impossible has no logarithm.
        spans.retain(|one| one.score > 0.0 && one.score >= proposals.threshold);
        let best = keep_best(spans, proposals.limit).into_iter();
        // Class 0 is no type.
        let best = best.filter_map(|one| self.predicted(one.span, one.label + 1, one.score));
        Ok(best.collect())
    }

    /// An entity of `class`; none for the class of no entity.
    fn predicted(self, span: WordSpan, class: usize, score: f64) -> Option<PredictedEntity> {
        let label = self.plan.labels.label(class)?.to_owned();
        Some(PredictedEntity {
            entity: Entity { span, label },
            score: Some(Score {
                raw: score.ln(),
                probability: score,
            }),
        })
    }

    /// The spans of words with windows that are in no window as a whole.
    fn lost(self, windows: &SentenceWindows) -> Result<Vec<WordSpan>> {
        if windows.windows.len() <= 1 {
            return Ok(Vec::new());
        }
        let spans = candidate_spans(0..windows.words, self.plan.settings.width)?;
        let lost = spans.filter(|&span| {
            let mut words = span.start..=span.end;
            windows.decider(span).is_none() && !words.any(|word| windows.cut.contains(&word))
        });
        Ok(lost.collect())
    }
}
