//! Ways to divide the neurons of a feed-forward layer into equal experts.
//!
//! - [`BalancedKMeans`] on the [`normalized_rows`] of the input weights needs no data, and is what
//!   the MoEfication paper (Zhang et al. 2022, arXiv 2110.01786) found to work best.
//! - [`CoactivationCounter`] and [`partition_graph`] keep neurons together that are active together.
//! - [`random`] and [`contiguous`] are controls.
//!
//! All of them work on plain numbers in the host's memory and give a [`Partition`](crate::Partition).

mod coactivation;
mod graph;
mod kmeans;
mod partitioner;
mod points;
mod random;
mod seeding;
mod transport;

pub use coactivation::{CoactivationCounter, CoactivationWeight, EdgeSelection};
pub use graph::Graph;
pub use kmeans::{BalancedKMeans, Clustering};
pub use partitioner::partition_graph;
pub use points::normalized_rows;
pub use random::{contiguous, random};
