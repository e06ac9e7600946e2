//! Positions: explicit ids, the offset of RoBERTa, the relative buckets of T5.

use burn::nn::Embedding;
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

/// Which position each token stands at.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::large_enum_variant,
    reason = "one value a batch; a box would only be in the way of the caller"
)]
pub enum Positions {
    /// As the model counts by itself.
    #[default]
    Default,
    /// Row numbers of the position table: `[batch, length]`. Those that it does not have panic on CPUs
    /// and are not noticed on GPUs.
    Ids(Tensor<2, Int>),
    /// Row numbers, and true where the position vector is zero instead (soft prompts):
    /// both `[batch, length]`.
    ZeroAt {
        /// Row numbers; those at zero slots must be valid rows and are not used.
        ids: Tensor<2, Int>,
        /// True at slots without a position.
        zero: Tensor<2, Bool>,
    },
}

/// `0, 1, 2, …` shifted by `offset` for every example: `[batch, length]`.
pub fn sequential(batch: usize, length: usize, offset: usize, device: &Device) -> Tensor<2, Int> {
    let ids: Tensor<1, Int> = Tensor::arange(offset as i64..(offset + length) as i64, device);
    ids.unsqueeze::<2>().expand([batch, length])
}

/// RoBERTa's positions: padding stays at `pad`, other tokens count on from `pad + 1`.
///
/// # Shapes
/// - ids and result: `[batch, length]`
pub fn after_padding(ids: Tensor<2, Int>, pad: i64) -> Tensor<2, Int> {
    let real = ids.not_equal_elem(pad).int();
    real.clone().cumsum(1) * real + pad
}

/// T5's bucket of the distance `relative = key position - query position` (Raffel et al. 2020,
/// section 2.1): exact for near keys, logarithmic up to `max_distance`.
pub fn relative_bucket(
    relative: i64,
    bidirectional: bool,
    buckets: usize,
    max_distance: usize,
) -> i64 {
    let mut buckets = buckets as i64;
    let mut offset = 0;
    let distance = if bidirectional {
        buckets /= 2;
        if relative > 0 {
            offset = buckets;
        }
        relative.abs()
    } else {
        (-relative).max(0)
    };
    let exact = buckets / 2;
    if distance < exact {
        return offset + distance;
    }
    // f32 as in the original, so that distances at a bucket's border fall on the same side.
    let far = (distance as f32 / exact as f32).ln() / (max_distance as f32 / exact as f32).ln()
        * (buckets - exact) as f32;
    offset + (exact + far as i64).min(buckets - 1)
}

/// The additive attention bias of a table of relative distances.
///
/// Query `i` stands at position `first_query + i`, key `j` at `j`.
///
/// # Shapes
/// - table: `[buckets, heads]`
/// - result: `[1, heads, queries, keys]`
pub fn relative_bias(
    table: &Embedding,
    queries: usize,
    keys: usize,
    first_query: usize,
    bidirectional: bool,
    max_distance: usize,
) -> Tensor<4> {
    let weight = table.weight.val();
    let [buckets, heads] = weight.dims();
    let ids: Vec<i64> = (0..queries as i64)
        .flat_map(|query| {
            (0..keys as i64).map(move |key| {
                let relative = key - (first_query as i64 + query);
                relative_bucket(relative, bidirectional, buckets, max_distance)
            })
        })
        .collect();
    let ids = Tensor::<1, Int>::from_data(
        TensorData::new(ids, [queries * keys]),
        &weight.device().inner(),
    );
    weight
        .select(0, ids)
        .reshape([queries, keys, heads])
        .permute([2, 0, 1])
        .unsqueeze_dim(0)
}
