//! What the suites share: tensors, small models, texts.

use std::path::PathBuf;

use burn::tensor::{Device, Tensor, TensorData};
use plm_core::config::EncoderConfig;
use plm_core::models::{EncoderForSequenceClassification, Pretrained};
use plm_core::rng::Seed;
use plm_core::text::Tokenizer;
use plm_distill::fit::FitSettings;
use plm_distill::teacher::{LiveTeacher, TeacherOptions};
use plm_distill::{Example, TextEncoder};

pub(crate) const WIDTH: usize = 16;

/// Every compiled device under its name.
pub(crate) fn devices() -> Vec<(&'static str, Device)> {
    plm_core::device::available()
        .into_iter()
        .map(|name| (name, plm_core::device::parse(name).unwrap()))
        .collect()
}

/// The first compiled device.
pub(crate) fn device() -> Device {
    devices().remove(0).1
}

pub(crate) fn matrix(rows: &[&[f32]], device: &Device) -> Tensor<2> {
    let values: Vec<f32> = rows.concat();
    Tensor::from_data(TensorData::new(values, [rows.len(), rows[0].len()]), device)
}

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.inner().into_data().iter::<f64>().collect()
}

/// Every value lies within 1e-5 of the expected one.
#[track_caller]
pub(crate) fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?} {expected:?}");
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-5, "{found:?}, expected {expected:?}");
    }
}

pub(crate) fn mini() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../models/plm-mini"
    ))
}

pub(crate) fn tokenizer() -> Tokenizer {
    Tokenizer::from_dir(mini()).unwrap()
}

pub(crate) fn config(layers: usize, classes: usize) -> EncoderConfig {
    EncoderConfig {
        hidden_size: WIDTH,
        num_hidden_layers: layers,
        num_attention_heads: 2,
        intermediate_size: 32,
        max_position_embeddings: 64,
        initializer_range: 0.2,
        hidden_dropout_prob: 0.1,
        attention_probs_dropout_prob: 0.1,
        classifier_dropout: 0.1,
        num_labels: classes,
        ..EncoderConfig::bert(8192)
    }
}

pub(crate) fn classifier(
    layers: usize,
    classes: usize,
    seed: u64,
    device: &Device,
) -> EncoderForSequenceClassification {
    Pretrained::new(&config(layers, classes), Seed::new(seed), device)
        .unwrap()
        .model
}

pub(crate) fn encoder() -> TextEncoder {
    TextEncoder::new(tokenizer(), 32, &config(1, 2)).unwrap()
}

pub(crate) fn teacher(
    name: &str,
    model: EncoderForSequenceClassification,
    device: &Device,
) -> LiveTeacher {
    let options = TeacherOptions {
        max_length: 32,
        dropout: None,
    };
    LiveTeacher::new(name, model, tokenizer(), options, device).unwrap()
}

/// Texts of different lengths with labels `0` to `classes - 1` in turn.
pub(crate) fn texts(count: usize, classes: usize) -> Vec<Example> {
    let words = ["red", "house", "river", "stone", "winter", "music", "bread"];
    (0..count)
        .map(|number| {
            let text: Vec<&str> = (0..2 + number % 5)
                .map(|place| words[(number * 3 + place * 5) % words.len()])
                .collect();
            Example::new(text.join(" "))
                .with_name(format!("text-{number}"))
                .with_label((number % classes).to_string())
        })
        .collect()
}

pub(crate) fn labels(classes: usize) -> Vec<String> {
    (0..classes).map(|class| class.to_string()).collect()
}

/// A short training.
pub(crate) fn fit() -> FitSettings {
    FitSettings {
        epochs: 2,
        batch_size: 4,
        lr: 1e-3,
        ..FitSettings::default()
    }
}
