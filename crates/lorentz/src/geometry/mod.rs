//! Points, tangent vectors and their operations on the hyperboloid ⟨x, x⟩ = −k.
//!
//! A point is the last axis of a tensor: component 0 is its time, the others are its space. All
//! functions broadcast their arguments as burn's operators do, and give reductions a last axis of
//! size 1. They compute in the data type of their arguments, which should be single or double
//! precision; single precision keeps three digits up to a hyperbolic radius of about 9 √k, double
//! up to 19 √k (Mishne et al., ICML 2023). Centroids of many points and what is taken of all pairs by
//! one product of matrices cancel earlier; each says how far it is good.
//!
//! Every result that is a point gets its time from its space, and every tangent vector its time from
//! orthogonality, so that rounding moves neither off its manifold. Gradients are finite at
//! coincident points and at the origin.
//!
//! # Panics
//! Like burn's own operators, all functions panic where shapes or devices do not fit together.

mod centroid;
mod concat;
mod distance;
mod exp;
mod gradient;
mod inner;
mod klein;
mod log;
mod pairwise;
mod parts;
mod poincare;
mod point;
mod precision;
mod rescale;
mod residual;
mod separation;
pub mod stable;
mod tangent;
#[cfg(test)]
mod tests;
mod transport;

pub use centroid::{centroid, centroid_of_sum, midpoint};
pub use concat::concat;
pub use distance::{distance, distance_from_origin, squared_distance};
pub use exp::{exp, exp_origin, limit_norm, origin_tangent};
pub use gradient::to_riemannian_gradient;
pub use inner::inner;
pub use klein::{from_klein, to_klein};
pub use log::{log, log_origin};
pub use pairwise::{distance_pairwise, inner_pairwise, squared_distance_pairwise};
pub use parts::{space, time};
pub use poincare::{from_poincare, to_poincare};
pub use point::{lift, origin, project, project_within};
pub use rescale::change_curvature;
pub use residual::residual;
pub use tangent::{project_tangent, tangent_norm, tangent_norm_squared};
pub use transport::{transport, transport_from_origin, transport_to_origin};

pub(crate) use centroid::centroid_of_two;
pub(crate) use parts::{join, sum_squares};
#[cfg(all(test, feature = "flex"))]
pub(crate) use point::lift_by_parts;
pub(crate) use precision::Precision;
