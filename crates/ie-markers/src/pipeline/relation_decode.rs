//! The relations of one sentence.

use std::collections::HashMap;

use plm_core::check::finite;

use super::EndTypes;
use super::read::best;
use super::relation_model::EntityPair;
use super::relations::Plan;
use crate::Result;
use crate::data::{Entity, PredictedRelation, RelationMention, Score, WordSpan};
use crate::decode::{decode_relations, suppress_relations};
use crate::model::RelationPrediction;
use crate::window::SentenceWindows;

/// What a relation model says about a sentence.
pub(super) struct Answers {
    entities: Vec<Entity>,
    relations: HashMap<[usize; 2], Vec<f32>>,
    /// For each entity the sum of its log-probabilities as an object.
    types: Vec<Vec<f32>>,
}

impl Answers {
    pub(super) fn new(entities: Vec<Entity>) -> Self {
        Self {
            types: vec![Vec::new(); entities.len()],
            relations: HashMap::new(),
            entities,
        }
    }

    /// Adds the log-probabilities of `pairs` in a window: those of pairs that it decides about, and
    /// those of the types of entities that it decides about.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) for a value.
    pub(super) fn add(
        &mut self,
        windows: &SentenceWindows,
        window: usize,
        pairs: &[EntityPair],
        scores: RelationPrediction,
    ) -> Result<()> {
        for (pair, scores) in pairs.iter().zip(&scores.entities) {
            finite("the scores of entity types", scores.iter().copied())?;
            let span = self.entities[pair.object].span;
            if windows.decider(span) != Some(window) {
                continue;
            }
            let sum = &mut self.types[pair.object];
            sum.resize(scores.len(), 0.0);
            sum.iter_mut()
                .zip(scores)
                .for_each(|(sum, &score)| *sum += score);
        }
        for (pair, scores) in pairs.iter().zip(scores.relations) {
            let Some(subject) = pair.subject.filter(|&subject| subject != pair.object) else {
                continue;
            };
            let [one, other] = [subject, pair.object].map(|entity| self.entities[entity].span);
            if windows.pair_decider(one, other) == Some(window) {
                self.relations.insert([subject, pair.object], scores);
            }
        }
        Ok(())
    }

    /// The types of the ends of relations; none for entities that the auxiliary head takes for none.
    fn end_types(&self, plan: &Plan) -> Vec<Option<String>> {
        let entities = self.entities.iter().zip(&self.types);
        let types = entities.map(|(entity, scores)| match plan.settings.end_types {
            EndTypes::Auxiliary if !scores.is_empty() => {
                plan.labels.label(best(scores).0).map(str::to_owned)
            }
            _ => Some(entity.label.clone()),
        });
        types.collect()
    }

    /// The relations, by subject and object.
    pub(super) fn relations(self, plan: &Plan) -> Result<Vec<PredictedRelation>> {
        let types = self.end_types(plan);
        let kept: Vec<bool> = types.iter().map(Option::is_some).collect();
        let spans: Vec<WordSpan> = self.entities.iter().map(|entity| entity.span).collect();
        let mut candidates =
            decode_relations(&plan.relations, &spans, &kept, |subject, object| {
                self.relations.get(&[subject, object]).map(Vec::as_slice)
            })?;
        candidates.retain(|one| one.score.exp() >= plan.settings.threshold);
        let remaining = match plan.settings.suppress {
            true => suppress_relations(&candidates)?,
            false => (0..candidates.len()).collect(),
        };
        let type_of = |span: WordSpan| {
            let at = spans.iter().position(|&other| other == span);
            at.and_then(|at| types[at].clone())
        };
        let mut relations = Vec::with_capacity(remaining.len());
        for found in remaining.into_iter().map(|at| &candidates[at]) {
            // Class 0 is no relation.
            let Some((label, _)) = plan.relations.label(found.label + 1) else {
                continue;
            };
            relations.push(PredictedRelation {
                relation: RelationMention {
                    subject: found.subject,
                    object: found.object,
                    label: label.to_owned(),
                },
                types: type_of(found.subject).zip(type_of(found.object)),
                score: Some(Score {
                    raw: found.score,
                    probability: found.score.exp(),
                }),
            });
        }
        relations.sort_by(|a, b| a.relation.cmp(&b.relation));
        Ok(relations)
    }
}
