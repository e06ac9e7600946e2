//! Stages with a mask of their own.

use super::toy::{documents, extractor, labels, relations};
use crate::Error;
use crate::data::Source;
use crate::encode::{MarkerEncoder, MaskAblation};
use crate::pipeline::{
    Computation, EntitySettings, EntityStage, Extractor, RelationSettings, RelationStage,
};
use crate::testing::{device, values};
use crate::train::FitSettings;

/// Everything sees everything from layer `first` on.
fn open(first: usize) -> MaskAblation {
    MaskAblation {
        full_layer: Some(first),
        ..MaskAblation::default()
    }
}

/// The same models under another mask.
fn ablated(plain: &Extractor, ablation: MaskAblation) -> Extractor {
    let stage = &plain.entities;
    let settings = EntitySettings {
        ablation: Some(ablation),
        ..stage.settings().clone()
    };
    let (model, markers) = (stage.model().clone(), stage.markers().to_vec());
    let entities = EntityStage::new(model, labels(), settings, markers).unwrap();
    let stage = plain.relations.as_ref().unwrap();
    let settings = RelationSettings {
        ablation: Some(ablation),
        ..stage.settings().clone()
    };
    let (model, markers) = (stage.model().clone(), stage.markers().to_vec());
    let stage = RelationStage::new(model, labels(), relations(), settings, markers).unwrap();
    Extractor::new(entities, Some(stage))
}

#[test]
fn a_mask_is_saved_and_predicted_with() {
    let device = device();
    let plain = extractor(RelationSettings::new(40), &device);
    let other = ablated(&plain, open(0));
    let texts = ["Anna met Carl in Oslo . The University of Rome knows Anna ."];
    let found = other.extract(&texts).unwrap();
    let entities = plain.extract(&texts).unwrap().texts[0].entities.clone();
    assert_ne!(found.texts[0].entities, entities);
    let between_gold = |one: &Extractor| {
        let mut documents = documents();
        let stage = one.relations.as_ref().unwrap();
        let how = Computation::default();
        stage.predict(&mut documents, Source::Gold, &how).unwrap();
        documents
    };
    assert_ne!(between_gold(&other), between_gold(&plain));

    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("other");
    other.save(&dir).unwrap();
    let loaded: Extractor = Extractor::from_dir(&dir, &device).unwrap();
    assert_eq!(loaded.entities.settings().ablation, Some(open(0)));
    let settings = loaded.relations.as_ref().unwrap().settings();
    assert_eq!(settings.ablation, Some(open(0)));
    assert_eq!(loaded.extract(&texts).unwrap(), found);
    assert_eq!(between_gold(&loaded), between_gold(&other));
}

#[test]
fn a_mask_is_trained_with() {
    let plain = extractor(RelationSettings::new(40), &device());
    let settings = FitSettings {
        epochs: 3,
        lr: 1e-2,
        ..FitSettings::default()
    };
    let weights = |one: &Extractor| {
        let stage = one.entities.clone();
        let how = Computation::default();
        let (stage, _) = stage.train(&documents(), None, &settings, &how).unwrap();
        values(stage.model().model.head.classifier.weight.val())
    };
    let other = ablated(&plain, open(0));
    assert_eq!(weights(&other), weights(&other));
    assert_ne!(weights(&other), weights(&plain));
}

#[test]
fn a_mask_that_would_not_be_saved_is_refused() {
    let plain = extractor(RelationSettings::new(40), &device());
    let encoder = MarkerEncoder::Ablated(open(0));
    let how = Computation {
        encoder,
        ..Computation::default()
    };
    let settings = FitSettings {
        encoder,
        ..FitSettings::default()
    };
    for one in [&plain, &ablated(&plain, open(1))] {
        let mut documents = documents();
        let refused = |error: Error| {
            matches!(
                error,
                Error::Setting {
                    name: "encoder",
                    ..
                }
            )
        };
        let (entities, relations) = (&one.entities, one.relations.as_ref().unwrap());
        let error = entities.predict(&mut documents, &how).unwrap_err();
        assert!(refused(error));
        let error = relations.predict(&mut documents, Source::Gold, &how);
        assert!(refused(error.unwrap_err()));
        let usual = Computation::default();
        let trained = entities.clone().train(&documents, None, &settings, &usual);
        assert!(refused(trained.unwrap_err()));
        let trained = relations.clone().train(&documents, None, &settings, &usual);
        assert!(refused(trained.unwrap_err()));
    }
    let own = ablated(&plain, open(0));
    assert!(own.entities.predict(&mut documents(), &how).is_ok());
}
