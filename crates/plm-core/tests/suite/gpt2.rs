//! GPT-2 against transformers.

use burn::module::Module;
use plm_core::models::{
    Gpt2ForQuestionAnswering, Gpt2ForSequenceClassification, Gpt2ForTokenClassification,
    Gpt2LmHeadModel, causal_cross_entropy,
};
use plm_core::nn::Taps;

use super::decoder_support::{
    all_states, attentions, check_generation, check_head, check_states, check_visible, class_loss,
    load, span_loss, stack_input, token_loss,
};
use super::fixture::{Fixture, check_close, devices};
use super::gradients::check_loss;

const SETS: [&str; 3] = ["", "long.", "left."];

/// Whether files hold this weight transposed: only those of heads, the layers' are `Conv1D`.
fn transposed(path: &str) -> bool {
    ["score.weight", "classifier.weight", "output.weight"].contains(&path)
}

fn language_model(name: &str) {
    let fixture = Fixture::open(name);
    for (device_name, device) in devices() {
        let pretrained = load::<Gpt2LmHeadModel>(&fixture, &device);
        let model = pretrained.model.valid();
        for prefix in SETS {
            let attention = format!("{prefix}attentions.0");
            let input = stack_input(&fixture, prefix, &device).with_taps(Taps {
                attentions: attentions(&fixture, &attention),
                ..all_states()
            });
            let (output, logits) = model.forward(&input);
            let states = output.tapped.own;
            if let Some(weights) = states.attentions.get(&0) {
                fixture.check(&attention, weights.clone(), device_name);
            }
            check_states(&fixture, prefix, "hidden_states", states, device_name);
            let last = output.last_hidden_state;
            check_visible(&fixture, prefix, "last_hidden_state", last, device_name);
            check_visible(&fixture, prefix, "logits", logits.clone(), device_name);
            if prefix == "left." {
                let labels = fixture.ints("left.labels", &device);
                let value: f32 = causal_cross_entropy(logits, labels).into_scalar();
                let expected = fixture.floats("left.loss").1;
                check_close(&[value], &expected, device_name, "left.loss");
            }
        }
        let (_, logits) = pretrained
            .model
            .forward(&stack_input(&fixture, "", &device));
        let loss = causal_cross_entropy(logits, fixture.ints("labels", &device));
        check_loss(&fixture, &pretrained, loss, device_name, transposed);
    }
}

#[test]
fn tied() {
    language_model("gpt2-lm");
}

#[test]
fn untied() {
    language_model("gpt2-lm-untied");
}

#[test]
fn without_prefix() {
    language_model("gpt2-noprefix");
}

#[test]
fn scaled_by_depth_and_not_by_width() {
    assert!(Fixture::open("gpt2-scales").has("attentions.0"));
    language_model("gpt2-scales");
}

#[test]
fn generation() {
    check_generation::<Gpt2LmHeadModel>("gpt2-lm");
}

#[test]
fn sequence_classification() {
    let run =
        |model: &Gpt2ForSequenceClassification, fixture: &Fixture, prefix: &str, device: &_| {
            let (_, logits) = model
                .forward(&stack_input(fixture, prefix, device))
                .unwrap();
            vec![("logits", logits)]
        };
    check_head("gpt2-seqcls", &SETS, transposed, run, class_loss);
}

#[test]
fn token_classification() {
    let run = |model: &Gpt2ForTokenClassification, fixture: &Fixture, prefix: &str, device: &_| {
        let (_, logits) = model.forward(&stack_input(fixture, prefix, device));
        vec![("logits", logits)]
    };
    check_head("gpt2-tokcls", &SETS, transposed, run, token_loss);
}

#[test]
fn question_answering() {
    let run = |model: &Gpt2ForQuestionAnswering, fixture: &Fixture, prefix: &str, device: &_| {
        let (_, start, end) = model.forward(&stack_input(fixture, prefix, device));
        vec![("start_logits", start), ("end_logits", end)]
    };
    check_head("gpt2-qa", &SETS, transposed, run, span_loss);
}
