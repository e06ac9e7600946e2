//! Knowledge amalgamation: one student over the union of what several frozen teachers can tell apart,
//! learnt from texts without labels.
//!
//! [`Integration`] is MUKA (Li et al. 2021, arXiv 2112.07327; as MUKI in Findings of EMNLP 2022, arXiv
//! 2210.05230): teachers are weighed, text by text, by how sure they are under Monte-Carlo dropout. The
//! other [`Method`]s are the baselines that the papers compare with.

mod common;
mod integration;
mod layerwise;
mod loss;
mod method;
mod pool;

pub use common::{CommonFeatures, CommonFeaturesConfig};
pub(crate) use integration::first_largest;
pub use integration::{Integrated, Integration, Weighting, concatenated};
pub use layerwise::{LayerwiseConfig, LayerwiseFeatures, layerwise_pairs};
pub use loss::AmalgamationLoss;
pub use method::{AmalgamationSettings, Method, Scoring};
pub use pool::TeacherPool;
