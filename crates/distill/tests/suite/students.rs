//! Students: cut, trained nowhere, written.

use plm_core::checkpoint::SaveOptions;
use plm_core::models::{EncoderForSequenceClassification, Pretrained};
use plm_core::rng::Seed;
use plm_distill::student::{LayerChoice, Prepared, cut_layers, export, predict, student_from};
use plm_distill::{Error, Example, TextEncoder};

use super::support::{device, devices, encoder, labels, mini, texts, values};

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
                assert_eq!(
                    values(own.ffn.inner.weight.val()),
                    values(source.ffn.inner.weight.val())
                );
            }
            let words = |model: &EncoderForSequenceClassification| {
                values(model.encoder.embeddings.word.weight.val())
            };
            assert_eq!(words(&student.model), words(&whole.model));
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
}

#[test]
fn a_written_student_loads_alone() {
    let device = device();
    let folder = tempfile::tempdir().unwrap();
    let choice = LayerChoice::First { count: 1 };
    let names = ["bad", "good", "so-so"].map(str::to_owned);
    let student = student_from(mini(), &choice, &names, Seed::new(1), &device).unwrap();
    let config = student.settings().unwrap();
    let encoder = TextEncoder::new(student.tokenizer().unwrap().clone(), 32, &config).unwrap();
    let texts: Vec<Example> = ["a fine day", "rain", "no"].map(Example::new).into();
    let rows: Vec<&Example> = texts.iter().collect();
    let probe = Prepared::new(&encoder, &rows, &names).unwrap();
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
    // One layer, the head, and nothing of the other three layers.
    let largest = cut_layers(back.model.encoder.clone(), &[0]);
    assert_eq!(largest.layers.len(), 1);
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
