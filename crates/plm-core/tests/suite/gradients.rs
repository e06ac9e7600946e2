//! Losses and gradients beside those of transformers.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};
use plm_core::config::ModelConfig;
use plm_core::models::{Pretrained, PretrainedModel};

use super::fixture::{Fixture, check_close};

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
    check_close(&[value], &fixture.floats("loss").1, device, "loss");
    let gradients = loss.backward();
    let found = gradients_of(&pretrained.model, &gradients);
    let settings = M::Config::from_file(&pretrained.config).unwrap();
    let table = M::key_table(&settings);
    let scope = table.scope(found.iter().map(|(path, ..)| path.as_str()));
    // transformers calls parameters by the names of a model with a head, whatever the file does.
    let mut checked = 0;
    for (path, shape, mut values) in found {
        let name = format!("grad.{}", table.to_hf(scope, &path).expect("a known path"));
        if !fixture.has(&name) {
            continue;
        }
        let (expected_shape, mut expected) = fixture.floats(&name);
        if path.ends_with("word.weight") || path.ends_with("shared.weight") {
            // In transformers no gradient reaches the padding token's vector through a lookup (only
            // through a tied decoder); here it is a row like any other.
            let pad: usize = pretrained.config.required("pad_token_id").unwrap();
            let row = pad * shape[1]..(pad + 1) * shape[1];
            if expected[row.clone()].iter().all(|&x| x == 0.0) {
                values[row].fill(0.0);
            }
        }
        if transposed(&path) {
            let [rows, columns] = expected_shape[..] else {
                panic!("{name}: {shape:?} for {expected_shape:?}")
            };
            expected = (0..rows * columns)
                .map(|at| expected[at % rows * columns + at / rows])
                .collect();
        }
        check_close(&values, &expected, device, &name);
        checked += 1;
    }
    let names = fixture.names();
    let wanted = names.iter().filter(|name| name.starts_with("grad."));
    assert_eq!(checked, wanted.count(), "gradients found on {device}");
}

/// The paths of the parameters that have a gradient.
pub(super) fn paths_with_gradient<M: Module>(module: &M, gradients: &Gradients) -> Vec<String> {
    let found = gradients_of(module, gradients);
    found.into_iter().map(|(path, ..)| path).collect()
}

/// Asserts that two backward passes through `module` give the same parameters a gradient, and the same one
/// to the precision of `device`.
#[track_caller]
pub(super) fn same_gradients<M: Module>(
    module: &M,
    found: &Gradients,
    expected: &Gradients,
    what: &str,
    device: &str,
) {
    let expected = gradients_of(module, expected);
    assert!(!expected.is_empty(), "{what} on {device}");
    let found = gradients_of(module, found);
    assert_eq!(found.len(), expected.len(), "{what} on {device}");
    for ((path, _, found), (expected_path, _, expected)) in found.iter().zip(&expected) {
        assert_eq!(path, expected_path, "{what} on {device}");
        check_close(found, expected, device, &format!("{path} of {what}"));
    }
}

/// Path, shape and gradient of each parameter that has one.
type Found = Vec<(String, Vec<usize>, Vec<f32>)>;

fn gradients_of<M: Module>(module: &M, gradients: &Gradients) -> Found {
    let mut collect = Collect {
        path: Vec::new(),
        gradients,
        found: Vec::new(),
    };
    module.visit(&mut collect);
    collect.found
}

struct Collect<'a> {
    path: Vec<String>,
    gradients: &'a Gradients,
    found: Found,
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
