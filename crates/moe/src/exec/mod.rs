//! Ways to compute a feed-forward layer of which every token uses some experts only.
//!
//! With `K` the experts of a token, `h_n` the value of neuron `n` and `w_n` its output row, all of
//! them compute
//!
//! `y = b_out + sum over n of mu_n w_n + sum over n in K of (h_n - mu_n) w_n`
//!
//! where `mu` is 0 unless [`ExpertFfn::with_mean_fill`] was called. Results agree to rounding
//! whichever way is taken, and do not depend on the number of threads. [`Path::Dense`] alone leaves
//! nothing out: it is the layer that the others have to beat.

mod activation;
mod contributions;
mod dense;
mod fused;
mod grouped;
mod layer;
mod masked;
mod observe;
mod pieces;
mod planner;
mod rows;
mod simd;
#[cfg(test)]
mod tests;
mod tiles;
mod union;

pub use activation::activate;

pub(crate) use contributions::products;
pub use layer::{ExpertFfn, Path};
pub use observe::RowsRead;
pub use planner::{Decision, Planner, Situation, Timing};
