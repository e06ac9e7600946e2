//! Slots before words.

use burn::module::Module;
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use plm_core::text::Batch;
use plm_core::train::freeze;

/// `model` on its autodiff device with all parameters frozen.
pub(super) fn frozen_on_autodiff<M: Module>(model: &M) -> M {
    let model = model.clone().train();
    freeze(model, |_| true)
}

/// `prompts` before `words`.
///
/// # Shapes
/// - prompts: `[batch or 1, slots, width]`
/// - words: `[batch, length, width]`
/// - result: `[batch, slots + length, width]`
pub(super) fn before(prompts: Tensor<3>, words: Tensor<3>) -> Tensor<3> {
    let [batch, _, width] = words.dims();
    let [_, slots, _] = prompts.dims();
    if slots == 0 {
        return words;
    }
    let prompts = prompts.expand([batch, slots, width]);
    Tensor::cat(vec![prompts, words], 1)
}

/// The padding mask behind `visible` positions that nobody hides.
pub(super) fn padding(visible: usize, mask: Tensor<2, Bool>) -> Tensor<2, Bool> {
    if visible == 0 {
        return mask;
    }
    let [batch, _] = mask.dims();
    let shown = Tensor::<2, Bool>::from_data(
        TensorData::new(vec![false; batch * visible], [batch, visible]),
        &mask.device(),
    );
    Tensor::cat(vec![shown, mask], 1)
}

/// `id` for each of `batch` examples, `[batch, 1]`.
pub(super) fn column(id: usize, batch: usize, device: &Device) -> Tensor<2, Int> {
    Tensor::from_data(TensorData::new(vec![id as i64; batch], [batch, 1]), device)
}

/// One text of the single token `id` for each of `batch` examples.
pub(super) fn single(id: usize, batch: usize, device: &Device) -> Batch {
    let ids = column(id, batch, device);
    Batch {
        token_type_ids: ids.zeros_like(),
        mask: Tensor::from_data(TensorData::new(vec![false; batch], [batch, 1]), device),
        lengths: vec![1; batch],
        ids,
    }
}

/// The places of position `position` in a batch of sequences of `length`, `[batch]`.
pub(super) fn places(
    batch: usize,
    length: usize,
    position: impl Fn(usize) -> usize,
    device: &Device,
) -> Tensor<1, Int> {
    let places: Vec<i64> = (0..batch)
        .map(|row| (row * length + position(row)) as i64)
        .collect();
    Tensor::from_data(places.as_slice(), device)
}
