//! Rows of documents for relation models, and relations of their scores.

use std::collections::{BTreeSet, HashSet};

use plm_core::text::Tokenizer;

use super::read::{document_windows, name};
use super::relation_decode::Answers;
use super::relation_model::Purpose;
use super::relations::Plan;
use super::report::DataReport;
use super::{Computation, RelationModel};
use crate::Result;
use crate::data::{Document, Entity, RelationMention, Sentence, Source, WordSpan};
use crate::error::at_least_one;
use crate::labels::{LabelSet, NIL, RelationTargets};
use crate::pack::{PairMarkers, TypedSpan};
use crate::train::Learner;
use crate::window::{SentenceWindows, TruncationReport};

/// What makes rows of documents.
#[derive(Clone, Copy)]
pub(super) struct Reader<'s> {
    pub(super) plan: &'s Plan,
    pub(super) markers: &'s PairMarkers,
    pub(super) tokenizer: &'s Tokenizer,
}

/// The entities of `sentence` from `source`, the first of each span.
fn entities(sentence: &Sentence, source: Source) -> Vec<Entity> {
    let mut seen = HashSet::new();
    let all = sentence.entities_from(source).into_iter();
    all.filter(|entity| seen.insert(entity.span))
        .cloned()
        .collect()
}

/// All pairs, each once.
fn pairs(entities: &[Entity]) -> impl Iterator<Item = [WordSpan; 2]> {
    let firsts = entities.iter().enumerate();
    firsts.flat_map(|(at, one)| {
        let others = entities[at + 1..].iter();
        others.map(|other| [one.span, other.span])
    })
}

impl Reader<'_> {
    fn windows(self, documents: &[Document]) -> Result<Vec<Vec<SentenceWindows>>> {
        let settings = &self.plan.settings;
        document_windows(
            documents,
            self.tokenizer,
            settings.empty_words,
            &settings.window,
        )
    }

    /// The spans, with the types that choose their markers.
    fn typed(self, entities: &[Entity]) -> Result<Vec<TypedSpan>> {
        let typed = entities.iter().map(|entity| {
            let class = match self.plan.settings.typed_markers {
                true => Some(self.plan.labels.class(&entity.label)? - 1),
                false => None,
            };
            let span = entity.span;
            Ok(TypedSpan { span, class })
        });
        typed.collect()
    }

    pub(super) fn examples<M: RelationModel>(
        self,
        model: &M,
        documents: &[Document],
    ) -> Result<(Vec<<M as Learner>::Example>, DataReport)> {
        let mut examples = Vec::new();
        let mut report = DataReport::default();
        for (index, windows) in self.windows(documents)?.iter().enumerate() {
            let document = &documents[index];
            let name = name(document, index);
            for (sentence, windows) in document.sentences.iter().zip(windows) {
                let relations = &sentence.relations;
                let ends = relations.iter().map(|one| [one.subject, one.object]);
                let spans = sentence.entities.iter().map(|entity| entity.span);
                report.truncation.add(&name, windows, spans, ends);
                let entities = entities(sentence, Source::Gold);
                let classes = classes(&self.plan.labels, &entities)?;
                let targets = self.plan.relations.targets(relations)?;
                let typed = self.typed(&entities)?;
                let settings = &self.plan.settings;
                let rows = model.rows(windows, &typed, self.markers, settings, Purpose::Train)?;
                let mut asked = BTreeSet::new();
                for row in rows {
                    report.rows += 1;
                    report.targets += row.pairs.len();
                    let mut labels = Vec::with_capacity(row.pairs.len());
                    for pair in &row.pairs {
                        let object = entities[pair.object].span;
                        // An entity has no relation to itself, nor has a row without a subject any: such
                        // targets teach the object's type, and no relation, as in PL-Marker's code.
                        let subject = pair.subject.filter(|&subject| subject != pair.object);
                        labels.push(subject.map_or(NIL, |subject| {
                            let subject = entities[subject].span;
                            asked.insert((subject, object));
                            targets.class(subject, object)
                        }));
                    }
                    let types = row.pairs.iter().map(|pair| classes[pair.object]);
                    examples.push(M::example(row.row, labels, types.collect()));
                }
                self.count(&mut report, relations, &targets, &asked)?;
            }
        }
        Ok((examples, report))
    }

    fn count(
        self,
        report: &mut DataReport,
        relations: &[RelationMention],
        targets: &RelationTargets,
        asked: &BTreeSet<(WordSpan, WordSpan)>,
    ) -> Result<()> {
        let distinct: BTreeSet<&RelationMention> = relations.iter().collect();
        report.gold += distinct.len();
        for relation in distinct {
            let class = self.plan.relations.class(&relation.label)?;
            let pair = (relation.subject, relation.object);
            let used = asked.contains(&pair) && targets.class(pair.0, pair.1) == class;
            report.unused += usize::from(!used);
        }
        Ok(())
    }

    pub(super) fn predict<M: RelationModel>(
        self,
        model: &M,
        documents: &mut [Document],
        source: Source,
        computation: &Computation,
    ) -> Result<TruncationReport> {
        at_least_one("documents", computation.documents)?;
        let computation = &computation.of_stage(self.plan.settings.ablation)?;
        let mut report = TruncationReport::default();
        let mut first = 0;
        for documents in documents.chunks_mut(computation.documents) {
            let windows = self.windows(documents)?;
            let (mut rows, mut places) = (Vec::new(), Vec::new());
            let mut answers: Vec<Vec<Answers>> = Vec::with_capacity(documents.len());
            for (index, (document, sentences)) in documents.iter().zip(&windows).enumerate() {
                let name = name(document, first + index);
                let mut own = Vec::with_capacity(sentences.len());
                for (sentence, windows) in document.sentences.iter().zip(sentences) {
                    let entities = entities(sentence, source);
                    let spans = entities.iter().map(|entity| entity.span);
                    report.add(&name, windows, spans, pairs(&entities));
                    let typed = self.typed(&entities)?;
                    let settings = &self.plan.settings;
                    let purpose = Purpose::Predict;
                    for row in model.rows(windows, &typed, self.markers, settings, purpose)? {
                        rows.push(row.row);
                        places.push((index, own.len(), row.window, row.pairs));
                    }
                    own.push(Answers::new(entities));
                }
                answers.push(own);
            }
            let scores = model.log_probabilities(&rows, computation)?;
            for ((document, sentence, window, pairs), scores) in places.into_iter().zip(scores) {
                let windows = &windows[document][sentence];
                answers[document][sentence].add(windows, window, &pairs, scores)?;
            }
            for (document, answers) in documents.iter_mut().zip(answers) {
                for (sentence, answers) in document.sentences.iter_mut().zip(answers) {
                    sentence.predicted_relations = answers.relations(self.plan)?;
                }
                document.layers.predicted_relations = true;
            }
            first += documents.len();
        }
        Ok(report)
    }
}

fn classes(labels: &LabelSet, entities: &[Entity]) -> Result<Vec<usize>> {
    let classes = entities.iter().map(|entity| labels.class(&entity.label));
    classes.collect()
}
