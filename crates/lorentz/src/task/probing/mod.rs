//! Structural probes (Hewitt and Manning 2019; in hyperbolic space, Chen et al. 2021): whether a
//! linear map turns the vectors of words into points that lie as the words do in their syntax tree.
//!
//! [`EuclideanProbe`] and [`LorentzProbe`] are [`Probe`]s; [`train_probe`] trains one for distances or
//! depths of [`ProbeSentence`]s, [`probe_scores`] measures both together: [`ProbeScores`].

mod measures;
mod predict;
mod probe;
mod sentence;
#[cfg(test)]
mod tests;
mod train;
mod tree;

pub use measures::{mean_by_length, minimum_spanning_tree, rank_correlation};
pub use predict::{ProbeScores, probe_scores};
pub use probe::{EuclideanProbe, LorentzProbe, Probe, ProbeConfig};
pub use sentence::ProbeSentence;
pub use train::{ProbeTarget, ProbeTraining, train_probe};
pub use tree::DependencyTree;
