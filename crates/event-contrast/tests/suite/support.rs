//! What the suites share: devices, small models, generated sentences.

use std::ops::ControlFlow;
use std::path::PathBuf;

use burn::tensor::{Device, Tensor, TensorData};
use plm_core::config::EncoderConfig;
use plm_core::models::{EncoderForMaskedLM, EncoderModel, Pretrained};
use plm_core::rng::Seed;
use plm_core::text::Tokenizer;
use plm_core::train::Event;
use plm_event_contrast::amr::AlignedGraph;
use plm_event_contrast::generate::{GeneratedCorpus, GeneratorConfig, generate};
use plm_event_contrast::text::SpanEncoder;

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

pub(crate) fn matrix(rows: &[Vec<f32>], device: &Device) -> Tensor<2> {
    Tensor::from_data(
        TensorData::new(rows.concat(), [rows.len(), rows[0].len()]),
        device,
    )
}

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.inner().into_data().iter::<f64>().collect()
}

#[track_caller]
pub(crate) fn close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{found:?} {expected:?}");
    for (a, b) in found.iter().zip(expected) {
        assert!(
            (a - b).abs() < tolerance,
            "{found:?}, expected {expected:?}"
        );
    }
}

pub(crate) fn mini() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../models/plm-mini"
    ))
}

pub(crate) fn span_encoder(max_length: usize) -> SpanEncoder {
    SpanEncoder::new(Tokenizer::from_dir(mini()).unwrap(), max_length).unwrap()
}

fn config() -> EncoderConfig {
    EncoderConfig {
        hidden_size: 32,
        num_hidden_layers: 1,
        num_attention_heads: 2,
        intermediate_size: 64,
        max_position_embeddings: 128,
        initializer_range: 0.1,
        ..EncoderConfig::bert(8192)
    }
}

/// A small random BERT.
pub(crate) fn bert(device: &Device) -> EncoderModel {
    masked_bert(device).encoder
}

pub(crate) fn masked_bert(device: &Device) -> EncoderForMaskedLM {
    Pretrained::<EncoderForMaskedLM>::new(&config(), Seed::new(3), device)
        .unwrap()
        .model
}

pub(crate) fn corpus(unlabeled: usize, labeled: usize, test: usize) -> GeneratedCorpus {
    let config = GeneratorConfig {
        unlabeled,
        labeled,
        development: 1,
        test,
        event_types: 6,
        min_events: 2,
        held_out_triggers: 0,
        held_out_fillers: 0.0,
        ..GeneratorConfig::default()
    };
    generate(&config, Seed::new(11)).unwrap()
}

pub(crate) fn aligned(
    sentences: &[plm_event_contrast::generate::GeneratedSentence],
) -> Vec<AlignedGraph> {
    sentences
        .iter()
        .map(|each| each.aligned().unwrap())
        .collect()
}

/// An observer that ends a run after `steps` steps.
pub(crate) fn stop_after(steps: u64) -> impl FnMut(&Event<'_>) -> ControlFlow<()> {
    move |event| match event {
        Event::Step(record) if record.step == steps => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    }
}
