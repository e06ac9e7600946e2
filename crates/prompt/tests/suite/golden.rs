//! Values that PEFT and a reference of the paper's scheme give on small random checkpoints
//! (`fixtures/make_prompts.py`).

use std::path::PathBuf;

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use plm_core::models::{
    BartForConditionalGeneration, EncoderForMaskedLM, Gpt2LmHeadModel, Pretrained,
    T5ForConditionalGeneration,
};
use plm_core::nn::Taps;
use plm_core::text::Batch;
use plm_prompt::PromptMatrix;
use plm_prompt::io::PeftAdapter;
use plm_prompt::model::{
    Pass, PromptModel, PromptStyle, PromptedGpt2, PromptedMaskedLM, PromptedSeq2Seq, ReadOut,
    Seq2SeqLM, TextModel,
};
use plm_prompt::similarity::{ActivationState, stimulate};
use safetensors::{Dtype, SafeTensors};

use super::support::{assert_close, devices, values};

/// How far values may differ from PyTorch's.
fn bound(device: &str) -> f64 {
    match device {
        "flex" | "ndarray" => 1e-4,
        _ => 2e-3,
    }
}

struct Fixture {
    model: PathBuf,
    own: PathBuf,
    bytes: Vec<u8>,
}

impl Fixture {
    fn open(name: &str) -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let own = root.join("tests/fixtures").join(name);
        Self {
            model: root.join("../plm-core/tests/fixtures/parity").join(name),
            bytes: std::fs::read(own.join("expected.safetensors")).unwrap(),
            own,
        }
    }

    fn floats(&self, name: &str) -> (Vec<usize>, Vec<f64>) {
        let file = SafeTensors::deserialize(&self.bytes).unwrap();
        let view = file.tensor(name).unwrap_or_else(|_| panic!("{name}"));
        assert_eq!(view.dtype(), Dtype::F32, "{name}");
        let values = view.data().chunks_exact(4);
        let values = values.map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()).into());
        (view.shape().to_vec(), values.collect())
    }

    fn ints(&self, name: &str) -> (Vec<usize>, Vec<i64>) {
        let file = SafeTensors::deserialize(&self.bytes).unwrap();
        let view = file.tensor(name).unwrap_or_else(|_| panic!("{name}"));
        let values = view.data();
        let values = match view.dtype() {
            Dtype::I64 => values
                .chunks_exact(8)
                .map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap()))
                .collect(),
            Dtype::U8 => values.iter().map(|&byte| byte.into()).collect(),
            other => panic!("{name}: {other}"),
        };
        (view.shape().to_vec(), values)
    }

    fn prompt(&self, name: &str) -> PromptMatrix {
        let (shape, values) = self.floats(name);
        let values = values.into_iter().map(|value| value as f32).collect();
        PromptMatrix::new(shape[0], shape[1], values).unwrap()
    }

    /// The prompt called `name`, `[1, slots, width]`.
    fn slots(&self, name: &str, device: &Device) -> Tensor<3> {
        let prompt = self.prompt(name);
        let shape = [1, prompt.rows(), prompt.width()];
        Tensor::from_data(TensorData::new(prompt.values().to_vec(), shape), device)
    }

    fn tensor(&self, name: &str, device: &Device) -> Tensor<2, Int> {
        let (shape, values) = self.ints(name);
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    fn vector(&self, name: &str, device: &Device) -> Tensor<1, Int> {
        Tensor::from_data(self.ints(name).1.as_slice(), device)
    }

    fn text(&self, device: &Device) -> Batch {
        let (shape, visible) = self.ints("attention_mask");
        let lengths = visible
            .chunks(shape[1])
            .map(|row| row.iter().sum::<i64>() as usize);
        let hidden: Vec<bool> = visible.iter().map(|&value| value == 0).collect();
        let ids = self.tensor("input_ids", device);
        Batch {
            token_type_ids: ids.zeros_like(),
            mask: Tensor::<2, Bool>::from_data(TensorData::new(hidden, shape), device),
            lengths: lengths.collect(),
            ids,
        }
    }

    fn masked_lm(&self, device: &Device) -> PromptedMaskedLM {
        let model = Pretrained::<EncoderForMaskedLM>::load(&self.model, device)
            .unwrap()
            .model;
        PromptedMaskedLM {
            model,
            style: PromptStyle::ZeroPosition,
            read_out: ReadOut::MaskSlot,
            mask_id: self.ints("mask_id").1[0] as usize,
            first_id: self.ints("on.token_id").1[0] as usize,
        }
    }
}

/// Loss over the labels, and its gradient by the prompt, against the golden ones.
fn check_gradient(loss: Tensor<1>, slots: &Tensor<3>, fixture: &Fixture, kind: &str, name: &str) {
    let found = f64::from(loss.clone().into_scalar::<f32>());
    let expected = fixture.floats(&format!("{kind}.loss")).1[0];
    assert!(
        (found - expected).abs() < bound(name) * expected.abs().max(1.0),
        "{name} {kind}"
    );
    let gradient = slots.grad(&loss.backward()).unwrap();
    let (_, expected) = fixture.floats(&format!("{kind}.grad"));
    assert_close(
        &values(gradient),
        &expected,
        bound(name),
        &format!("{name} {kind}.grad"),
    );
}

#[test]
fn the_papers_scheme_agrees_with_its_reference() {
    for (name, device) in devices() {
        for family in ["bert-mlm", "roberta-mlm"] {
            let fixture = Fixture::open(family);
            let model = fixture.masked_lm(&device);
            let text = fixture.text(&device);
            let slots = fixture.slots("prompt", &device);
            let all = Tensor::arange(0..model.words().dims()[0] as i64, &device);
            let found = model.answer_scores(slots, &text, all, &Pass::default());
            let (_, expected) = fixture.floats("zero.logits");
            let what = format!("{name} {family}");
            assert_close(&values(found), &expected, bound(name), &what);

            let tracked = model.tracked();
            let device = tracked.device();
            let slots = fixture.slots("prompt", &device).require_grad();
            let text = fixture.text(&device);
            let labels = fixture.vector("label_ids", &device);
            let classes = fixture.vector("classes", &device);
            let scores = tracked.answer_scores(slots.clone(), &text, labels, &Pass::default());
            let loss = plm_core::models::loss::cross_entropy(scores, classes);
            check_gradient(loss, &slots, &fixture, "zero", name);
        }
    }
}

#[test]
fn exported_prompts_act_in_peft_as_here() {
    for (name, device) in devices() {
        for family in ["bert-mlm", "roberta-mlm"] {
            let fixture = Fixture::open(family);
            let model = fixture.masked_lm(&device);
            let absolute = model.to_absolute(&fixture.prompt("prompt")).unwrap();
            assert_eq!(absolute, fixture.prompt("absolute"), "{name} {family}");
            let back = model.to_zero_position(&absolute).unwrap();
            let pairs = back
                .values()
                .iter()
                .zip(fixture.prompt("prompt").values().to_vec());
            let width = back.width();
            for (place, (found, expected)) in pairs.enumerate().skip(width) {
                assert!(
                    (found - expected).abs() < 1e-6,
                    "{name} {family}, place {place}"
                );
            }
            // PEFT's adapter of its own, read and run here.
            let own = PeftAdapter::load(fixture.own.join("adapter")).unwrap();
            assert_eq!(own.prompt(None).unwrap(), fixture.prompt("prompt"));
            let peft = model.with_layout(PromptStyle::Absolute, ReadOut::FirstSlot);
            let text = fixture.text(&device);
            let slots = fixture.slots("prompt", &device);
            let output = peft.forward(slots, &text, &Pass::default(), Taps::default());
            let words = peft.words();
            let logits = peft
                .model
                .head
                .forward(output.last_hidden_state, words, None);
            check_visible(&fixture, logits, "peft.logits", &text, 5, name);
        }
    }
}

/// Logits `[batch, slots + length, vocabulary]` against the golden ones where text is visible.
fn check_visible(
    fixture: &Fixture,
    found: Tensor<3>,
    key: &str,
    text: &Batch,
    slots: usize,
    name: &str,
) {
    let [_, length, vocabulary] = found.dims();
    let (shape, expected) = fixture.floats(key);
    assert_eq!(shape, found.dims(), "{name} {key}");
    let found = values(found);
    for (row, &tokens) in text.lengths.iter().enumerate() {
        let start = row * length * vocabulary;
        let own = start..start + (slots + tokens) * vocabulary;
        assert_close(&found[own.clone()], &expected[own], bound(name), key);
    }
}

#[test]
fn activated_neurons_agree_with_the_reference() {
    for (name, device) in devices() {
        for family in ["bert-mlm", "roberta-mlm"] {
            let fixture = Fixture::open(family);
            let model = fixture.masked_lm(&device);
            check_signs(&fixture, &model, name);
        }
        let fixture = Fixture::open("t5-lm");
        let model = Pretrained::<T5ForConditionalGeneration>::load(&fixture.model, &device);
        let probe = fixture.ints("on.token_id").1[0] as usize;
        let model = PromptedSeq2Seq::new(model.unwrap().model, probe);
        check_signs(&fixture, &model, name);
    }
}

fn check_signs<M: PromptModel>(fixture: &Fixture, model: &M, name: &str) {
    let found = &stimulate(model, &[fixture.prompt("prompt")]).unwrap()[0];
    let (shape, signs) = fixture.ints("on.signs");
    assert_eq!([found.layers(), found.neurons()], shape[..], "{name}");
    let own = found
        .by_layer()
        .flatten()
        .map(|&value| i64::from(value > 0.0));
    assert_eq!(own.collect::<Vec<_>>(), signs, "{name}");
    let state = ActivationState::from(found);
    let all = plm_prompt::similarity::LayerWindow::All;
    assert_eq!(
        state.active(&all).unwrap(),
        signs.iter().sum::<i64>() as u64
    );
}

#[test]
fn writing_models_agree_with_peft() {
    for (name, device) in devices() {
        let fixture = Fixture::open("t5-lm");
        let model = Pretrained::<T5ForConditionalGeneration>::load(&fixture.model, &device);
        check_seq2seq(
            &fixture,
            &PromptedSeq2Seq::new(model.unwrap().model, 0),
            name,
        );
        let fixture = Fixture::open("bart-lm");
        let model = Pretrained::<BartForConditionalGeneration>::load(&fixture.model, &device);
        check_seq2seq(
            &fixture,
            &PromptedSeq2Seq::new(model.unwrap().model, 0),
            name,
        );

        let fixture = Fixture::open("gpt2-lm");
        let model = Pretrained::<Gpt2LmHeadModel>::load(&fixture.model, &device).unwrap();
        let model = PromptedGpt2::new(model.model, 0);
        let text = fixture.text(&device);
        let slots = fixture.slots("prompt", &device);
        let output = model
            .model
            .model
            .forward(&model.input(slots, &text, &Pass::default()));
        let logits = model.model.scores(output.last_hidden_state, None);
        check_visible(&fixture, logits, "peft.logits", &text, 5, name);
        check_gpt2_targets(&fixture, &model, name);
    }
}

/// GPT-2's scores of targets behind the first token of each text, against PEFT's logits and its loss.
fn check_gpt2_targets(fixture: &Fixture, model: &PromptedGpt2, name: &str) {
    let device = model.device();
    let (shape, labels) = fixture.ints("labels");
    let [rows, length] = [shape[0], shape[1]];
    let (first, rest): (Vec<i64>, Vec<Vec<i64>>) = labels
        .chunks(length)
        .map(|row| (row[0], row[1..].to_vec()))
        .unzip();
    let ids = TensorData::new(first.clone(), [rows, 1]);
    let ids = Tensor::<2, Int>::from_data(ids, &device);
    let shown = TensorData::new(vec![false; rows], [rows, 1]);
    let text = Batch {
        token_type_ids: ids.zeros_like(),
        mask: Tensor::<2, Bool>::from_data(shown, &device),
        lengths: vec![1; rows],
        ids,
    };
    let targets = TensorData::new(rest.concat(), [rows, length - 1]);
    let targets = Tensor::<2, Int>::from_data(targets, &device);
    let slots = fixture.slots("prompt", &device);
    let found = values(model.target_scores(slots, &text, targets, &Pass::default()));
    let (shape, golden) = fixture.floats("peft.logits");
    let (places, vocabulary) = (shape[1], shape[2]);
    let slots = places - length;
    let golden = |row: usize, place: usize| {
        let start = (row * places + place) * vocabulary;
        &golden[start..start + vocabulary]
    };
    // The last slot scores a text's first token, which is no target here.
    let own = first.iter().enumerate();
    let mut losses: Vec<f64> = own
        .map(|(row, &token)| surprise(golden(row, slots - 1), token))
        .collect();
    for (row, rest) in rest.iter().enumerate() {
        for (place, &target) in rest.iter().enumerate().filter(|(_, target)| **target >= 0) {
            let start = (row * (length - 1) + place) * vocabulary;
            let own = &found[start..start + vocabulary];
            assert_close(own, golden(row, slots + place), bound(name), name);
            losses.push(surprise(own, target));
        }
    }
    let loss = losses.iter().sum::<f64>() / losses.len() as f64;
    let expected = fixture.floats("peft.loss").1[0];
    let gap = (loss - expected).abs();
    assert!(gap < bound(name) * expected.max(1.0), "{name}: {loss}");
}

/// Minus the log-probability of `target`.
fn surprise(logits: &[f64], target: i64) -> f64 {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|logit| (logit - most).exp()).sum();
    most + sum.ln() - logits[target as usize]
}

fn check_seq2seq<M: Seq2SeqLM>(fixture: &Fixture, model: &PromptedSeq2Seq<M>, name: &str) {
    let tracked = model.tracked();
    let device = tracked.device();
    let slots = fixture.slots("prompt", &device).require_grad();
    let text = fixture.text(&device);
    let labels = fixture.tensor("labels", &device);
    let [batch, length] = labels.dims();
    let pass = Pass::default();
    let scores = tracked.target_scores(slots.clone(), &text, labels.clone(), &pass);
    let (_, expected) = fixture.floats("peft.logits");
    assert_close(&values(scores.clone()), &expected, bound(name), name);
    let labels = labels.reshape([batch * length]);
    let loss = plm_core::models::loss::cross_entropy(scores, labels);
    check_gradient(loss, &slots, fixture, "peft", name);
}

#[test]
fn the_first_step_of_the_decoder_agrees_with_the_reference() {
    for (name, device) in devices() {
        let fixture = Fixture::open("t5-lm");
        let model = Pretrained::<T5ForConditionalGeneration>::load(&fixture.model, &device);
        let model = PromptedSeq2Seq::new(model.unwrap().model, 0).tracked();
        let device = model.device();
        let slots = fixture.slots("prompt", &device).require_grad();
        let text = fixture.text(&device);
        let labels = fixture.vector("label_ids", &device);
        let classes = fixture.vector("classes", &device);
        let scores = model.answer_scores(slots.clone(), &text, labels, &Pass::default());
        let loss = plm_core::models::loss::cross_entropy(scores, classes);
        check_gradient(loss, &slots, &fixture, "step1", name);
    }
}
