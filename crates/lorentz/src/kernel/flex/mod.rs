//! Fused forms for burn's CPU backend `flex`, in single precision.
//!
//! Results do not depend on the number of threads: work is cut into blocks of fixed size, and partial
//! sums are added in order.

mod maps;
mod points;
mod rows;

use burn::backend::Dispatch;
use burn::backend::flex::FlexTensor;
use burn::tensor::{Shape, Tensor};
use plm_core::kernel::flex;

use self::maps::MapOps;
use self::points::PointOps;
use self::rows::Bound;
use super::Affine;

/// Whether `tensor` holds numbers, at least one, in single precision on flex, with or without autodiff.
pub(super) fn accepts<const D: usize>(tensor: &Tensor<D>) -> bool {
    flex::accepts(tensor) && tensor.dims().iter().all(|&length| length > 0)
}

/// Whether [`accepts`] holds for an input and a linear map.
pub(super) fn accepts_map<const D: usize>(x: &Tensor<D>, map: &Affine) -> bool {
    accepts(x) && accepts(&map.weight) && map.bias.as_ref().is_none_or(accepts)
}

/// See [`super::lift`].
pub(super) fn lift<const D: usize>(space: Tensor<D>, k: f64) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as PointOps>::lift(space.into_dispatch(), k))
}

/// See [`super::bounded_point`].
pub(super) fn bounded_point<const D: usize>(
    z: Tensor<D>,
    log_scale: Tensor<1>,
    k: f64,
) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as PointOps>::bounded_point(
        z.into_dispatch(),
        log_scale.into_dispatch(),
        k,
    ))
}

/// See [`super::lifted_map`].
pub(super) fn lifted_map<const D: usize>(x: Tensor<D>, map: &Affine, k: f64) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as MapOps>::lifted_map(
        x.into_dispatch(),
        map.weight.clone().into_dispatch(),
        bias(map).into_dispatch(),
        k,
    ))
}

/// See [`super::bounded_map`].
pub(super) fn bounded_map<const D: usize>(
    x: Tensor<D>,
    map: &Affine,
    log_scale: Tensor<1>,
    k: f64,
    heads: usize,
) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as MapOps>::bounded_map(
        x.into_dispatch(),
        map.weight.clone().into_dispatch(),
        bias(map).into_dispatch(),
        log_scale.into_dispatch(),
        k,
        heads,
    ))
}

/// The bias of a linear map, zeros where it has none.
fn bias(map: &Affine) -> Tensor<1> {
    let [_, width] = map.weight.dims();
    let zeros = || Tensor::zeros([width], (&map.weight.device(), map.weight.dtype()));
    map.bias.clone().unwrap_or_else(zeros)
}

/// λ and k of a layer.
fn bound(log_scale: &FlexTensor, k: f64) -> Bound {
    let log_scale = flex::contiguous(log_scale.clone());
    Bound::new(flex::values(&log_scale)[0].exp(), k)
}

/// `shape` with a last axis of `width`.
fn with_width(shape: &Shape, width: usize) -> Shape {
    let mut lengths = shape.to_vec();
    if let Some(last) = lengths.last_mut() {
        *last = width;
    }
    Shape::from(lengths)
}

/// The length of the last axis.
fn width(shape: &Shape) -> usize {
    *shape.last().expect("a tensor has at least one axis")
}
