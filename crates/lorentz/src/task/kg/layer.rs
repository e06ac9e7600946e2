//! The map of a relation and its gradient, one point at a time.

use super::config::EntityGeometry;
use super::real::{Real, real};
use super::tables::CompletionTables;
use super::vector::{add_scaled, dot, square};

/// How far outside the origin's time 1 the sigmoid begins.
const TIME_MARGIN: f64 = 0.1;
/// Added to the squared norm that directions are divided by.
const EPSILON: f64 = 1e-6;

/// The map from z = W x to the transformed head.
///
/// In Lorentz space, with w = z_s + b and τ = λ σ(z₀) + 1.1, it is (√(1 + |φ|²), φ) with
/// φ = √(τ² − 1) w / √(|w|² + 10⁻⁶): [`LorentzLinear`](crate::nn::LorentzLinear) with a bias of space
/// alone. In Euclidean space it is z + b.
#[derive(Clone, Copy)]
pub(super) struct Layer<T> {
    geometry: EntityGeometry,
    scale: T,
}

/// What the gradient needs of the forward pass.
#[derive(Clone, Copy)]
pub(super) struct Saved<T> {
    sigma: T,
    squares: T,
    share: T,
}

impl<T: Real> Layer<T> {
    #[inline(always)]
    pub(super) fn of(tables: &CompletionTables<T>) -> Self {
        Self {
            geometry: tables.geometry,
            scale: tables.scale,
        }
    }

    /// Writes the transformed head to `point`, and w in place of z_s.
    #[inline(always)]
    pub(super) fn forward(&self, z: &mut [T], bias: &[T], point: &mut [T]) -> Saved<T> {
        match self.geometry {
            EntityGeometry::Euclidean => {
                add_scaled(z, T::one(), bias);
                point.copy_from_slice(z);
                Saved {
                    sigma: T::zero(),
                    squares: T::zero(),
                    share: T::zero(),
                }
            }
            EntityGeometry::Lorentz => {
                let sigma = (T::one() + (-z[0]).exp()).recip();
                let w = &mut z[1..];
                add_scaled(w, T::one(), &bias[1..]);
                let squares = square(w);
                let share = self.height(sigma) / (squares + real(EPSILON));
                let root = share.sqrt();
                for (point, &w) in point[1..].iter_mut().zip(&*w) {
                    *point = root * w;
                }
                point[0] = (T::one() + share * squares).sqrt();
                Saved {
                    sigma,
                    squares,
                    share,
                }
            }
        }
    }

    /// τ² − 1.
    #[inline(always)]
    fn height(&self, sigma: T) -> T {
        let beyond = self.scale * sigma + real(TIME_MARGIN);
        beyond * (beyond + real(2.0))
    }

    /// Writes the gradient of z to `dz` from that of the point, `grad`. The gradient of the bias is that
    /// of z, without its first component in Lorentz space.
    #[inline(always)]
    pub(super) fn backward(&self, z: &[T], point: &[T], saved: Saved<T>, grad: &[T], dz: &mut [T]) {
        match self.geometry {
            EntityGeometry::Euclidean => dz.copy_from_slice(grad),
            EntityGeometry::Lorentz => {
                let Saved {
                    sigma,
                    squares,
                    share,
                } = saved;
                let w = &z[1..];
                let root = share.sqrt();
                let time = grad[0] / (point[0] + point[0]);
                let d_share = dot(&grad[1..], w) / (root + root) + time * squares;
                let below = (squares + real(EPSILON)).recip();
                let d_squares = time * share - d_share * share * below;
                for ((dz, &w), &grad) in dz[1..].iter_mut().zip(w).zip(&grad[1..]) {
                    *dz = grad * root + (d_squares + d_squares) * w;
                }
                let tau = self.scale * sigma + real(1.0 + TIME_MARGIN);
                let slope = self.scale * sigma * (T::one() - sigma);
                dz[0] = d_share * below * (tau + tau) * slope;
            }
        }
    }
}

/// Writes a and returns the rest of c: see [`CompletionTables::query`].
#[inline(always)]
pub(super) fn query<T: Real>(geometry: EntityGeometry, point: &[T], query: &mut [T]) -> T {
    for (query, &point) in query.iter_mut().zip(point) {
        *query = point + point;
    }
    match geometry {
        EntityGeometry::Lorentz => {
            query[0] = -query[0];
            T::zero()
        }
        EntityGeometry::Euclidean => -square(point),
    }
}

/// The gradient of the point from Σ g t over the tails and Σ g, in place of the former.
#[inline(always)]
pub(super) fn query_gradient<T: Real>(
    geometry: EntityGeometry,
    point: &[T],
    total: T,
    sums: &mut [T],
) {
    for (sum, &point) in sums.iter_mut().zip(point) {
        *sum += *sum;
        if geometry == EntityGeometry::Euclidean {
            *sum += -(total + total) * point;
        }
    }
    if geometry == EntityGeometry::Lorentz {
        sums[0] = -sums[0];
    }
}
