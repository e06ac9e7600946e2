//! Rows that stand in for those of the word table: of equal ids, none, and too few.

use burn::tensor::{Device, Tensor, TensorData};
use plm_core::models::{EncoderForMaskedLM, EncoderInput, EncoderModel, Pretrained, RowOverride};

use super::fixture::{Fixture, devices};
use super::tensors::{differ, ids, same};

const WIDTH: usize = 16;

fn encoder(device: &Device) -> EncoderModel {
    let dir = Fixture::open("bert-mlm").dir;
    let model = Pretrained::<EncoderForMaskedLM>::load(dir, device).unwrap();
    model.model.encoder
}

/// Tokens 5 and 7 among others.
fn input(device: &Device) -> EncoderInput {
    EncoderInput::ids(ids(&[&[2, 7, 5, 9, 3]], device))
}

/// The encoder's output with `rows` in place of those of `ids`.
fn run(model: &EncoderModel, ids: &[i64], rows: Tensor<2>) -> Tensor<3> {
    let input = input(&rows.device());
    let ids = ids.to_vec();
    let input = input.with_row_override(RowOverride { ids, rows });
    model.forward(&input).last_hidden_state
}

/// Rows that differ.
fn rows(count: usize, device: &Device) -> Tensor<2> {
    let values: Vec<f32> = (0..count * WIDTH)
        .map(|at| (at * 7 % 11) as f32 / 5.0 - 1.0)
        .collect();
    Tensor::from_data(TensorData::new(values, [count, WIDTH]), device)
}

#[test]
fn of_equal_ids_the_last_counts() {
    for (name, device) in devices() {
        let model = encoder(&device);
        let rows = rows(3, &device);
        let row = |at| rows.clone().narrow(0, at, 1);
        let found = run(&model, &[7, 5, 5], rows.clone());
        let last = run(&model, &[7, 5], Tensor::cat(vec![row(0), row(2)], 0));
        same(found.clone(), last, &format!("the last row on {name}"));
        let first = run(&model, &[7, 5], Tensor::cat(vec![row(0), row(1)], 0));
        differ(found, first, "the row before it");
    }
}

#[test]
fn no_rows_change_nothing() {
    for (name, device) in devices() {
        let model = encoder(&device);
        let found = run(&model, &[], Tensor::zeros([0, WIDTH], &device));
        let plain = model.forward(&input(&device)).last_hidden_state;
        same(found, plain, &format!("no rows on {name}"));
    }
}

#[test]
#[should_panic(expected = "replaced rows are [1, 16], but there are 2 ids and vectors of 16")]
fn there_is_a_row_for_each_id() {
    let (_, device) = devices().remove(0);
    let _ = run(&encoder(&device), &[7, 5], rows(1, &device));
}
