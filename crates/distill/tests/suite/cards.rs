//! Teachers behind their cards.

use plm_core::checkpoint::{SaveOptions, fingerprint};
use plm_core::rng::Seed;
use plm_distill::student::{LayerChoice, student_from};
use plm_distill::teacher::{LiveTeacher, Teacher, TeacherOptions};
use plm_distill::{Error, TeacherCard};

use super::support::{device, mini};

#[test]
fn a_card_opens_its_teacher_and_no_other() {
    let device = device();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("model");
    let names = ["bad", "good"].map(str::to_owned);
    let choice = LayerChoice::First { count: 1 };
    let model = student_from(mini(), &choice, &names, Seed::new(1), &device).unwrap();
    model.save(&dir, &SaveOptions::default()).unwrap();
    let path = folder.path().join("teacher.toml");
    let card = TeacherCard {
        path: "model".into(),
        labels: names.to_vec(),
        tokenizer: "plm-mini".to_owned(),
        max_length: 32,
        dataset: None,
        license: None,
        weights: fingerprint(&dir).unwrap(),
    };
    card.save(&path).unwrap();
    let teacher = TeacherCard::open(&path, &device).unwrap();
    let info = teacher.info();
    assert_eq!(info.labels.as_deref(), Some(&names[..]));
    assert_eq!((info.classes, info.max_length, info.layers), (2, 32, 1));

    let hash = info.tokenizer.clone();
    let by_hash = TeacherCard {
        tokenizer: hash,
        ..card.clone()
    };
    by_hash.save(&path).unwrap();
    TeacherCard::open(&path, &device).unwrap();
    let turned: Vec<String> = names.iter().rev().cloned().collect();
    for (wrong, property) in [
        (
            TeacherCard {
                labels: turned,
                ..card.clone()
            },
            "labels",
        ),
        (
            TeacherCard {
                tokenizer: "0".repeat(64),
                ..card.clone()
            },
            "tokenizer",
        ),
        (
            TeacherCard {
                weights: "0".repeat(64),
                ..card
            },
            "weights",
        ),
    ] {
        wrong.save(&path).unwrap();
        let error = TeacherCard::open(&path, &device).unwrap_err();
        let Error::InFile { source, .. } = &error else {
            panic!("{error}");
        };
        assert!(
            matches!(&**source, Error::CardMismatch { what, .. } if *what == property),
            "{error}"
        );
    }
}

#[test]
fn classes_without_names_stay_without() {
    let device = device();
    let folder = tempfile::tempdir().unwrap();
    let names = ["LABEL_0", "LABEL_1"].map(str::to_owned);
    let choice = LayerChoice::First { count: 1 };
    let model = student_from(mini(), &choice, &names, Seed::new(1), &device).unwrap();
    let dir = folder.path().join("model");
    model.save(&dir, &SaveOptions::default()).unwrap();
    let teacher = LiveTeacher::load(&dir, TeacherOptions::default(), &device).unwrap();
    assert_eq!(teacher.info().labels, None);
    let named = teacher.clone().with_labels(["bad", "good"]).unwrap();
    assert_eq!(named.info().labels.as_ref().unwrap()[1], "good");
    let few = teacher.clone().with_labels(["bad"]);
    assert!(matches!(few, Err(Error::Size(_))));
    let twice = teacher.with_labels(["bad", "bad"]);
    assert!(matches!(twice, Err(Error::DuplicateLabel { .. })));
}
