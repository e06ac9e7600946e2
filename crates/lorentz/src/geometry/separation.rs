//! How far two points are apart, in the one quantity that all distances come from.

use burn::tensor::Tensor;

use super::inner::inner;
use super::parts::{broadcast, dot, space, sum_squares, time};
use crate::Curvature;

/// Beyond this hyperbolic radius, in units of √k, the difference form loses too many digits.
const FAR: f64 = 3.0;
/// Within this radius of the other point, the inner product with a far point does not cancel.
const CENTRAL: f64 = 1.0;

/// h = sinh²(d / 2√k) = (−⟨x, y⟩/k − 1) / 2, `[.., 1]`.
///
/// Differences of coordinates are exact for close points within radius 3; farther out they cancel
/// and polar coordinates take over, except where one point is so near the origin that its direction
/// says little: there d ≥ 2√k, and the inner product itself is precise.
pub(super) fn separation<const D: usize>(
    x: Tensor<D>,
    y: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    let (x, y) = broadcast(x, y);
    let (tx, ty) = (time(x.clone()), time(y.clone()));
    let (farther, nearer) = (tx.clone().max_pair(ty.clone()), tx.min_pair(ty));
    let far = farther.greater_scalar(curvature.radius() * FAR.cosh());
    let central = nearer.lower_scalar(curvature.radius() * CENTRAL.cosh());
    let polar = far.clone().bool_and(central.clone().bool_not());
    let mixed = far.bool_and(central);

    let difference = from_difference(x.clone(), y.clone(), curvature);
    let product = inner(x.clone(), y.clone())
        .div_scalar(-2.0 * curvature.k())
        .sub_scalar(0.5);
    let unused = polar.clone().bool_not().expand(x.shape());
    let angles = from_polar(
        x.mask_fill(unused.clone(), 1.0),
        y.mask_fill(unused, 1.0),
        curvature,
    );
    difference
        .mask_where(mixed, product)
        .mask_where(polar, angles)
}

/// ⟨x − y, x − y⟩ / 4k with the difference of the times from that of the spaces.
pub(super) fn from_difference<const D: usize>(
    x: Tensor<D>,
    y: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    let (sx, sy) = (space(x.clone()), space(y.clone()));
    let delta = sx.clone() - sy.clone();
    let dt = dot(delta.clone(), sx + sy) / (time(x) + time(y));
    (sum_squares(delta) - dt.square())
        .clamp_min(0.0)
        .div_scalar(4.0 * curvature.k())
}

/// sinh²((r_x − r_y) / 2) + n_x n_y |u_x − u_y|² / 4k with s = n u and n = √k sinh r.
///
/// Of close points, both differences come from s_x − s_y, which is exact, not from rounded norms and
/// directions: s_x − s_y = n̄ (u_x − u_y) + (n_x − n_y) ū with the means n̄ and ū. Neither point may be
/// the origin.
pub(super) fn from_polar<const D: usize>(
    x: Tensor<D>,
    y: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    let (sx, sy) = (space(x.clone()), space(y.clone()));
    let nx = sum_squares(sx.clone()).sqrt();
    let ny = sum_squares(sy.clone()).sqrt();
    let delta = sx.clone() - sy.clone();
    let squares = dot(delta.clone(), sx.clone() + sy.clone());
    let sine = squares.clone() / (nx.clone() * time(y) + ny.clone() * time(x));
    let radial = sine.asinh().div_scalar(2.0).sinh().square();

    let norms = nx.clone() + ny.clone();
    let directions = sx / nx.clone() + sy / ny.clone();
    let across = delta.mul_scalar(2.0) - directions * (squares / norms.clone());
    let angle = sum_squares(across / norms);
    radial + (nx * ny * angle).div_scalar(4.0 * curvature.k())
}
