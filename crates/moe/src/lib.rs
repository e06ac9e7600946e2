#![doc = include_str!("../README.md")]

mod analysis;
mod budget;
pub mod calibrate;
mod capture;
mod config;
mod convert;
mod divide;
mod error;
pub mod exec;
mod experts;
mod ffn;
pub mod flops;
#[cfg(test)]
mod generator;
#[cfg(test)]
mod goldens;
mod hidden;
mod host;
mod layer;
mod partition;
mod policy;
pub mod quality;
pub mod relufy;
mod router;
mod score;
mod sparse;
pub mod split;
mod store;
#[cfg(test)]
mod testing;
mod weights;

pub use analysis::{
    Activity, Coactivation, ExpertLoad, coverage, expert_contributions, expert_selection,
};
pub use budget::{share_out, share_out_operations};
pub use capture::{Capture, FfnInputs};
pub use config::{Fill, MoeConfig, SplitKind};
pub use convert::{Converted, absorb, convert, permuted, with_experts};
pub use error::{Error, Result};
pub use experts::{Division, MoeLayer};
pub use ffn::MoeFfn;
pub use layer::{FeedForwards, LayerId};
pub use partition::Partition;
pub use policy::{Policy, Selection};
pub use router::{
    CentroidRouter, ContributionRouter, ContributionRouterConfig, Metric, MlpRouter,
    MlpRouterConfig, NoWeights, RandomRouter, Router, RouterKind, RouterReport,
};
pub use score::Contribution;
pub use sparse::{SharedPlanner, SparseFfn, with_sparse_experts};
pub use store::{Loaded, load, save};
pub use weights::FfnWeights;
