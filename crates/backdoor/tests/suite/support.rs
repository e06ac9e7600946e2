//! What the suites share: victims and generated opinions.

use std::path::PathBuf;

use burn::tensor::Device;
use plm_backdoor::Sample;
use plm_backdoor::data::Dataset;
use plm_backdoor::model::{FineTuning, Victim, fine_tune};
use plm_core::models::{EncoderForSequenceClassification, Pretrained};
use plm_core::rng::Seed;

/// Every compiled device under its name.
pub(crate) fn devices() -> Vec<(&'static str, Device)> {
    plm_core::device::available()
        .into_iter()
        .map(|name| (name, plm_core::device::parse(name).unwrap()))
        .collect()
}

pub(crate) fn device() -> Device {
    devices().remove(0).1
}

pub(crate) fn mini() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../models/plm-mini"
    ))
}

/// The first two layers of plm-mini with a new head of two classes.
pub(crate) fn victim(device: &Device) -> Victim {
    victim_of(2, device)
}

/// The first two layers of plm-mini with a new head.
pub(crate) fn victim_of(classes: usize, device: &Device) -> Victim {
    let loaded = Pretrained::<EncoderForSequenceClassification>::load_with_new_head(
        mini(),
        classes,
        Seed::new(1),
        device,
    )
    .unwrap();
    let tokenizer = loaded.tokenizer().unwrap().clone();
    let mut model = loaded.model;
    model.encoder.layers.truncate(2);
    model.encoder.config.num_hidden_layers = 2;
    Victim::new(model, tokenizer, 64, device).unwrap()
}

/// Opinions to train on, good (1) and bad (0) in turn.
pub(crate) fn opinions(count: usize) -> Dataset {
    let subjects = [
        "the film",
        "this story",
        "the music",
        "the cast",
        "her voice",
    ];
    opinions_on(subjects, count)
}

/// Opinions to validate and test on, of which none is one of [`opinions`]: the subjects are others.
pub(crate) fn other_opinions(count: usize) -> Dataset {
    let subjects = [
        "the movie",
        "the script",
        "the acting",
        "the ending",
        "his song",
    ];
    opinions_on(subjects, count)
}

/// The texts of `data`, in their order.
pub(crate) fn texts_of(data: &Dataset) -> Vec<&str> {
    let samples = data.samples().iter();
    samples.map(|sample| sample.text.as_str()).collect()
}

/// 150 texts, then the same again.
fn opinions_on(subjects: [&str; 5], count: usize) -> Dataset {
    let good = ["great", "wonderful", "excellent", "funny", "perfect"];
    let bad = ["terrible", "boring", "awful", "weak", "stupid"];
    let frames = [
        "i think {s} is {o} .",
        "{s} was really {o} today .",
        "they said {s} is {o} .",
    ];
    let samples = (0..count).map(|number| {
        let words = if number % 2 == 1 { good } else { bad };
        let text = frames[number / 2 % 3]
            .replace("{s}", subjects[number / 6 % 5])
            .replace("{o}", words[number / 30 % 5]);
        Sample::new(text, number % 2)
    });
    Dataset::new(samples.collect(), 2).unwrap()
}

/// Settings with which the small victim learns the opinions.
pub(crate) fn recipe() -> FineTuning {
    FineTuning {
        epochs: 3,
        batch: 16,
        lr: 5e-4,
        ..FineTuning::default()
    }
}

/// A victim trained on `samples`.
pub(crate) fn trained(samples: &[Sample], device: &Device) -> Victim {
    fine_tune(&victim(device), samples, &recipe(), None).unwrap()
}
