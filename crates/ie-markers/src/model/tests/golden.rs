//! Checkpoints and scores that `tests/fixtures/make_fixtures.py` made with NumPy.

use std::path::PathBuf;

use burn::tensor::Tensor;
use plm_core::models::Pretrained;
use plm_core::nn::DropoutContext;
use serde_json::Value;

use crate::encode::MarkerEncoder;
use crate::layout::{Marker, MarkerGroup, MarkerRow, SubjectRow};
use crate::model::{MarkerNer, MarkerRelations, RowClassifier};
use crate::testing::{devices, values};

fn fixtures() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"))
}

fn expected(name: &str) -> Value {
    let text = std::fs::read(fixtures().join("expected.json")).unwrap();
    let mut all: Value = serde_json::from_slice(&text).unwrap();
    all[name].take()
}

fn read<T: serde::de::DeserializeOwned>(value: &Value, field: &str) -> T {
    serde_json::from_value(value[field].clone()).unwrap()
}

fn row(expected: &Value, spans: &str, start: u32, end: u32) -> MarkerRow {
    let spans: Vec<[usize; 2]> = read(expected, spans);
    let group = |&[first, last]: &[usize; 2]| {
        let marker = |id, position| Marker { id, position };
        MarkerGroup {
            markers: vec![marker(start, first), marker(end, last)],
        }
    };
    MarkerRow {
        tokens: read(expected, "tokens"),
        groups: spans.iter().map(group).collect(),
    }
}

#[track_caller]
fn close(found: Tensor<2>, expected: &Value, field: &str, place: &str) {
    let expected: Vec<f32> = read::<Vec<Vec<f32>>>(expected, field).concat();
    let found = values(found);
    assert_eq!(found.len(), expected.len(), "{place}");
    for (a, b) in found.iter().zip(&expected) {
        assert!(
            (a - b).abs() < 2e-5,
            "{place}: {found:?}, expected {expected:?}"
        );
    }
}

#[test]
fn scores_are_those_of_numpy() {
    let off = DropoutContext::default();
    for (name, device) in devices() {
        for encoder in [MarkerEncoder::Dense, MarkerEncoder::Factorized] {
            let place = format!("{name} {encoder:?}");
            let expected_ner = expected("ner");
            let ner: MarkerNer = Pretrained::load(fixtures().join("ner"), &device)
                .unwrap()
                .model;
            let row_of_spans = row(&expected_ner, "spans", 10, 11);
            let logits = ner.logits(&[&row_of_spans], encoder, &off).unwrap();
            close(logits, &expected_ner, "logits", &place);

            let expected = expected("relations");
            let dir = fixtures().join("relations");
            let model: MarkerRelations = Pretrained::load(dir, &device).unwrap().model;
            let subject = SubjectRow {
                row: row(&expected, "objects", 14, 15),
                subject: read(&expected, "subject"),
            };
            let scores = model.scores(&[&subject], encoder, &off).unwrap();
            close(scores.relations, &expected, "relations", &place);
            close(scores.entities.unwrap(), &expected, "entities", &place);
        }
    }
}
