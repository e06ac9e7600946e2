//! What the parity tests of T5, BART and GPT-2 share.

use std::collections::BTreeSet;

use burn::tensor::{Device, Tensor};
use plm_core::generate::{GenerationConfig, GenerativeModel, generate};
use plm_core::models::{
    EncoderInput, Pretrained, PretrainedModel, Seq2SeqInput, Seq2SeqOutput, loss,
};
use plm_core::nn::{Positions, Tapped, Taps};
use plm_core::rng::Seed;
use serde_json::Value;

use super::fixture::{Fixture, check_close, devices};
use super::gradients::check_loss;

/// The checkpoint on an autodiff device.
pub(super) fn load<M: PretrainedModel>(fixture: &Fixture, device: &Device) -> Pretrained<M> {
    Pretrained::load(&fixture.dir, &device.clone().autodiff()).unwrap()
}

/// The input of one stack: tensors whose names begin with `prefix`.
pub(super) fn stack_input(fixture: &Fixture, prefix: &str, device: &Device) -> EncoderInput {
    let name = |key: &str| format!("{prefix}{key}");
    let mut input = EncoderInput::ids(fixture.ints(&name("input_ids"), device));
    if fixture.has(&name("attention_mask")) {
        input = input.with_padding(fixture.hidden(&name("attention_mask"), device));
    }
    if fixture.has(&name("position_ids")) {
        let ids = fixture.ints(&name("position_ids"), device);
        input = input.with_positions(Positions::Ids(ids));
    }
    input
}

/// The inputs of both stacks.
pub(super) fn both_inputs(fixture: &Fixture, prefix: &str, device: &Device) -> Seq2SeqInput {
    Seq2SeqInput::new(
        stack_input(fixture, prefix, device),
        stack_input(fixture, &format!("{prefix}decoder_"), device),
    )
}

/// All tensors, or only the rows of visible tokens where padding is on the left.
pub(super) fn check_visible<const D: usize>(
    fixture: &Fixture,
    prefix: &str,
    key: &str,
    actual: Tensor<D>,
    device: &str,
) {
    let name = format!("{prefix}{key}");
    if !fixture.has(&name) {
        // Not everything is stored of each set of inputs, but something is.
        let stored = ["logits", "last_hidden_state"];
        let mut stored = stored.iter().map(|key| format!("{prefix}{key}"));
        assert!(stored.any(|name| fixture.has(&name)), "{name}");
        return;
    }
    let per_token = D == 3 || key.ends_with("_logits");
    if prefix != "left." || !per_token {
        return fixture.check(&name, actual, device);
    }
    let (_, visible) = fixture.integers("left.attention_mask");
    let (shape, mut expected) = fixture.floats(&name);
    assert_eq!(actual.dims().to_vec(), shape, "{name} on {device}");
    let mut values = actual.into_data().try_to_vec::<f32>().unwrap();
    let width = values.len() / visible.len();
    for (token, _) in visible.iter().enumerate().filter(|(_, seen)| **seen == 0) {
        values[token * width..(token + 1) * width].fill(0.0);
        expected[token * width..(token + 1) * width].fill(0.0);
    }
    check_close(&values, &expected, device, &name);
}

/// All hidden states of a stack.
pub(super) fn all_states() -> Taps {
    Taps {
        hidden_states: (0..8).collect(),
        ..Taps::default()
    }
}

/// Checks the hidden states that were handed out, called `KIND.0`, `KIND.1`, … in the fixture.
pub(super) fn check_states(
    fixture: &Fixture,
    prefix: &str,
    kind: &str,
    tapped: Tapped,
    device: &str,
) {
    for (index, state) in tapped.hidden_states {
        check_visible(fixture, prefix, &format!("{kind}.{index}"), state, device);
    }
}

/// The first layer where the fixture holds attention weights called `name`.
pub(super) fn attentions(fixture: &Fixture, name: &str) -> BTreeSet<usize> {
    fixture.has(name).then_some(0).into_iter().collect()
}

/// A language model with two stacks: hidden states, attention weights and word scores of every set of
/// inputs. `run` is its forward pass.
pub(super) fn check_stacks(
    fixture: &Fixture,
    (device_name, device): (&str, &Device),
    run: impl Fn(&Seq2SeqInput) -> (Seq2SeqOutput, Tensor<3>),
) {
    for prefix in ["", "long."] {
        let mut input = both_inputs(fixture, prefix, device);
        let wanted = attentions(fixture, &format!("{prefix}cross_attentions.0"));
        let taps = Taps {
            attentions: wanted.clone(),
            ..all_states()
        };
        input.encoder.taps = taps.clone();
        input.decoder.taps = taps;
        input.cross_attentions = wanted;
        let (output, logits) = run(&input);
        let Seq2SeqOutput { encoder, decoder } = output;
        for (stack, weights) in [
            ("encoder", &encoder.tapped.attentions),
            ("decoder", &decoder.tapped.own.attentions),
            ("cross", &decoder.tapped.cross_attentions),
        ] {
            for (layer, weights) in weights {
                let name = format!("{prefix}{stack}_attentions.{layer}");
                fixture.check(&name, weights.clone(), device_name);
            }
        }
        let states = |kind, tapped| check_states(fixture, prefix, kind, tapped, device_name);
        states("encoder_hidden_states", encoder.tapped);
        states("decoder_hidden_states", decoder.tapped.own);
        let last = encoder.last_hidden_state;
        check_visible(
            fixture,
            prefix,
            "encoder_last_hidden_state",
            last,
            device_name,
        );
        check_visible(fixture, prefix, "logits", logits, device_name);
    }
}

/// A model with a head: its outputs for the sets of inputs `sets`, its loss and its gradients.
///
/// `outputs` gives them under their names in the fixture, `loss` takes them in that order.
pub(super) fn check_head<M: PretrainedModel, const D: usize>(
    name: &str,
    sets: &[&str],
    transposed: fn(&str) -> bool,
    outputs: impl Fn(&M, &Fixture, &str, &Device) -> Vec<(&'static str, Tensor<D>)>,
    loss: impl Fn(Vec<Tensor<D>>, &Fixture, &Device) -> Tensor<1>,
) {
    let fixture = Fixture::open(name);
    for (device_name, device) in devices() {
        let pretrained = load::<M>(&fixture, &device);
        let model = pretrained.model.valid();
        for prefix in sets {
            for (key, value) in outputs(&model, &fixture, prefix, &device) {
                assert!(fixture.has(&format!("{prefix}{key}")), "{prefix}{key}");
                check_visible(&fixture, prefix, key, value, device_name);
            }
        }
        let found = outputs(&pretrained.model, &fixture, "", &device);
        let found = found.into_iter().map(|(_, value)| value).collect();
        let loss = loss(found, &fixture, &device);
        check_loss(&fixture, &pretrained, loss, device_name, transposed);
    }
}

/// The loss of one class per example.
pub(super) fn class_loss(outputs: Vec<Tensor<2>>, fixture: &Fixture, device: &Device) -> Tensor<1> {
    let [logits] = all(outputs);
    loss::cross_entropy(logits, fixture.ints("labels", device))
}

/// The loss of one class per token.
pub(super) fn token_loss(outputs: Vec<Tensor<3>>, fixture: &Fixture, device: &Device) -> Tensor<1> {
    let [logits] = all(outputs);
    loss::token_cross_entropy(logits, fixture.ints("labels", device))
}

/// The loss of a span's start and end.
pub(super) fn span_loss(outputs: Vec<Tensor<2>>, fixture: &Fixture, device: &Device) -> Tensor<1> {
    let [start, end] = all(outputs);
    let starts = fixture.ints("start_positions", device);
    let ends = fixture.ints("end_positions", device);
    loss::span_cross_entropy(start, end, starts, ends)
}

fn all<const N: usize, const D: usize>(outputs: Vec<Tensor<D>>) -> [Tensor<D>; N] {
    outputs
        .try_into()
        .expect("as many outputs as the loss takes")
}

/// The stored runs of a fixture with their settings.
pub(super) fn stored_runs(fixture: &Fixture) -> Vec<(String, GenerationConfig)> {
    let text = std::fs::read(fixture.dir.join("generate.json")).unwrap();
    let file: Value = serde_json::from_slice(&text).unwrap();
    let runs = file["runs"].as_object().unwrap();
    runs.iter()
        .map(|(name, fields)| {
            let fields = fields.as_object().unwrap().clone();
            let settings = GenerationConfig::from_fields(name.as_str(), fields).unwrap();
            (name.clone(), settings)
        })
        .collect()
}

/// The length of a row up to and with the first end of sequence behind its prompt.
fn length_of(row: &[i64], prompt: usize, ends: &[i64]) -> usize {
    let end = row.iter().skip(prompt).position(|id| ends.contains(id));
    end.map_or(row.len(), |end| prompt + end + 1)
}

/// All stored runs of a fixture, with and without a cache.
pub(super) fn check_generation<M>(name: &str)
where
    M: PretrainedModel + GenerativeModel,
{
    let fixture = Fixture::open(name);
    for (device_name, device) in devices() {
        let pretrained: Pretrained<M> = Pretrained::load(&fixture.dir, &device).unwrap();
        let input = stack_input(&fixture, "generate.", &device);
        for (run, mut settings) in stored_runs(&fixture) {
            let what = format!("{run} on {device_name}");
            let seed = Seed::new(1);
            let found = generate(&pretrained.model, &input, &settings, seed).unwrap();
            let (shape, expected) = fixture.integers(&format!("generate.{run}"));
            let prompt = found.prompts[0].len();
            let rows = found.sequences();
            assert_eq!(rows.len(), shape[0], "{what}");
            let ends = &settings.eos_token_id;
            let pad = settings.pad_token_id.expect("every run has one");
            // Beam search of transformers takes a padding token of id 0 for none.
            let none = settings.num_beams > 1 && pad == 0;
            let theirs = if none { ends[0] } else { pad };
            for (row, expected) in rows.iter().zip(expected.chunks(shape[1])) {
                let length = length_of(expected, prompt, ends);
                let (expected, rest) = expected.split_at(length);
                assert!(rest.iter().all(|&id| id == theirs), "{what}");
                let mut expected = expected.to_vec();
                expected.resize(shape[1], pad);
                assert_eq!(*row, expected, "{what}");
            }
            if settings.num_beams > 1 {
                let all = found.hypotheses.iter().flatten();
                let scores: Vec<f32> = all.map(|hypothesis| hypothesis.score).collect();
                let (_, expected) = fixture.floats(&format!("generate.{run}.scores"));
                check_close(&scores, &expected, device_name, &format!("scores of {run}"));
            }
            settings.use_cache = false;
            let again = generate(&pretrained.model, &input, &settings, seed).unwrap();
            assert_eq!(again.sequences(), rows, "without a cache, {what}");
        }
    }
}
