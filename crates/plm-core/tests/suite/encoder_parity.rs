//! BERT, RoBERTa, MPNet and DistilBERT against transformers.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plm_core::models::{
    EncoderForMaskedLM, EncoderForQuestionAnswering, EncoderForSequenceClassification,
    EncoderForTokenClassification, EncoderInput, EncoderModel, Pretrained, PretrainedModel, loss,
};
use plm_core::nn::{AttentionMask, Positions, Taps};

use super::fixture::{Fixture, devices};
use super::gradients::check_loss;

/// The input whose tensors have names beginning with `prefix`.
pub(super) fn input(fixture: &Fixture, prefix: &str, device: &Device) -> EncoderInput {
    let name = |key: &str| format!("{prefix}{key}");
    let mut input = EncoderInput::ids(fixture.ints(&name("input_ids"), device));
    let mask = name("attention_mask");
    if fixture.has(&mask) {
        input = input.with_mask(match fixture.integers(&mask).0.len() {
            3 => AttentionMask::Pairwise(fixture.hidden(&mask, device)),
            _ => AttentionMask::Padding(fixture.hidden(&mask, device)),
        });
    }
    if fixture.has(&name("token_type_ids")) {
        input = input.with_token_types(fixture.ints(&name("token_type_ids"), device));
    }
    if fixture.has(&name("position_ids")) {
        let ids = fixture.ints(&name("position_ids"), device);
        input = input.with_positions(Positions::Ids(ids));
    }
    input
}

/// The prefixes of the input sets that a fixture holds.
fn input_sets(fixture: &Fixture) -> Vec<String> {
    fixture
        .names()
        .into_iter()
        .filter_map(|name| name.strip_suffix("input_ids").map(str::to_owned))
        .filter(|prefix| !prefix.contains("decoder"))
        .collect()
}

/// Whether files hold this weight transposed.
fn is_linear(path: &str) -> bool {
    if !path.ends_with(".weight") {
        return false;
    }
    let tables = [
        "word.",
        "position.",
        "token_type.",
        "relative_bias.",
        "decoder.",
    ];
    !tables.iter().any(|table| path.contains(table))
}

fn load<M: PretrainedModel>(fixture: &Fixture, device: &Device) -> Pretrained<M> {
    Pretrained::load(&fixture.dir, &device.clone().autodiff()).unwrap()
}

fn base(name: &str) {
    let fixture = Fixture::open(name);
    for (device_name, device) in devices() {
        let pretrained = load::<EncoderModel>(&fixture, &device);
        let model = pretrained.model.valid();
        for prefix in input_sets(&fixture) {
            let mut input = input(&fixture, &prefix, &device);
            input.taps = Taps {
                hidden_states: (0..=model.layers.len()).collect(),
                attentions: [0].into(),
                ..Taps::default()
            };
            let output = model.forward(&input);
            let check = |key: &str, value: Tensor<3>| {
                let key = format!("{prefix}{key}");
                if fixture.has(&key) {
                    fixture.check(&key, value, device_name);
                }
            };
            for (index, state) in &output.tapped.hidden_states {
                check(&format!("hidden_states.{index}"), state.clone());
            }
            let last = format!("{prefix}last_hidden_state");
            fixture.check(&last, output.last_hidden_state, device_name);
            let attentions = format!("{prefix}attentions.0");
            if fixture.has(&attentions) {
                let weights = output.tapped.attentions[&0].clone();
                fixture.check(&attentions, weights, device_name);
            }
            let pooled = format!("{prefix}pooler_output");
            if fixture.has(&pooled) {
                fixture.check(&pooled, output.pooler_output.unwrap(), device_name);
            }
        }
        if fixture.has("loss") {
            let input = input(&fixture, "", &device.clone().autodiff());
            let output = pretrained.model.forward(&input);
            // A base model has no loss: the generator differentiates a fixed linear form instead.
            let batch = output.last_hidden_state.dims()[0] as f64;
            let device = device.clone().autodiff();
            let mut loss = Tensor::<1>::zeros([1], &device);
            if fixture.has("cotangent.last_hidden_state") {
                let cotangent = fixture.tensor::<3>("cotangent.last_hidden_state", &device);
                loss = loss + (output.last_hidden_state * cotangent).sum() / batch;
            }
            if fixture.has("cotangent.pooler_output") {
                let cotangent = fixture.tensor::<2>("cotangent.pooler_output", &device);
                loss = loss + (output.pooler_output.unwrap() * cotangent).sum() / batch;
            }
            check_loss(&fixture, &pretrained, loss, device_name, is_linear);
        }
    }
}

macro_rules! headed {
    ($function:ident, $model:ty, |$fixture:ident, $model_name:ident, $input:ident, $prefix:ident, $device:ident| $check:block, |$f:ident, $m:ident, $i:ident, $d:ident| $loss:block) => {
        fn $function(name: &str) {
            let fixture = Fixture::open(name);
            for (device_name, device) in devices() {
                let pretrained = load::<$model>(&fixture, &device);
                let model = pretrained.model.valid();
                for prefix in input_sets(&fixture) {
                    let input = input(&fixture, &prefix, &device);
                    let ($fixture, $model_name, $input, $prefix, $device) =
                        (&fixture, &model, &input, prefix.as_str(), device_name);
                    $check
                }
                let device = device.autodiff();
                let input = input(&fixture, "", &device);
                let ($f, $m, $i, $d) = (&fixture, &pretrained.model, &input, &device);
                let loss: Tensor<1> = $loss;
                check_loss(&fixture, &pretrained, loss, device_name, is_linear);
            }
        }
    };
}

headed!(
    masked_lm,
    EncoderForMaskedLM,
    |fixture, model, input, prefix, device| {
        let (output, logits) = model.forward(input);
        let hidden = format!("{prefix}last_hidden_state");
        if fixture.has(&hidden) {
            fixture.check(&hidden, output.last_hidden_state, device);
        }
        fixture.check(&format!("{prefix}logits"), logits, device);
    },
    |fixture, model, input, device| {
        let (_, logits) = model.forward(input);
        loss::token_cross_entropy(logits, fixture.ints("labels", device))
    }
);

headed!(
    sequence,
    EncoderForSequenceClassification,
    |fixture, model, input, prefix, device| {
        let (_, logits) = model.forward(input);
        fixture.check(&format!("{prefix}logits"), logits, device);
    },
    |fixture, model, input, device| {
        let (_, logits) = model.forward(input);
        loss::cross_entropy(logits, fixture.ints("labels", device))
    }
);

headed!(
    token,
    EncoderForTokenClassification,
    |fixture, model, input, prefix, device| {
        let (_, logits) = model.forward(input);
        fixture.check(&format!("{prefix}logits"), logits, device);
    },
    |fixture, model, input, device| {
        let (_, logits) = model.forward(input);
        loss::token_cross_entropy(logits, fixture.ints("labels", device))
    }
);

headed!(
    span,
    EncoderForQuestionAnswering,
    |fixture, model, input, prefix, device| {
        let (_, start, end) = model.forward(input);
        fixture.check(&format!("{prefix}start_logits"), start, device);
        fixture.check(&format!("{prefix}end_logits"), end, device);
    },
    |fixture, model, input, device| {
        let (_, start, end) = model.forward(input);
        let starts = fixture.ints("start_positions", device);
        let ends = fixture.ints("end_positions", device);
        loss::span_cross_entropy(start, end, starts, ends)
    }
);

macro_rules! cases {
    ($($function:ident: $($test:ident $name:literal),*;)*) => {
        $($(
            #[test]
            fn $test() {
                $function($name);
            }
        )*)*
    };
}

cases! {
    base: bert_base "bert-base-model", bert_without_prefix "bert-noprefix",
        roberta_base "roberta-base-model", mpnet_base "mpnet-base-model",
        distilbert_base "distilbert-base-model";
    masked_lm: bert_masked_lm "bert-mlm", bert_untied "bert-mlm-untied",
        bert_old_names "bert-mlm-oldkeys", roberta_masked_lm "roberta-mlm",
        bert_sharded "bert-sharded", bert_relu "bert-relu", bert_torch "bert-bin",
        bert_half "bert-f16", bert_bfloat "bert-bf16", bert_pretraining "bert-pretraining",
        mpnet_masked_lm "mpnet-mlm", distilbert_masked_lm "distilbert-mlm";
    sequence: bert_sequence "bert-seqcls", roberta_sequence "roberta-seqcls",
        mpnet_sequence "mpnet-seqcls", distilbert_sequence "distilbert-seqcls";
    token: bert_token "bert-tokcls", roberta_token "roberta-tokcls",
        mpnet_token "mpnet-tokcls", distilbert_token "distilbert-tokcls";
    span: bert_span "bert-qa", roberta_span "roberta-qa", mpnet_span "mpnet-qa",
        distilbert_span "distilbert-qa";
}
