//! Token ids that both sides of a benchmark can make.

use burn::tensor::{Device, Int, Tensor, TensorData};

/// Ids of the peers' texts, `[batch, length]`: `(7 · position + 31 · row) mod 20000 + 1000` modulo the
/// vocabulary.
pub(super) fn peer_ids(
    batch: usize,
    length: usize,
    vocabulary: usize,
    device: &Device,
) -> Tensor<2, Int> {
    let ids: Vec<i64> = (0..batch * length)
        .map(|place| (7 * (place % length) + 31 * (place / length)) % 20_000 + 1_000)
        .map(|id| (id % vocabulary) as i64)
        .collect();
    Tensor::from_data(TensorData::new(ids, [batch, length]), device)
}
