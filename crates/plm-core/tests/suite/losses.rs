//! The losses of sequence classifiers beside those of transformers (`fixtures/loss/make_losses.py`).

use burn::tensor::{Int, Tensor, TensorData};
use plm_core::models::loss;
use serde::Deserialize;

use super::fixture::{check_close, devices};
use super::tensors::values;

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    problem_type: String,
    classes: usize,
    logits: Vec<f32>,
    labels: Vec<f32>,
    loss: f32,
    gradient: Vec<f32>,
}

#[test]
fn of_sequence_classifiers() {
    let text = include_str!("../fixtures/loss/losses.json");
    let file: File = serde_json::from_str(text).unwrap();
    assert_eq!(file.cases.len(), 7);
    for (name, device) in devices() {
        let device = device.autodiff();
        for case in &file.cases {
            let items = case.logits.len() / case.classes;
            let shape = [items, case.classes];
            let floats = |values: &[f32]| {
                Tensor::<2>::from_data(TensorData::new(values.to_vec(), shape), &device)
            };
            let logits = floats(&case.logits).require_grad();
            let loss = match case.problem_type.as_str() {
                "regression" => loss::mean_squared_error(logits.clone(), floats(&case.labels)),
                "multi_label_classification" => {
                    loss::binary_cross_entropy(logits.clone(), floats(&case.labels))
                }
                "single_label_classification" => {
                    let ids: Vec<i64> = case.labels.iter().map(|&label| label as i64).collect();
                    let ids = Tensor::<1, Int>::from_data(ids.as_slice(), &device);
                    loss::cross_entropy(logits.clone(), ids)
                }
                other => panic!("{other}"),
            };
            let gradient = logits.grad(&loss.clone().backward()).unwrap();
            check_close(&[loss.into_scalar()], &[case.loss], name, &case.name);
            check_close(&values(gradient), &case.gradient, name, &case.name);
        }
    }
}
