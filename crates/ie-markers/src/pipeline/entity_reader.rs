//! Rows of documents for entity models, and entities of their scores.

use std::collections::BTreeSet;

use plm_core::check::finite;
use plm_core::text::Tokenizer;

use super::entities::Plan;
use super::entity_model::EntityRow;
use super::read::{document_windows, name};
use super::report::DataReport;
use super::{Computation, EntityModel};
use crate::Result;
use crate::data::{Document, Entity, PredictedEntity, Score, WordSpan};
use crate::decode::suppress_spans;
use crate::error::at_least_one;
use crate::model::predict;
use crate::spans::candidate_spans;
use crate::train::Labeled;
use crate::window::{SentenceWindows, TruncationReport};

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

    pub(super) fn examples<M: EntityModel>(
        self,
        documents: &[Document],
    ) -> Result<(Vec<Labeled<M::Row>>, DataReport)> {
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
                let mut answers = Vec::new();
                for EntityRow { row, spans } in M::rows(windows, &self.plan.settings, self.ids)? {
                    let labels = M::targets(&spans, &gold);
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
                    report.add(&name, windows, self.lost(windows)?, []);
                    for asked in M::rows(windows, &self.plan.settings, self.ids)? {
                        rows.push(asked.row);
                        places.push((index, at));
                        targets.push(asked.spans);
                    }
                }
            }
            let scores = predict(model, &rows, encoder, batch)?;
            finite(
                "the scores of spans",
                scores.iter().flatten().flatten().map(|&s| f64::from(s)),
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
                    sentence.predicted_entities = self.decode::<M>(answers)?;
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
            let Some(label) = self.plan.labels.label(found.label) else {
                continue;
            };
            entities.push(PredictedEntity {
                entity: Entity {
                    span: found.span,
                    label: label.to_owned(),
                },
                score: Some(Score {
                    raw: found.score.ln(),
                    probability: found.score,
                }),
            });
        }
        entities.sort_by(|a, b| a.entity.cmp(&b.entity));
        Ok(entities)
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
