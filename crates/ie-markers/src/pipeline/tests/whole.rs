//! What the whole pipeline keeps: results under other packings, offsets, saved extractors.

use plm_core::rng::Seed;
use plm_core::text::BatchBy;

use super::toy::{base, documents, entity_settings, extractor, labels, relations};
use crate::Error;
use crate::data::{Document, Source};
use crate::encode::MarkerEncoder;
use crate::heads::{NerHeadConfig, RelationHeadConfig};
use crate::markers::{published_entity_init, published_relation_init};
use crate::model::{MarkerNer, MarkerRelations};
use crate::pack::{Axis, Packing};
use crate::pipeline::{
    Computation, EndTypes, EntityModel, EntitySettings, EntityStage, Extraction, Extractor,
    RelationSettings, RelationStage,
};
use crate::testing::{device, devices};

/// The same models, packed otherwise.
fn repacked(old: &Extractor, packing: Packing, limit: usize, objects: usize) -> Extractor {
    let settings = EntitySettings {
        packing,
        limit,
        ..old.entities.settings().clone()
    };
    let entities = &old.entities;
    let markers = entities.markers().to_vec();
    let entities = EntityStage::new(entities.model().clone(), labels(), settings, markers).unwrap();
    let stage = old.relations.as_ref().unwrap();
    let settings = RelationSettings {
        limit: objects,
        ..stage.settings().clone()
    };
    let (model, markers) = (stage.model().clone(), stage.markers().to_vec());
    let stage = RelationStage::new(model, labels(), relations(), settings, markers).unwrap();
    Extractor::new(entities, Some(stage))
}

fn found(extractor: &Extractor) -> Vec<Extraction> {
    let mut documents = documents();
    extractor.predict(&mut documents).unwrap();
    let found = documents.iter().map(Extraction::of);
    found.collect::<Result<_, _>>().unwrap()
}

/// Same spans, labels and relations, and nearly the same probabilities.
#[track_caller]
fn assert_same(a: &[Extraction], b: &[Extraction], name: &str) {
    assert_eq!(a.len(), b.len(), "{name}");
    for (a, b) in a.iter().zip(b) {
        let entities = |one: &Extraction| -> Vec<_> {
            let own = one.entities.iter();
            own.map(|e| (e.sentence, e.words, e.label.clone()))
                .collect()
        };
        let relations = |one: &Extraction| -> Vec<_> {
            let own = one.relations.iter();
            own.map(|r| (r.subject, r.object, r.label.clone(), r.types.clone()))
                .collect()
        };
        assert_eq!(entities(a), entities(b), "{name}");
        assert_eq!(relations(a), relations(b), "{name}");
        let scores = |one: &Extraction| -> Vec<f64> {
            let entities = one.entities.iter().map(|e| e.probability);
            entities
                .chain(one.relations.iter().map(|r| r.probability))
                .collect()
        };
        for (a, b) in scores(a).into_iter().zip(scores(b)) {
            assert!((a - b).abs() < 1e-4, "{name}: {a} {b}");
        }
    }
}

#[test]
fn packing_and_computation_change_nothing() {
    for (device_name, device) in devices() {
        for end_types in [EndTypes::Given, EndTypes::Auxiliary] {
            let settings = RelationSettings {
                end_types,
                ..RelationSettings::new(40)
            };
            let extractor = extractor(settings, &device);
            let expected = found(&extractor);
            let count = |of: fn(&Extraction) -> usize| expected.iter().map(of).sum::<usize>();
            assert!(count(|one| one.entities.len()) > 10, "{device_name}");
            assert!(count(|one| one.relations.len()) > 5, "{device_name}");
            for (packing, limit, objects) in [
                (Packing::Natural, 3, 1),
                (Packing::Shuffled(Seed::new(4)), 5, 2),
                (Packing::GroupEdge { axis: Axis::End }, 4, 3),
            ] {
                let other = repacked(&extractor, packing, limit, objects);
                let name = format!("{device_name} {end_types:?} {packing:?}");
                assert_same(&found(&other), &expected, &name);
            }
            for encoder in [MarkerEncoder::Dense, MarkerEncoder::Factorized] {
                let mut other = extractor.clone();
                other.computation = Computation {
                    encoder,
                    batch: BatchBy::Count(3),
                    documents: 1,
                };
                let name = format!("{device_name} {end_types:?} {encoder:?}");
                assert_same(&found(&other), &expected, &name);
            }
        }
    }
}

#[test]
fn offsets_are_those_of_the_text() {
    let extractor = extractor(RelationSettings::new(40), &device());
    let texts = [
        "Zoë\u{a0}met  Carl.\n\nThe “University of Rome” knows 日本 (Oslo).",
        "",
        "   \n",
        "Anna",
    ];
    let found = extractor.extract(&texts).unwrap();
    assert_eq!(found.texts.len(), texts.len());
    assert!(found.texts[0].entities.len() > 3);
    for (text, extraction) in texts.iter().zip(&found.texts) {
        for entity in &extraction.entities {
            assert_eq!(entity.span.of(text), Some(entity.text.as_str()));
            assert!(!entity.text.trim().is_empty());
            assert!((0.0..=1.0).contains(&entity.probability));
        }
        for relation in &extraction.relations {
            let ends = [relation.subject, relation.object].map(|at| &extraction.entities[at]);
            assert_eq!(ends[0].sentence, ends[1].sentence);
            assert_ne!(relation.subject, relation.object);
        }
    }
    assert!(found.texts[1].entities.is_empty() && found.texts[2].entities.is_empty());
    assert!(found.report.is_complete());
    assert!(extractor.extract::<&str>(&[]).unwrap().texts.is_empty());
}

#[test]
fn a_saved_extractor_finds_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let device = device();
    let settings = RelationSettings {
        typed_markers: true,
        end_types: EndTypes::Auxiliary,
        ..RelationSettings::new(40)
    };
    let extractor = extractor(settings, &device);
    let dir = folder.path().join("both");
    extractor.save(&dir).unwrap();
    let loaded: Extractor = Extractor::from_dir(&dir, &device).unwrap();
    let texts = ["Anna met Carl in Oslo . The University of Rome knows Anna ."];
    let found = extractor.extract(&texts).unwrap();
    assert!(!found.texts[0].relations.is_empty());
    assert_eq!(loaded.extract(&texts).unwrap(), found);

    let alone = Extractor::<_, MarkerRelations>::new(extractor.entities, None);
    let dir = folder.path().join("alone");
    alone.save(&dir).unwrap();
    let loaded: Extractor = Extractor::from_dir(&dir, &device).unwrap();
    assert!(loaded.relations.is_none());
    let again = loaded.extract(&texts).unwrap();
    assert_eq!(again.texts[0].entities, found.texts[0].entities);
    assert!(again.texts[0].relations.is_empty());
    assert!(Extractor::<MarkerNer, MarkerRelations>::from_dir(folder.path(), &device).is_err());
}

#[test]
fn stages_that_do_not_fit_are_refused() {
    let device = device();
    let create = |classes: usize, settings: EntitySettings| {
        let head = NerHeadConfig::new(classes);
        let init = published_entity_init();
        let base = base(0.1, &device);
        EntityStage::<MarkerNer>::create(base, &head, labels(), settings, &init, Seed::new(1))
    };
    let right = MarkerNer::head_classes(&labels());
    let wrong = create(right + 1, entity_settings());
    assert!(matches!(wrong, Err(Error::Size(_))));
    for settings in [
        EntitySettings::new(65),
        EntitySettings::new(2),
        EntitySettings {
            threshold: 1.5,
            ..entity_settings()
        },
        EntitySettings {
            width: 0,
            ..entity_settings()
        },
    ] {
        assert!(matches!(
            create(right, settings),
            Err(Error::Setting { .. })
        ));
    }
    let head = RelationHeadConfig {
        entities: None,
        ..RelationHeadConfig::new(relations().classes(), right)
    };
    let settings = RelationSettings {
        end_types: EndTypes::Auxiliary,
        ..RelationSettings::new(40)
    };
    let init = published_relation_init();
    let (base, space, seed) = (base(0.1, &device), relations(), Seed::new(1));
    let refused = RelationStage::<MarkerRelations>::create(
        base,
        &head,
        labels(),
        space,
        settings,
        &init,
        seed,
    );
    assert!(matches!(refused, Err(Error::Setting { .. })));
    let extractor = extractor(RelationSettings::new(40), &device);
    let none = Computation {
        documents: 0,
        ..Computation::default()
    };
    let mut all = documents();
    assert!(extractor.entities.predict(&mut all, &none).is_err());
    let stage = extractor.relations.unwrap();
    assert!(stage.predict(&mut all, Source::Gold, &none).is_err());
    let bare = Document::new("bare", Vec::new());
    assert!(matches!(Extraction::of(&bare), Err(Error::Empty { .. })));
}
