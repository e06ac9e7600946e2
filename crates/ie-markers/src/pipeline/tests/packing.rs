//! Pairs of levitated markers: how many go into a row, in training and in prediction.

use plm_core::rng::Seed;

use super::toy::{base, documents, labels, relations};
use crate::Error;
use crate::data::{Document, Source};
use crate::heads::LevitatedPairConfig;
use crate::layout::MarkerPair;
use crate::markers::{MarkerSet, published_relation_init};
use crate::model::LevitatedPairRelations;
use crate::pack::{PairMarkers, TypedSpan};
use crate::pipeline::{Computation, Purpose, RelationModel, RelationSettings, RelationStage};
use crate::testing::{device, span, toy_document};
use crate::window::{WindowSettings, sentence_windows};

/// A model that knows nothing.
fn stage(settings: RelationSettings) -> Result<RelationStage<LevitatedPairRelations>, Error> {
    let head = LevitatedPairConfig::new(relations().classes());
    RelationStage::create(
        base(0.3, &device()),
        &head,
        labels(),
        relations(),
        settings,
        &published_relation_init(),
        Seed::new(2),
    )
}

/// PURE's way: one pair a row in training, as many as fit in prediction.
fn pure(budget: usize) -> RelationSettings {
    RelationSettings {
        training_limit: Some(1),
        budget: Some(budget),
        ..RelationSettings::new(40)
    }
}

#[test]
fn training_and_prediction_have_limits_of_their_own() {
    // Four words, and so six tokens, of which each is an entity: twelve ordered pairs.
    let subwords = toy_document(&[vec![1; 4]]);
    let windows = sentence_windows(&subwords, 0, &WindowSettings::new(16)).unwrap();
    let entity = |at| TypedSpan {
        span: span(at, at),
        class: None,
    };
    let entities: Vec<TypedSpan> = (0..4).map(entity).collect();
    let markers = PairMarkers {
        subject: MarkerSet::plain(MarkerPair::new(5, 6)),
        object: MarkerSet::plain(MarkerPair::new(7, 8)),
    };
    let sizes = |settings: RelationSettings, purpose| -> Vec<usize> {
        let stage = stage(settings.clone()).unwrap();
        let model = &stage.model().model;
        let rows = model.rows(&windows, &entities, &markers, &settings, purpose);
        rows.unwrap().iter().map(|row| row.pairs.len()).collect()
    };
    let plain = RelationSettings {
        limit: 5,
        ..RelationSettings::new(40)
    };
    assert_eq!(sizes(plain.clone(), Purpose::Train), [5, 5, 2]);
    assert_eq!(sizes(plain, Purpose::Predict), [5, 5, 2]);
    assert_eq!(sizes(pure(6 + 4 * 7 + 3), Purpose::Train), [1; 12]);
    assert_eq!(sizes(pure(6 + 4 * 7 + 3), Purpose::Predict), [7, 5]);
    assert_eq!(sizes(pure(1), Purpose::Predict), [1; 12]);
}

#[test]
fn packing_changes_what_is_learned_together_and_not_what_is_found() {
    let packed = stage(RelationSettings::new(40)).unwrap();
    let alone = stage(pure(30)).unwrap();
    let report = |stage: &RelationStage<LevitatedPairRelations>| {
        let (_, report) = stage.examples(&documents()).unwrap();
        (report.rows, report.targets, report.gold, report.unused)
    };
    // Ordered pairs of sentences with 2, 3, 3, 3, 2, 1 and 2 entities: one sentence a row, or one pair.
    assert_eq!(report(&packed), (6, 24, 8, 0));
    assert_eq!(report(&alone), (24, 24, 8, 0));
    let found = |stage: &RelationStage<LevitatedPairRelations>| {
        let mut documents = documents();
        let how = Computation::default();
        stage.predict(&mut documents, Source::Gold, &how).unwrap();
        let sentences = documents.iter().flat_map(|one: &Document| &one.sentences);
        let relations = sentences.flat_map(|one| &one.predicted_relations);
        relations
            .map(|one| one.relation.clone())
            .collect::<Vec<_>>()
    };
    assert!(!found(&packed).is_empty());
    assert_eq!(found(&packed), found(&alone));
}

#[test]
fn limits_of_nothing_are_refused() {
    let none = RelationSettings {
        training_limit: Some(0),
        ..RelationSettings::new(40)
    };
    for settings in [none, pure(0)] {
        assert!(matches!(stage(settings), Err(Error::Setting { .. })));
    }
}
