//! Taking points apart and putting them together.

use burn::tensor::Tensor;

/// The time components of points or tangent vectors.
///
/// # Shapes
/// - vectors: `[.., n + 1]`
/// - result: `[.., 1]`
pub fn time<const D: usize>(vectors: Tensor<D>) -> Tensor<D> {
    vectors.narrow(D - 1, 0, 1)
}

/// The space components of points or tangent vectors.
///
/// # Shapes
/// - vectors: `[.., n + 1]`
/// - result: `[.., n]`
pub fn space<const D: usize>(vectors: Tensor<D>) -> Tensor<D> {
    let width = vectors.dims()[D - 1];
    vectors.narrow(D - 1, 1, width - 1)
}

/// Vectors with these components, `[.., 1]` and `[.., n]`.
pub(crate) fn join<const D: usize>(time: Tensor<D>, space: Tensor<D>) -> Tensor<D> {
    Tensor::cat(vec![time, space], D - 1)
}

/// Sums of products along the last axis, `[.., 1]`.
pub(super) fn dot<const D: usize>(x: Tensor<D>, y: Tensor<D>) -> Tensor<D> {
    (x * y).sum_dim(D - 1)
}

/// The sums of squares along the last axis, `[.., 1]`.
pub(crate) fn sum_squares<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    x.square().sum_dim(D - 1)
}

/// Both tensors with the shape that their operations would have.
pub(super) fn broadcast<const D: usize>(x: Tensor<D>, y: Tensor<D>) -> (Tensor<D>, Tensor<D>) {
    let (left, right) = (x.dims(), y.dims());
    if left == right {
        return (x, y);
    }
    let mut both = left;
    for (both, right) in both.iter_mut().zip(right) {
        if *both == 1 {
            *both = right;
        }
    }
    (x.expand(both), y.expand(both))
}
