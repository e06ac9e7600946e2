//! Precision, recall and F1 of entities and relations.

use std::collections::BTreeMap;

use serde::Serialize;

use plm_core::metrics::{Span, SpanScores, span_scores, span_scores_by_label};

use super::SymmetricCounting;
use super::keys::{self, RelationKey};
use crate::data::{Document, Source};
use crate::labels::RelationSpace;
use crate::{Error, Result};

/// Micro scores, and those of each label.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct LabeledScores {
    /// Over all labels.
    pub micro: SpanScores,
    /// Of each label that occurs in gold or predictions.
    pub by_label: BTreeMap<String, SpanScores>,
}

/// How well entities and relations are found.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Evaluation {
    /// Span and type: Ent.
    pub entities: LabeledScores,
    /// Both spans and the relation: Rel.
    pub relations: LabeledScores,
    /// The types of both entities as well: Rel+.
    pub typed_relations: LabeledScores,
    /// How symmetric relations count.
    pub counting: SymmetricCounting,
    /// Gold entities beyond their sentence. They count as missed, repetitions once.
    pub outside_entities: usize,
    /// Gold relations beyond their sentence. They count as missed, repetitions once.
    pub outside_relations: usize,
}

/// Compares the gold annotations of `gold` with the predictions of `predicted`, which may be the same
/// documents. Relations that `space` does not have count as asymmetric. Gold annotations beyond their
/// sentence ([`Document::outside`]) count as missed.
///
/// A predicted relation has the types that its model gave it, else those of the predicted entities;
/// an end without type matches nothing in Rel+. Of several gold types of a span the first holds.
///
/// # Errors
/// [`Error::DifferentDocuments`] where the words are not the same; [`plm_core::Error::Invalid`] for
/// a span that ends before it starts.
pub fn evaluate(
    gold: &[Document],
    predicted: &[Document],
    space: &RelationSpace,
    counting: SymmetricCounting,
) -> Result<Evaluation> {
    let entities = entity_scores(gold, predicted)?;
    let relations = |typed| {
        relation_scores(
            &keys::relations(gold, Source::Gold, space, counting, typed),
            &keys::relations(predicted, Source::Predicted, space, counting, typed),
        )
    };
    Ok(Evaluation {
        entities,
        relations: relations(false)?,
        typed_relations: relations(true)?,
        counting,
        outside_entities: gold.iter().map(|d| d.outside.entities.len()).sum(),
        outside_relations: gold.iter().map(|d| d.outside.relations.len()).sum(),
    })
}

/// The scores of entities alone, flat or nested: of the sets of spans with their types.
///
/// # Errors
/// As [`evaluate`].
pub fn entity_scores(gold: &[Document], predicted: &[Document]) -> Result<LabeledScores> {
    same_documents(gold, predicted)?;
    let gold = keys::entities(gold, Source::Gold);
    let predicted = keys::entities(predicted, Source::Predicted);
    Ok(LabeledScores {
        micro: span_scores(&gold, &predicted)?,
        by_label: span_scores_by_label(&gold, &predicted)?,
    })
}

fn relation_scores(
    gold: &[Span<RelationKey>],
    predicted: &[Span<RelationKey>],
) -> Result<LabeledScores> {
    type Lists = [Vec<Span<RelationKey>>; 2];
    let mut lists: BTreeMap<String, Lists> = BTreeMap::new();
    for (slot, spans) in [gold, predicted].into_iter().enumerate() {
        for span in spans {
            let lists = lists.entry(span.label.label.clone()).or_default();
            lists[slot].push(span.clone());
        }
    }
    let by_label = lists.into_iter().map(|(label, [gold, predicted])| {
        let scores = span_scores(&gold, &predicted)?;
        Ok((label, scores))
    });
    Ok(LabeledScores {
        micro: span_scores(gold, predicted)?,
        by_label: by_label.collect::<Result<_>>()?,
    })
}

fn same_documents(gold: &[Document], predicted: &[Document]) -> Result<()> {
    let differ = |document: String, reason: String| Error::DifferentDocuments { document, reason };
    if gold.len() != predicted.len() {
        let reason = format!("{} gold and {} predicted", gold.len(), predicted.len());
        return Err(differ("the documents".to_owned(), reason));
    }
    for (index, (ours, theirs)) in gold.iter().zip(predicted).enumerate() {
        let name = || {
            ours.id
                .clone()
                .unwrap_or_else(|| format!("document {index}"))
        };
        let (a, b) = (ours.sentences.len(), theirs.sentences.len());
        if a != b {
            return Err(differ(
                name(),
                format!("{a} gold and {b} predicted sentences"),
            ));
        }
        let mut sentences = ours.sentences.iter().zip(&theirs.sentences);
        if let Some(at) = sentences.position(|(ours, theirs)| ours.words != theirs.words) {
            return Err(differ(name(), format!("sentence {at} has other words")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use plm_core::data::{EntityMention, Relation};
    use proptest::prelude::*;

    use super::*;
    use crate::data::{
        Aside, Entity, PredictedEntity, PredictedRelation, RelationMention, Sentence, WordSpan,
    };
    use crate::decode::decode_relations;

    fn entity(word: usize, label: &str) -> Entity {
        Entity {
            span: WordSpan::new(word, word),
            label: label.to_owned(),
        }
    }

    fn relation(subject: usize, object: usize, label: &str) -> RelationMention {
        RelationMention {
            subject: WordSpan::new(subject, subject),
            object: WordSpan::new(object, object),
            label: label.to_owned(),
        }
    }

    fn found(relation: RelationMention) -> PredictedRelation {
        PredictedRelation {
            relation,
            types: None,
            score: None,
        }
    }

    fn document(sentence: Sentence) -> Vec<Document> {
        vec![Document::new("d", vec![sentence])]
    }

    fn space() -> RelationSpace {
        RelationSpace::new(vec!["sym"], vec!["asym"]).unwrap()
    }

    fn example() -> Vec<Document> {
        let mut sentence = Sentence::new(["a", "b", "c", "d"]);
        sentence.entities = (0..4).map(|word| entity(word, "X")).collect();
        let entities = sentence.entities.iter().cloned();
        sentence.predicted_entities = entities
            .map(|entity| PredictedEntity {
                entity,
                score: None,
            })
            .collect();
        sentence.relations = vec![relation(0, 1, "sym"), relation(2, 3, "asym")];
        sentence.predicted_relations =
            vec![found(relation(1, 0, "sym")), found(relation(0, 3, "asym"))];
        document(sentence)
    }

    #[test]
    fn symmetric_relations_count_twice_or_once_or_in_their_order() {
        let documents = example();
        let scores = |counting| evaluate(&documents, &documents, &space(), counting).unwrap();
        let double = scores(SymmetricCounting::Double).relations;
        let micro = double.micro.scores;
        for value in [micro.precision, micro.recall, micro.f1] {
            assert!((value - 2.0 / 3.0).abs() < 1e-12);
        }
        assert_eq!((double.micro.correct, double.micro.gold), (2, 3));
        assert_eq!(double.by_label["sym"].correct, 2);
        assert_eq!(double.by_label["asym"].scores.f1, 0.0);
        let once = scores(SymmetricCounting::Once).relations.micro;
        assert_eq!((once.correct, once.gold, once.predicted), (1, 2, 2));
        assert_eq!(once.scores.f1, 0.5);
        let directed = scores(SymmetricCounting::OnceDirected).relations.micro;
        let counts = (directed.correct, directed.gold, directed.predicted);
        assert_eq!(counts, (0, 2, 2));
        let directed = directed.scores;
        assert_eq!(
            (directed.precision, directed.recall, directed.f1),
            (0.0, 0.0, 0.0)
        );
    }

    #[test]
    fn the_same_symmetric_relation_in_both_orders_is_one() {
        let mut documents = example();
        let sentence = &mut documents[0].sentences[0];
        sentence.relations.push(relation(1, 0, "sym"));
        sentence
            .predicted_relations
            .push(found(relation(0, 1, "sym")));
        sentence.entities[1].label = "Y".to_owned();
        sentence.predicted_entities[1].entity.label = "Y".to_owned();
        let counts = |counting| {
            let all = evaluate(&documents, &documents, &space(), counting).unwrap();
            let [plain, typed] = [&all.relations, &all.typed_relations].map(|one| one.micro);
            assert_eq!(plain, typed);
            (plain.correct, plain.gold, plain.predicted)
        };
        assert_eq!(counts(SymmetricCounting::Double), (2, 3, 3));
        assert_eq!(counts(SymmetricCounting::Once), (1, 2, 2));
        assert_eq!(counts(SymmetricCounting::OnceDirected), (2, 3, 3));
    }

    #[test]
    fn what_models_find_is_perfect_whatever_the_order_of_gold() {
        let space = space();
        // Class 1 is the symmetric relation.
        let row = [0.0_f32, 9.0, 0.0, 0.0];
        for (subject, object) in [(0, 1), (1, 0)] {
            for entities in [
                [entity(0, "X"), entity(1, "Y")],
                [entity(1, "Y"), entity(0, "X")],
            ] {
                let spans = [entities[0].span, entities[1].span];
                let mut sentence = Sentence::new(["a", "b"]);
                sentence.predicted_entities = entities
                    .iter()
                    .map(|one| PredictedEntity {
                        entity: one.clone(),
                        score: None,
                    })
                    .collect();
                sentence.entities = entities.to_vec();
                sentence.relations = vec![relation(subject, object, "sym")];
                let decoded = decode_relations(&space, &spans, &[true; 2], |_, _| Some(&row[..]));
                let decoded = decoded.unwrap().into_iter();
                sentence.predicted_relations = decoded
                    .map(|one| {
                        found(RelationMention {
                            subject: one.subject,
                            object: one.object,
                            label: space.labels()[one.label].clone(),
                        })
                    })
                    .collect();
                let documents = document(sentence);
                let f1 = |counting| {
                    let all = evaluate(&documents, &documents, &space, counting).unwrap();
                    [&all.relations, &all.typed_relations].map(|one| one.micro.scores.f1)
                };
                let place = format!("{subject} {object} {spans:?}");
                for counting in [SymmetricCounting::Double, SymmetricCounting::Once] {
                    assert_eq!(f1(counting), [1.0; 2], "{place} {counting:?}");
                }
                // Where the order counts, models put the earlier span first.
                let earlier = if subject < object { 1.0 } else { 0.0 };
                let directed = f1(SymmetricCounting::OnceDirected);
                assert_eq!(directed, [earlier; 2], "{place}");
            }
        }
    }

    #[test]
    fn no_predictions_give_zero_and_perfect_ones_one() {
        let mut documents = example();
        let sentence = &mut documents[0].sentences[0];
        sentence.predicted_entities.clear();
        sentence.predicted_relations.clear();
        for counting in [
            SymmetricCounting::Double,
            SymmetricCounting::Once,
            SymmetricCounting::OnceDirected,
        ] {
            let none = evaluate(&documents, &documents, &space(), counting).unwrap();
            for scores in [&none.entities, &none.relations, &none.typed_relations] {
                let micro = scores.micro.scores;
                assert_eq!((micro.precision, micro.recall, micro.f1), (0.0, 0.0, 0.0));
            }
            let mut all = example();
            let sentence = &mut all[0].sentences[0];
            sentence.predicted_relations = sentence.relations.iter().cloned().map(found).collect();
            let all = evaluate(&all, &all, &space(), counting).unwrap();
            for scores in [&all.entities, &all.relations, &all.typed_relations] {
                assert_eq!(scores.micro.scores.f1, 1.0);
            }
        }
    }

    #[test]
    fn strict_relations_need_both_types() {
        let mut documents = example();
        let sentence = &mut documents[0].sentences[0];
        sentence.predicted_relations = vec![found(relation(2, 3, "asym"))];
        sentence.predicted_entities[3].entity.label = "Y".to_owned();
        let scores = |documents: &[Document]| {
            let all = evaluate(documents, documents, &space(), SymmetricCounting::Double).unwrap();
            let strict = all.typed_relations.micro.correct;
            (
                all.entities.micro.correct,
                all.relations.micro.correct,
                strict,
            )
        };
        assert_eq!(scores(&documents), (3, 1, 0));
        let predicted = &mut documents[0].sentences[0].predicted_relations[0];
        predicted.types = Some(("X".to_owned(), "X".to_owned()));
        assert_eq!(scores(&documents), (3, 1, 1));
        // Ends that are no entities match nothing, not even each other.
        let sentence = &mut documents[0].sentences[0];
        sentence.predicted_relations[0].types = None;
        sentence.predicted_entities.truncate(2);
        sentence.entities.truncate(2);
        assert_eq!(scores(&documents), (2, 1, 0));
    }

    #[test]
    fn strict_types_turn_around_with_the_relation() {
        let mut documents = example();
        let sentence = &mut documents[0].sentences[0];
        sentence.entities[1].label = "Y".to_owned();
        sentence.predicted_entities[1].entity.label = "Y".to_owned();
        let all = evaluate(&documents, &documents, &space(), SymmetricCounting::Double).unwrap();
        assert_eq!(all.typed_relations.micro.correct, 2);
    }

    #[test]
    fn sentences_and_documents_are_told_apart() {
        let mut gold = example();
        gold.extend(example());
        gold[0].sentences.push(Sentence::new(["a", "b", "c", "d"]));
        let mut predicted = gold.clone();
        let moved = predicted[0].sentences[0].predicted_entities.remove(0);
        predicted[0].sentences[1].predicted_entities.push(moved);
        let scores = entity_scores(&gold, &predicted).unwrap().micro;
        assert_eq!((scores.correct, scores.gold, scores.predicted), (7, 8, 8));
    }

    #[test]
    fn what_fits_into_no_sentence_is_missed() {
        fn aside<T>(item: T) -> Aside<T> {
            Aside {
                sentence: 0,
                at: 0,
                item,
            }
        }
        let mention = |start, end| EntityMention {
            start,
            end,
            label: "X".to_owned(),
        };
        let relation = |label: &str| Relation {
            subject: (0, 0),
            object: (7, 7),
            label: label.to_owned(),
        };
        let mut documents = example();
        // An entity twice, one whose end lies before its start, and relations of both kinds.
        let outside = &mut documents[0].outside;
        outside.entities = [mention(3, 4), mention(3, 4), mention(4, 3)]
            .map(aside)
            .into();
        outside.relations = vec![aside(relation("sym")), aside(relation("asym"))];
        let turned = Relation {
            subject: (7, 7),
            object: (0, 0),
            ..relation("sym")
        };
        outside.relations.push(aside(turned));
        let scores = |counting| evaluate(&documents, &documents, &space(), counting).unwrap();
        let double = scores(SymmetricCounting::Double);
        let micro = double.entities.micro;
        assert_eq!((micro.correct, micro.gold, micro.predicted), (4, 6, 4));
        assert_eq!((double.outside_entities, double.outside_relations), (3, 3));
        // The example has two hits of three.
        for scores in [&double.relations, &double.typed_relations] {
            let micro = scores.micro;
            assert_eq!((micro.correct, micro.gold, micro.predicted), (2, 6, 3));
        }
        assert_eq!(double.relations.by_label["sym"].gold, 4);
        let once = scores(SymmetricCounting::Once).relations.micro;
        assert_eq!((once.correct, once.gold, once.predicted), (1, 4, 2));
        let directed = scores(SymmetricCounting::OnceDirected).relations.micro;
        let counts = (directed.correct, directed.gold, directed.predicted);
        assert_eq!(counts, (0, 5, 2));
    }

    #[test]
    fn other_texts_are_errors() {
        let gold = example();
        let error =
            |predicted: &[Document]| entity_scores(&gold, predicted).unwrap_err().to_string();
        assert!(error(&[]).contains("1 gold and 0 predicted"));
        let mut other = gold.clone();
        other[0].sentences[0].words[1] = "x".to_owned();
        assert!(error(&other).starts_with("d: sentence 0 has other words"));
        other[0].sentences.clear();
        assert!(error(&other).contains("1 gold and 0 predicted sentences"));
    }

    proptest! {
        #[test]
        fn the_order_of_symmetric_ends_does_not_matter(
            rows in prop::collection::vec((0..3_usize, 0..3_usize, prop::bool::ANY), 0..8),
            guesses in prop::collection::vec((0..3_usize, 0..3_usize, prop::bool::ANY), 0..8),
        ) {
            let name = |sym| if sym { "sym" } else { "asym" };
            let mut sentence = Sentence::new(["a", "b", "c"]);
            sentence.relations = rows.iter().map(|&(a, b, s)| relation(a, b, name(s))).collect();
            let turn = |&(a, b, s): &(usize, usize, bool)| match s {
                true => relation(b, a, "sym"),
                false => relation(a, b, "asym"),
            };
            let mut turned = sentence.clone();
            let mut gold_turned = sentence.clone();
            gold_turned.relations = rows.iter().map(turn).collect();
            let all = guesses.iter();
            sentence.predicted_relations =
                all.clone().map(|&(a, b, s)| found(relation(a, b, name(s)))).collect();
            turned.predicted_relations = all.map(turn).map(found).collect();
            gold_turned.predicted_relations = sentence.predicted_relations.clone();
            let [sentence, turned, gold_turned] = [sentence, turned, gold_turned].map(document);
            for counting in [SymmetricCounting::Double, SymmetricCounting::Once] {
                let score = |documents: &[Document]| {
                    evaluate(documents, documents, &space(), counting).unwrap()
                };
                prop_assert_eq!(score(&sentence), score(&turned));
                prop_assert_eq!(score(&sentence), score(&gold_turned));
            }
        }
    }
}
