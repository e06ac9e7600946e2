//! Embedding of trees and other graphs with distances that are in proportion to the number of steps between
//! nodes (Sala et al. 2018, arXiv:1804.03329; Gu et al. 2019), and how far a graph is from a tree.

mod distances;
mod distortion;
mod embed;
mod hyperbolicity;

pub use distances::GraphDistances;
pub use distortion::Distortion;
pub use embed::{DistortionConfig, DistortionFit, embed};
pub use hyperbolicity::Hyperbolicity;
