//! Students: cut, trained, written.

use std::collections::BTreeSet;

use plm_core::checkpoint::{SaveOptions, TensorSource};
use plm_core::models::{EncoderForSequenceClassification, Pretrained};
use plm_core::rng::Seed;
use plm_core::train::{checksum, count_params};
use plm_distill::dynamic::{DynamicSettings, HiddenObjective, Spaced};
use plm_distill::fit::{FitSettings, distill};
use plm_distill::loss::HiddenLoss;
use plm_distill::student::{LayerChoice, Prepared, export, predict, student_from};
use plm_distill::teacher::{LiveTeacher, TeacherOptions};
use plm_distill::{Error, Example, TextEncoder};

use super::support::{device, devices, encoder, fit, labels, mini, texts};

#[test]
fn layers_are_copied_bit_for_bit() {
    for (_, device) in devices() {
        let whole = Pretrained::<EncoderForSequenceClassification>::load_with_new_head(
            mini(),
            3,
            Seed::new(1),
            &device,
        )
        .unwrap();
        for (choice, layers) in [
            (LayerChoice::All, vec![0, 1, 2, 3]),
            (LayerChoice::First { count: 2 }, vec![0, 1]),
            (LayerChoice::EveryNth { n: 2 }, vec![0, 2]),
            (LayerChoice::List { layers: vec![3, 0] }, vec![3, 0]),
        ] {
            let student = student_from(mini(), &choice, &labels(3), Seed::new(1), &device).unwrap();
            let settings = student.settings().unwrap();
            assert_eq!(settings.num_hidden_layers, layers.len());
            assert_eq!(student.model.encoder.layers.len(), layers.len());
            for (own, &layer) in student.model.encoder.layers.iter().zip(&layers) {
                let source = &whole.model.encoder.layers[layer];
                assert_eq!(checksum(own, |_| true), checksum(source, |_| true));
            }
            let embeddings = |model: &EncoderForSequenceClassification| {
                checksum(&model.encoder.embeddings, |_| true)
            };
            assert_eq!(embeddings(&student.model), embeddings(&whole.model));
        }
    }
}

#[test]
fn wrong_layers_are_refused() {
    let choose = |choice: LayerChoice| {
        student_from(mini(), &choice, &labels(2), Seed::new(1), &device())
            .unwrap_err()
            .to_string()
    };
    assert!(choose(LayerChoice::First { count: 5 }).contains('4'));
    let count = usize::MAX;
    assert!(choose(LayerChoice::First { count }).contains("layer 4 of"));
    assert!(choose(LayerChoice::First { count: 0 }).contains("layer"));
    assert!(choose(LayerChoice::EveryNth { n: 0 }).contains("layer"));
    assert!(choose(LayerChoice::List { layers: vec![9] }).contains('9'));
    let one = student_from(
        mini(),
        &LayerChoice::All,
        &labels(1),
        Seed::new(1),
        &device(),
    );
    assert!(matches!(one, Err(Error::Classes { found: 1 })));
    let twice = ["a", "b", "a"].map(str::to_owned);
    let twice = student_from(mini(), &LayerChoice::All, &twice, Seed::new(1), &device());
    assert!(matches!(twice, Err(Error::DuplicateLabel { .. })));
}

/// The names in the file of a classifier with the first `layers` layers of plm-mini.
fn names_in_file(layers: usize) -> BTreeSet<String> {
    let source = TensorSource::open(mini()).unwrap();
    let above = |name: &str| (layers..4).any(|layer| name.contains(&format!(".layer.{layer}.")));
    let kept = source.names();
    let kept = kept.filter(|name| !name.starts_with("cls.") && !above(name));
    let new = ["bert.pooler.dense", "classifier"]
        .iter()
        .flat_map(|name| [format!("{name}.weight"), format!("{name}.bias")]);
    kept.map(str::to_owned).chain(new).collect()
}

#[test]
fn a_written_student_loads_alone() {
    let device = device();
    let folder = tempfile::tempdir().unwrap();
    let choice = LayerChoice::First { count: 1 };
    let names = ["bad", "good", "so-so"].map(str::to_owned);
    let mut student = student_from(mini(), &choice, &names, Seed::new(1), &device).unwrap();
    let config = student.settings().unwrap();
    let encoder = TextEncoder::new(student.tokenizer().unwrap().clone(), 32, &config).unwrap();
    let texts: Vec<Example> = ["a fine day", "rain", "no"].map(Example::new).into();
    let rows: Vec<&Example> = texts.iter().collect();
    let probe = Prepared::new(&encoder, &rows, &names).unwrap();
    // Taught by all layers of plm-mini through learnt maps, none of which is the student's.
    let whole = student_from(mini(), &LayerChoice::All, &names, Seed::new(2), &device).unwrap();
    let tokenizer = whole.tokenizer().unwrap().clone();
    let options = TeacherOptions {
        max_length: 32,
        dropout: None,
    };
    let mut teacher = LiveTeacher::new("whole", whole.model, tokenizer, options, &device).unwrap();
    let mut matches = Spaced::new(1, 4, HiddenLoss::default()).unwrap().matches;
    matches.iter_mut().for_each(|pair| pair.project = true);
    let dynamic = DynamicSettings {
        ce_weight: 0.0,
        hidden: Some(HiddenObjective {
            weight: 1.0,
            teacher: None,
            matches,
        }),
        ..DynamicSettings::default()
    };
    let before = checksum(&student.model, |_| true);
    // The rate of the first step is 0.
    let fit = FitSettings { epochs: 3, ..fit() };
    let (trained, _) = distill(
        student.model,
        &probe,
        None,
        &mut [&mut teacher],
        &dynamic,
        &fit,
        None,
        &device,
    )
    .unwrap();
    assert_ne!(before, checksum(&trained, |_| true));
    student.model = trained;
    let path = folder.path().join("student");
    let report = export(
        &student,
        &path,
        &SaveOptions::default(),
        &probe,
        1e-6,
        &device,
    )
    .unwrap();
    assert!(report.difference <= 1e-6);
    let back = Pretrained::<EncoderForSequenceClassification>::load(&path, &device).unwrap();
    assert_eq!(back.model.encoder.layers.len(), 1);
    assert_eq!(back.config.fields()["id2label"]["2"], "so-so");
    assert!(back.tokenizer.is_some());
    // Every parameter of the student, and nothing of the teacher or of the maps.
    let file = TensorSource::open(&path).unwrap();
    let found: BTreeSet<String> = file.names().map(str::to_owned).collect();
    assert_eq!(found, names_in_file(1));
    assert_eq!(report.tensors, found.len());
    let numbers = |name: &String| file.shape(name).unwrap().iter().product::<usize>();
    let count = count_params(&student.model);
    assert_eq!(
        found.iter().map(numbers).sum::<usize>(),
        count.trainable + count.frozen
    );
    let scores = predict(&back.model, &probe, 2, &device).unwrap();
    assert_eq!((scores.len(), scores[0].len()), (3, 3));
}

#[test]
fn labels_of_examples_are_checked() {
    let encoder = encoder();
    let prepared = |texts: &[Example], classes: usize| {
        let rows: Vec<&Example> = texts.iter().collect();
        Prepared::new(&encoder, &rows, &labels(classes)).map(|prepared| prepared.labels)
    };
    let three = texts(6, 3);
    assert_eq!(prepared(&three, 3).unwrap(), Some(vec![0, 1, 2, 0, 1, 2]));
    let error = prepared(&three, 2).unwrap_err().to_string();
    assert!(error.contains("text-2") && error.contains('2'), "{error}");
    let mut some = three.clone();
    some[4] = Example::new("no label").with_name("bare");
    let error = prepared(&some, 3).unwrap_err().to_string();
    assert!(error.contains("bare"), "{error}");
    let none: Vec<Example> = (three.iter())
        .map(|text| Example::new(&text.text).with_name(&text.name))
        .collect();
    assert_eq!(prepared(&none, 3).unwrap(), None);
    assert!(prepared(&[], 3).is_err());
}
