//! What the parity tests of T5, BART and GPT-2 share.

use burn::module::{ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};
use plm_core::config::ModelConfig;
use plm_core::generate::{GenerationConfig, GenerativeModel, generate};
use plm_core::models::{EncoderInput, Pretrained, PretrainedModel, Seq2SeqInput};
use plm_core::nn::Positions;
use plm_core::rng::Seed;
use serde_json::Value;

use super::fixture::{Fixture, check_close, devices};

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
    check_close(&values, &expected, &format!("{name} on {device}"));
}

/// Checks the loss and the gradients that the fixture holds, under the names of the file.
/// `transposed` says of a path whether files hold the tensor transposed.
pub(super) fn check_loss<M: PretrainedModel>(
    fixture: &Fixture,
    pretrained: &Pretrained<M>,
    loss: Tensor<1>,
    device: &str,
    transposed: impl Fn(&str) -> bool,
) {
    let value: f32 = loss.clone().into_scalar();
    let what = format!("loss on {device}");
    check_close(&[value], &fixture.floats("loss").1, &what);
    let gradients = loss.backward();
    let mut collect = Collect {
        path: Vec::new(),
        gradients: &gradients,
        found: Vec::new(),
    };
    pretrained.model.visit(&mut collect);
    let settings = M::Config::from_file(&pretrained.config).unwrap();
    let table = M::key_table(&settings);
    let scope = table.scope(collect.found.iter().map(|(path, ..)| path.as_str()));
    // transformers calls parameters by the names of a model with a head, whatever the file does.
    let mut checked = 0;
    for (path, shape, values) in &collect.found {
        let name = format!("grad.{}", table.to_hf(scope, path).expect("a known path"));
        if !fixture.has(&name) {
            continue;
        }
        let (expected_shape, mut expected) = fixture.floats(&name);
        if transposed(path) {
            let [rows, columns] = expected_shape[..] else {
                panic!("{name}: {shape:?} for {expected_shape:?}")
            };
            expected = (0..rows * columns)
                .map(|at| expected[at % rows * columns + at / rows])
                .collect();
        }
        check_close(values, &expected, &format!("{name} on {device}"));
        checked += 1;
    }
    let names = fixture.names();
    let wanted = names.iter().filter(|name| name.starts_with("grad."));
    assert_eq!(checked, wanted.count(), "gradients found on {device}");
}

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

/// A row up to and with the first end of sequence behind its prompt.
fn up_to_end(row: &[i64], prompt: usize, ends: &[i64]) -> Vec<i64> {
    let end = row.iter().skip(prompt).position(|id| ends.contains(id));
    row[..end.map_or(row.len(), |end| prompt + end + 1)].to_vec()
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
            for (row, expected) in rows.iter().zip(expected.chunks(shape[1])) {
                let ends = &settings.eos_token_id;
                if settings.num_beams == 1 {
                    assert_eq!(row, expected, "{what}");
                }
                let expected = up_to_end(expected, prompt, ends);
                assert_eq!(up_to_end(row, prompt, ends), expected, "{what}");
            }
            if settings.num_beams > 1 {
                let all = found.hypotheses.iter().flatten();
                let scores: Vec<f32> = all.map(|hypothesis| hypothesis.score).collect();
                let (_, expected) = fixture.floats(&format!("generate.{run}.scores"));
                check_close(&scores, &expected, &what);
            }
            settings.use_cache = false;
            let again = generate(&pretrained.model, &input, &settings, seed).unwrap();
            assert_eq!(again.sequences(), rows, "without a cache, {what}");
        }
    }
}
