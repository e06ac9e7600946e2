//! BERT, RoBERTa, MPNet and DistilBERT against transformers.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};
use plm_core::config::ModelConfig;
use plm_core::models::{
    EncoderForMaskedLM, EncoderForQuestionAnswering, EncoderForSequenceClassification,
    EncoderForTokenClassification, EncoderInput, EncoderModel, Pretrained, PretrainedModel, loss,
};
use plm_core::nn::{AttentionMask, Positions, Taps};

use super::fixture::{Fixture, check_close, devices};

/// The input whose tensors have names beginning with `prefix`.
fn input(fixture: &Fixture, prefix: &str, device: &Device) -> EncoderInput {
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

/// Checks the gradients that the fixture holds, under the names of the file.
fn check_gradients<M: PretrainedModel>(
    fixture: &Fixture,
    pretrained: &Pretrained<M>,
    gradients: &Gradients,
    device: &str,
) {
    struct Collect<'a> {
        path: Vec<String>,
        gradients: &'a Gradients,
        found: Vec<(String, Vec<usize>, Vec<f32>)>,
    }
    impl ModuleVisitor for Collect<'_> {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = param.val().grad(self.gradients) {
                let shape = gradient.dims().to_vec();
                let values = gradient.into_data().try_to_vec::<f32>().unwrap();
                self.found.push((self.path.join("."), shape, values));
            }
        }
    }
    let mut collect = Collect {
        path: Vec::new(),
        gradients,
        found: Vec::new(),
    };
    pretrained.model.visit(&mut collect);
    let settings = M::Config::from_file(&pretrained.config).unwrap();
    let table = M::key_table(&settings);
    let scope = table.scope(collect.found.iter().map(|(path, ..)| path.as_str()));
    let mut checked = 0;
    for (path, shape, mut values) in collect.found {
        let name = format!("grad.{}", table.to_hf(scope, &path).expect("a known path"));
        if !fixture.has(&name) {
            continue;
        }
        let (expected_shape, mut expected) = fixture.floats(&name);
        if path.ends_with("embeddings.word.weight") {
            // In transformers no gradient reaches the padding token's vector through a lookup (only
            // through a tied decoder); here it is a row like any other.
            let pad: usize = pretrained.config.required("pad_token_id").unwrap();
            let row = pad * shape[1]..(pad + 1) * shape[1];
            if expected[row.clone()].iter().all(|&x| x == 0.0) {
                values[row].fill(0.0);
            }
        }
        if expected_shape != shape || path.ends_with(".weight") && is_linear(&path) {
            let [rows, columns] = expected_shape[..] else {
                panic!("{name}: {shape:?} for {expected_shape:?}")
            };
            expected = (0..rows * columns)
                .map(|at| expected[at % rows * columns + at / rows])
                .collect();
        }
        check_close(&values, &expected, &format!("{name} on {device}"));
        checked += 1;
    }
    let wanted = fixture
        .names()
        .iter()
        .filter(|name| name.starts_with("grad."))
        .count();
    assert_eq!(checked, wanted, "gradients found on {device}");
}

/// Whether files hold this weight transposed.
fn is_linear(path: &str) -> bool {
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
            check("last_hidden_state", output.last_hidden_state);
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
            let value: f32 = loss.clone().into_scalar();
            let (_, expected) = fixture.floats("loss");
            check_close(&[value], &expected, &format!("loss on {device_name}"));
            check_gradients(&fixture, &pretrained, &loss.backward(), device_name);
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
                let (_, expected) = fixture.floats("loss");
                let value: f32 = loss.clone().into_scalar();
                check_close(&[value], &expected, &format!("loss on {device_name}"));
                check_gradients(&fixture, &pretrained, &loss.backward(), device_name);
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
        mpnet_base "mpnet-base-model", distilbert_base "distilbert-base-model";
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
