//! Spans that one stage proposes and another one decides on.

use plm_core::rng::Seed;

use super::toy::{base, documents, entity_settings, entity_stage, labels};
use crate::Error;
use crate::data::{Document, Entity, PredictedEntity, Sentence, WordSpan};
use crate::decode::{Overlaps, TagTypes};
use crate::heads::SpanConcatConfig;
use crate::labels::LabelSet;
use crate::model::{MarkerNer, MarkerRelations, SequenceTagger, SpanConcatNer};
use crate::pipeline::{
    Candidates, Computation, EntityModel, EntitySettings, EntityStage, Extractor, Proposals,
};
use crate::spans::candidate_count;
use crate::testing::{device, span};

fn proposed(span: WordSpan, label: &str) -> PredictedEntity {
    let label = label.to_owned();
    PredictedEntity {
        entity: Entity { span, label },
        score: None,
    }
}

fn sentences(documents: &[Document]) -> impl Iterator<Item = &Sentence> {
    documents.iter().flat_map(|one| &one.sentences)
}

fn spans(sentence: &Sentence) -> Vec<WordSpan> {
    let found = sentence.predicted_entities.iter();
    found.map(|one| one.entity.span).collect()
}

fn probability(found: &PredictedEntity) -> f64 {
    found.score.unwrap().probability
}

/// A model that knows nothing, asked about `candidates`; its entities may overlap.
fn markers(candidates: Candidates) -> EntityStage<MarkerNer> {
    let stage = entity_stage(0.3, &device());
    let settings = EntitySettings {
        candidates,
        overlaps: Overlaps::Any,
        ..stage.settings().clone()
    };
    let tokens = stage.markers().to_vec();
    EntityStage::new(stage.model().clone(), labels(), settings, tokens).unwrap()
}

/// The documents with the first entity of each sentence and its words 1 to 2, which are none, as proposals;
/// the latter twice.
fn with_proposals() -> Vec<Document> {
    let mut documents = documents();
    for document in &mut documents {
        document.layers.predicted_entities = true;
        for sentence in &mut document.sentences {
            let gold = sentence.entities.first().map(|one| one.span);
            let mut all: Vec<_> = gold.map(|span| proposed(span, "PER")).into_iter().collect();
            all.extend([proposed(span(1, 2), "ORG"), proposed(span(1, 2), "LOC")]);
            sentence.predicted_entities = all;
        }
    }
    documents
}

#[test]
fn the_most_probable_spans_are_proposed() {
    let head = SpanConcatConfig {
        dropout: 0.0,
        ..SpanConcatConfig::new(labels().classes())
    };
    let (start, seed) = (base(0.3, &device()), Seed::new(1));
    let stage: EntityStage<SpanConcatNer> =
        EntityStage::create(start, &head, labels(), entity_settings(), &[], seed).unwrap();
    let how = Computation::default();
    let propose = |threshold: f64, limit: usize| {
        let mut found = documents();
        let proposals = Proposals { threshold, limit };
        let lost = stage.propose(&mut found, &proposals, &how).unwrap();
        assert!(lost.cut.is_empty(), "{lost}");
        assert!(found.iter().all(|one| one.layers.predicted_entities));
        found
    };
    let (all, best, sure) = (propose(0.0, 256), propose(0.0, 4), propose(0.5, 256));
    let (mut every, mut above) = (0, 0);
    for ((all, best), sure) in sentences(&all).zip(sentences(&best)).zip(sentences(&sure)) {
        // Candidates have up to three words.
        let count = candidate_count(all.words.len(), 3);
        assert_eq!((spans(all).len(), spans(best).len()), (count, 4));
        assert!(spans(best).is_sorted());
        let worst = best.predicted_entities.iter().map(probability);
        let worst = worst.fold(1.0, f64::min);
        for one in &all.predicted_entities {
            let kept = best.predicted_entities.contains(one);
            assert!(kept || probability(one) <= worst, "{one:?}");
            let is_sure = sure.predicted_entities.contains(one);
            assert_eq!(is_sure, probability(one) >= 0.5, "{one:?}");
        }
        every += spans(all).len();
        above += spans(sure).len();
    }
    assert!(0 < above && above < every, "{above} of {every}");
    // What is predicted is more probable than no entity, and so is proposed with its type.
    let mut predicted = documents();
    stage.predict(&mut predicted, &how).unwrap();
    let pairs = sentences(&predicted).zip(sentences(&all));
    for (predicted, all) in pairs {
        for one in &predicted.predicted_entities {
            let same = |other: &&PredictedEntity| other.entity == one.entity;
            let other = all.predicted_entities.iter().find(same).unwrap();
            assert!(probability(other) >= probability(one) - 1e-6, "{one:?}");
        }
    }
    for (threshold, limit) in [(1.5, 4), (f64::NAN, 4), (0.0, 0)] {
        let proposals = Proposals { threshold, limit };
        let refused = stage.propose(&mut documents(), &proposals, &how);
        assert!(matches!(refused, Err(Error::Setting { .. })));
    }
}

#[test]
fn a_stage_decides_on_proposals_alone() {
    let stage = markers(Candidates::Proposed);
    let documents = with_proposals();
    let (examples, report) = stage.examples(&documents).unwrap();
    // Seven sentences of eight have an entity; nine entities more were not proposed.
    assert_eq!((report.targets, report.gold, report.unused), (15, 16, 9));
    let labels = examples.iter().flat_map(|one| &one.labels);
    assert_eq!(labels.filter(|&&class| class > 0).count(), 7);

    // As a stage that looks at all spans says of the same spans.
    let how = Computation::default();
    let (mut found, mut all) = (documents.clone(), documents.clone());
    assert!(stage.predict(&mut found, &how).unwrap().cut.is_empty());
    markers(Candidates::All).predict(&mut all, &how).unwrap();
    let count = |documents: &[Document]| -> usize {
        let each = sentences(documents).map(|one| spans(one).len());
        each.sum()
    };
    let (few, many) = (count(&found), count(&all));
    assert!(0 < few && few < many, "{few} of {many}");
    for ((given, found), all) in sentences(&documents)
        .zip(sentences(&found))
        .zip(sentences(&all))
    {
        let given = spans(given);
        let expected = all.predicted_entities.iter();
        let expected: Vec<_> = expected
            .filter(|one| given.contains(&one.entity.span))
            .collect();
        assert_eq!(found.predicted_entities.len(), expected.len());
        for (one, other) in found.predicted_entities.iter().zip(expected) {
            assert_eq!(one.entity, other.entity);
            assert!((probability(one) - probability(other)).abs() < 1e-4);
        }
    }
}

#[test]
fn proposals_must_be_there_and_are_asked_for_by_saved_stages() {
    let folder = tempfile::tempdir().unwrap();
    let device = device();
    markers(Candidates::Proposed).save(folder.path()).unwrap();
    let stage: EntityStage<MarkerNer> = EntityStage::load(folder.path(), &device).unwrap();
    assert_eq!(stage.settings().candidates, Candidates::Proposed);
    let how = Computation::default();
    let bare = stage.predict(&mut documents(), &how);
    assert!(matches!(bare, Err(Error::Empty { .. })));
    let bare = stage.examples(&documents());
    assert!(matches!(bare, Err(Error::Empty { .. })));
    // A document without any is one that was looked at.
    let mut none = documents();
    none.iter_mut()
        .for_each(|one| one.layers.predicted_entities = true);
    stage.predict(&mut none, &how).unwrap();
    assert!(sentences(&none).all(|one| one.predicted_entities.is_empty()));
    let alone = Extractor::<_, MarkerRelations>::new(stage, None);
    let bare = alone.extract(&["Anna met Carl ."]);
    assert!(matches!(bare, Err(Error::Empty { .. })));
}

#[test]
fn a_tagger_proposes_by_its_tags() {
    // Inside X: .5, .75, .25; inside Y: .25, .125, .5. The fourth word has no tokens.
    let rows: [[f32; 5]; 3] = [
        [0.25, 0.375, 0.125, 0.125, 0.125],
        [0.125, 0.25, 0.5, 0.0, 0.125],
        [0.25, 0.125, 0.125, 0.5, 0.0],
    ];
    let scores = rows.iter().enumerate().map(|(word, row)| {
        let logs = row.map(f32::ln).to_vec();
        (span(word, word), logs)
    });
    let labels = LabelSet::new(["X", "Y"]).unwrap();
    let tags = TagTypes::of_tagger(&labels);
    let found = SequenceTagger::propose(scores.collect(), &tags, 4, 2).unwrap();
    let expected = [
        ((0, 0), 1, 0.25 * 0.875),
        ((0, 1), 0, 0.5 * 0.75 * 0.75),
        ((1, 1), 0, 0.5 * 0.75 * 0.75),
        ((1, 2), 0, 0.5 * 0.75 * 0.25),
        ((2, 2), 1, 0.875 * 0.5),
    ];
    assert_eq!(found.len(), candidate_count(4, 2));
    let possible = found.iter().filter(|one| one.score > 0.0);
    assert_eq!(possible.clone().count(), expected.len());
    for (one, (words, label, score)) in possible.zip(expected) {
        assert_eq!((one.span, one.label), (WordSpan::from(words), label));
        assert!((one.score - score).abs() < 1e-6, "{one:?}, {score}");
    }
}
