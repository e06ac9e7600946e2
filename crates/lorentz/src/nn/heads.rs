//! Several points in a row, and as an axis of their own.

use burn::tensor::Tensor;

/// The points of each head by themselves.
///
/// # Shapes
/// - x: `[batch, length, heads · d_head]`, head after head
/// - result: `[batch, heads, length, d_head]`
pub fn split_heads(x: Tensor<3>, heads: usize) -> Tensor<4> {
    let [batch, length, width] = x.dims();
    x.reshape([batch, length, heads, width / heads])
        .swap_dims(1, 2)
}

/// The points of all heads in a row: what a linear layer of `input_heads` heads takes. The row is not
/// a point itself.
///
/// # Shapes
/// - x: `[batch, heads, length, d_head]`
/// - result: `[batch, length, heads · d_head]`
pub fn merge_heads(x: Tensor<4>) -> Tensor<3> {
    let [batch, heads, length, width] = x.dims();
    x.swap_dims(1, 2).reshape([batch, length, heads * width])
}
