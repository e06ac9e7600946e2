//! BART against transformers.

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use plm_core::models::{
    BartForConditionalGeneration, BartForQuestionAnswering, BartForSequenceClassification,
    Seq2SeqInput,
};

use super::decoder_support::{
    both_inputs, check_generation, check_head, check_stacks, class_loss, load, span_loss,
};
use super::fixture::{Fixture, devices};
use super::gradients::check_loss;

/// Whether files hold this weight transposed.
fn transposed(path: &str) -> bool {
    let tables = ["shared.", "word.", "position.", "lm_head."];
    path.ends_with(".weight") && !tables.iter().any(|table| path.contains(table))
}

fn language_model(name: &str) {
    let fixture = Fixture::open(name);
    for (device_name, device) in devices() {
        let pretrained = load::<BartForConditionalGeneration>(&fixture, &device);
        let model = pretrained.model.valid();
        check_stacks(&fixture, (device_name, &device), |input| {
            model.forward(input)
        });
        let (_, logits) = pretrained
            .model
            .forward(&both_inputs(&fixture, "", &device));
        let loss = pretrained
            .model
            .loss(logits, fixture.ints("labels", &device));
        check_loss(&fixture, &pretrained, loss, device_name, transposed);
    }
}

#[test]
fn final_bias_and_scaled_embeddings() {
    language_model("bart-lm");
}

#[test]
fn untied() {
    language_model("bart-lm-untied");
}

#[test]
fn without_prefix() {
    language_model("bart-noprefix");
}

#[test]
fn attentions_of_both_stacks() {
    assert!(Fixture::open("bart-attentions").has("cross_attentions.0"));
    language_model("bart-attentions");
}

#[test]
fn generation() {
    check_generation::<BartForConditionalGeneration>("bart-lm");
}

#[test]
fn sequence_classification() {
    let run =
        |model: &BartForSequenceClassification, fixture: &Fixture, prefix: &str, device: &_| {
            let (_, logits) = model
                .forward(&both_inputs(fixture, prefix, device))
                .unwrap();
            vec![("logits", logits)]
        };
    check_head("bart-seqcls", &["", "long."], transposed, run, class_loss);
}

#[test]
fn unequal_ends_of_sequence_are_refused() {
    let fixture = Fixture::open("bart-seqcls");
    let (_, device) = devices().remove(0);
    let model = load::<BartForSequenceClassification>(&fixture, &device)
        .model
        .valid();
    for ids in [[[5, 2, 2], [5, 6, 2]], [[5, 6, 7], [5, 6, 7]]] {
        let ids = Tensor::<2, Int>::from_data(ids, &device);
        let error = model
            .forward(&Seq2SeqInput::ids(ids.clone(), ids))
            .unwrap_err();
        assert!(error.to_string().contains("equally often"), "{error}");
    }
}

#[test]
fn question_answering() {
    let run = |model: &BartForQuestionAnswering, fixture: &Fixture, prefix: &str, device: &_| {
        let (_, start, end) = model.forward(&both_inputs(fixture, prefix, device));
        vec![("start_logits", start), ("end_logits", end)]
    };
    check_head("bart-qa", &["", "long."], transposed, run, span_loss);
}
