//! Replaced rows of the word table, and freezing.

use burn::tensor::{Int, Tensor};
use plm_core::models::{RowOverride, Seq2SeqInput, Stack};

use super::super::fixture::devices;
use super::super::gradients::paths_with_gradient;
use super::super::tensors::{differ, ids, same};
use super::family::{Family, LAYERS, WIDTH, half};
use super::for_each_family;

for_each_family!(
    replaced_rows_act_like_a_changed_table_and_get_its_gradient,
    frozen_layers_get_no_gradient,
);

fn pair(device: &burn::tensor::Device) -> Seq2SeqInput {
    let encoder = ids(&[&[2, 9, 8, 9, 7], &[2, 7, 5, 4, 3]], device);
    let decoder = ids(&[&[4, 9, 6], &[4, 7, 7]], device);
    Seq2SeqInput::ids(encoder, decoder)
}

fn loss_of(hidden: Tensor<3>) -> Tensor<1> {
    hidden.powi_scalar(3).mean()
}

fn replaced_rows_act_like_a_changed_table_and_get_its_gradient<M: Family>() {
    for (name, device) in devices() {
        let device = device.autodiff();
        let model = M::tiny(&device);
        let table = model.table();
        let last = |model: &M, input: &Seq2SeqInput| model.run(input).last(Stack::Decoder);
        let gradients = loss_of(last(&model, &pair(&device))).backward();
        let gradient = table.grad(&gradients).unwrap();

        let frozen = model.freeze();
        let with_rows = |rows: &Tensor<2>| {
            let mut input = pair(&device);
            for &stack in M::STACKS {
                half(&mut input, stack).row_override = Some(RowOverride {
                    ids: vec![7, 9],
                    rows: rows.clone(),
                });
            }
            last(&frozen, &input)
        };
        let picked = Tensor::<1, Int>::from_data([7_i64, 9], &device).inner();
        let rows = table.inner().select(0, picked.clone());
        let rows = rows.autodiff().require_grad();
        let unchanged = with_rows(&rows);
        let plain = last(&frozen, &pair(&device));
        same(unchanged.clone(), plain.clone(), "the rows as they are");
        let gradients = loss_of(unchanged).backward();
        let own = rows.grad(&gradients).unwrap();
        assert_eq!(own.dims(), [2, WIDTH], "gradient of the rows alone");
        assert!(paths_with_gradient(&frozen, &gradients).is_empty());
        let what = format!("gradient of rows 7 and 9 on {name}");
        same(own, gradient.select(0, picked), &what);
        differ(
            with_rows(&Tensor::ones([2, WIDTH], &device)),
            plain,
            "other rows",
        );
    }
}

fn frozen_layers_get_no_gradient<M: Family>() {
    for (name, device) in devices() {
        let device = device.autodiff();
        let model = M::tiny(&device);
        let found = |model: &M| {
            let gradients = loss_of(model.run(&pair(&device)).logits).backward();
            paths_with_gradient(model, &gradients)
        };
        let all = found(&model);
        let last = format!("layers.{}.", LAYERS - 1);
        let in_last = |path: &&String| {
            let decoder = path.contains("decoder.") || M::STACKS.len() == 1;
            decoder && path.contains(&last)
        };
        let expected: Vec<String> = all.iter().filter(in_last).cloned().collect();
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{all:?}"
        );
        assert!(all.iter().any(|path| path.contains("layers.0.ffn")));

        let partly = model.clone().freeze().with_last_layer_of(&model);
        assert_eq!(found(&partly), expected, "{name}");
    }
}
