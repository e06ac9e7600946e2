//! What the models learn.

use plm_core::models::Pretrained;
use plm_core::rng::Seed;
use plm_core::text::BatchBy;

use super::toy::{
    base, documents, entity_settings, entity_stage, flat_documents, labels, relation_stage,
    relations,
};
use crate::data::{Document, Source};
use crate::encode::MarkerEncoder;
use crate::heads::{
    LevitatedPairConfig, SolidPairConfig, SpanConcatConfig, TaggerConfig, TokenPairConfig,
};
use crate::layout::PairRow;
use crate::markers::published_relation_init;
use crate::metrics::{SymmetricCounting, entity_scores, evaluate};
use crate::model::{
    LevitatedPairRelations, SequenceTagger, SolidPairRelations, SpanConcatNer, TokenPairRelations,
    predict,
};
use crate::pipeline::{
    Computation, Development, EndTypes, EntityModel, EntityStage, Extractor, RelationModel,
    RelationSettings, RelationStage,
};
use crate::testing::{device, devices};
use crate::train::FitSettings;

fn settings(epochs: u64) -> FitSettings {
    FitSettings {
        epochs,
        batch_size: 8,
        lr: 3e-3,
        ..FitSettings::default()
    }
}

#[test]
fn nested_entities_and_relations_are_learned_by_heart() {
    let gold = documents();
    let how = Computation::default();
    for (name, device) in devices() {
        let (entities, report) = entity_stage(0.1, &device)
            .train(&gold, Some(&gold), &settings(60), &how)
            .unwrap();
        assert_eq!((report.data.gold, report.data.unused), (16, 0), "{name}");
        assert_eq!(report.run.best.unwrap().metric, 1.0, "{name}");
        let development = Development {
            documents: &gold,
            entities: Source::Gold,
            counting: SymmetricCounting::Double,
        };
        let relation_settings = RelationSettings {
            end_types: EndTypes::Auxiliary,
            window: RelationSettings::new(40).window.with_context(0),
            ..RelationSettings::new(40)
        };
        let (trained, report) = relation_stage(0.1, relation_settings, &device)
            .train(&gold, Some(development), &settings(200), &how)
            .unwrap();
        assert_eq!((report.data.gold, report.data.unused), (8, 0), "{name}");
        assert_eq!(report.run.best.unwrap().metric, 1.0, "{name}");
        let extractor = Extractor::new(entities, Some(trained));
        let mut predicted = gold.clone();
        let lost = extractor.predict(&mut predicted).unwrap();
        assert!(lost.is_complete(), "{lost}");
        let counting = SymmetricCounting::Double;
        let scores = evaluate(&gold, &predicted, &relations(), counting).unwrap();
        assert_eq!(scores.entities.micro.scores.f1, 1.0, "{name}");
        let missed = &scores.relations;
        assert_eq!(missed.micro.scores.f1, 1.0, "{name}: {missed:?}");
        let missed = &scores.typed_relations;
        assert_eq!(missed.micro.scores.f1, 1.0, "{name}: {missed:?}");

        // The same from raw text, whose sentences are lines here as there.
        let texts: Vec<&str> = gold
            .iter()
            .map(|one| one.text.as_deref().unwrap())
            .collect();
        let found = extractor.extract(&texts).unwrap();
        let named = |number: usize| -> Vec<(&str, &str)> {
            let own = found.texts[number].entities.iter();
            own.map(|one| (one.text.as_str(), one.label.as_str()))
                .collect()
        };
        assert_eq!(named(0)[..2], [("Anna", "PER"), ("Rome", "LOC")], "{name}");
        assert!(named(0).contains(&("University of Rome", "ORG")), "{name}");
        let first = &found.texts[0].relations[0];
        assert_eq!((first.subject, first.object), (0, 1), "{name}");
        assert_eq!(first.label, "lives", "{name}");
        assert!(first.probability > 0.5 && first.probability <= 1.0);
        // A threshold above every probability leaves nothing.
        let mut strict = entity_settings();
        strict.threshold = 1.0;
        let stage = &extractor.entities;
        let model: Pretrained<_> = stage.model().clone();
        let strict = EntityStage::new(model, labels(), strict, stage.markers().to_vec()).unwrap();
        strict.predict(&mut predicted, &how).unwrap();
        let left = predicted.iter().flat_map(|d| &d.sentences);
        assert_eq!(left.map(|s| s.predicted_entities.len()).sum::<usize>(), 0);
    }
}

fn entity_f1<M: EntityModel>(stage: EntityStage<M>, gold: &[Document]) -> f64 {
    let how = Computation::default();
    let (stage, _) = stage.train(gold, None, &settings(80), &how).unwrap();
    let mut predicted = gold.to_vec();
    stage.predict(&mut predicted, &how).unwrap();
    entity_scores(gold, &predicted).unwrap().micro.scores.f1
}

#[test]
fn entity_baselines_learn_them() {
    let device = device();
    let head = SpanConcatConfig {
        dropout: 0.0,
        ..SpanConcatConfig::new(labels().classes())
    };
    let start = base(0.1, &device);
    let seed = Seed::new(1);
    let spans: EntityStage<SpanConcatNer> =
        EntityStage::create(start, &head, labels(), entity_settings(), &[], seed).unwrap();
    assert_eq!(entity_f1(spans, &documents()), 1.0);
    let head = TaggerConfig {
        dropout: 0.0,
        ..TaggerConfig::new(SequenceTagger::head_classes(&labels()))
    };
    let start = base(0.1, &device);
    let tags: EntityStage<SequenceTagger> =
        EntityStage::create(start, &head, labels(), entity_settings(), &[], seed).unwrap();
    // Tags cannot say what lies inside of an entity.
    let (_, report) = tags.examples(&documents()).unwrap();
    assert_eq!((report.gold, report.unused), (16, 2));
    assert_eq!(entity_f1(tags, &flat_documents()), 1.0);
}

fn relation_f1<M: RelationModel>(stage: RelationStage<M>) -> f64 {
    let gold = documents();
    let how = Computation::default();
    let (stage, report) = stage.train(&gold, None, &settings(80), &how).unwrap();
    assert_eq!((report.data.gold, report.data.unused), (8, 0));
    let mut predicted = gold.clone();
    let lost = stage.predict(&mut predicted, Source::Gold, &how).unwrap();
    assert!(lost.cut.is_empty());
    let counting = SymmetricCounting::Double;
    let scores = evaluate(&gold, &predicted, &relations(), counting).unwrap();
    scores.relations.micro.scores.f1
}

#[test]
fn relation_baselines_learn_them() {
    let device = device();
    let init = published_relation_init();
    let settings = RelationSettings {
        typed_markers: true,
        ..RelationSettings::new(40)
    };
    let head = SolidPairConfig {
        dropout: 0.0,
        ..SolidPairConfig::new(relations().classes())
    };
    let (start, seed) = (base(0.1, &device), Seed::new(2));
    let space = relations();
    let solid: RelationStage<SolidPairRelations> =
        RelationStage::create(start, &head, labels(), space, settings, &init, seed).unwrap();
    // Four markers, and four of each of three types: eight were unused, the others are new.
    assert_eq!(solid.markers().len(), 16);
    assert_eq!(relation_f1(solid), 1.0);
    let head = LevitatedPairConfig {
        dropout: 0.0,
        ..LevitatedPairConfig::new(relations().classes())
    };
    let (start, space) = (base(0.1, &device), relations());
    let settings = RelationSettings::new(40);
    let levitated: RelationStage<LevitatedPairRelations> =
        RelationStage::create(start, &head, labels(), space, settings, &init, seed).unwrap();
    assert_eq!(relation_f1(levitated), 1.0);
    let head = TokenPairConfig {
        dropout: 0.0,
        ..TokenPairConfig::new(relations().classes())
    };
    let (start, space) = (base(0.1, &device), relations());
    let settings = RelationSettings::new(40);
    let tokens: RelationStage<TokenPairRelations> =
        RelationStage::create(start, &head, labels(), space, settings, &init, seed).unwrap();
    assert_eq!(relation_f1(tokens), 1.0);
}

#[test]
fn without_inverse_classes_each_direction_is_learned_and_decided() {
    let device = device();
    let (gold, how) = (documents(), Computation::default());
    let space = relations().without_inverses();
    // None, `meets`, which is symmetric, and `in`, `lives` and `works`.
    assert_eq!(space.classes(), 5);
    let head = SolidPairConfig {
        dropout: 0.0,
        ..SolidPairConfig::new(space.classes())
    };
    let pure = RelationSettings {
        typed_markers: true,
        suppress: false,
        ..RelationSettings::new(40)
    };
    let (start, init, seed) = (base(0.1, &device), published_relation_init(), Seed::new(2));
    let stage: RelationStage<SolidPairRelations> =
        RelationStage::create(start, &head, labels(), space, pure, &init, seed).unwrap();
    let (examples, _) = stage.examples(&gold).unwrap();
    // There are two of each relation: `meets` is learned both ways, the others are none the other way.
    let classes: Vec<usize> = examples.iter().map(|one| one.labels[0]).collect();
    let count = |class: usize| classes.iter().filter(|&&own| own == class).count();
    assert_eq!([0, 1, 2, 3, 4].map(count), [14, 4, 2, 2, 2]);

    let (stage, _) = stage.train(&gold, None, &settings(80), &how).unwrap();
    let folder = tempfile::tempdir().unwrap();
    stage.save(folder.path()).unwrap();
    let stage: RelationStage<SolidPairRelations> =
        RelationStage::load(folder.path(), &device).unwrap();
    assert!(!stage.relations().has_inverses());
    let mut found = gold.clone();
    stage.predict(&mut found, Source::Gold, &how).unwrap();
    let counting = SymmetricCounting::Double;
    let scores = evaluate(&gold, &found, stage.relations(), counting).unwrap();
    let f1 = scores.relations.micro.scores.f1;
    assert!(f1 > 0.8, "{f1}");
    // Each ordered pair whose best class is an asymmetric relation has it, whatever the other way says.
    let rows: Vec<PairRow> = examples.iter().map(|one| one.row.clone()).collect();
    let (encoder, by) = (MarkerEncoder::default(), BatchBy::Count(16));
    let scores = predict(&stage.model().model, &rows, encoder, by).unwrap();
    let best = |row: &&Vec<f32>| (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
    let directed = scores.iter().flatten().filter(|row| best(row) > Some(1));
    let sentences = found.iter().flat_map(|one| &one.sentences);
    let relations = sentences.flat_map(|one| &one.predicted_relations);
    let asymmetric = relations.filter(|one| one.relation.label != "meets");
    assert_eq!(asymmetric.count(), directed.count());
}
