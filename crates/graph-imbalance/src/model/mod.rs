//! Graph neural networks for node classification.
//!
//! | network | layer | source |
//! |---|---|---|
//! | [`Gcn`] | Â X W + b | Kipf and Welling 2017 |
//! | [`Gat`] | attention over N(v) ∪ {v}, several heads | Veličković et al. 2018 |
//! | [`Sage`] | W_r x_v + W_l mean of neighbors + b | Hamilton et al. 2017 |
//! | [`Cheb`] | Σ T_k(L̂) X W_k + b | Defferrard et al. 2016 |
//! | [`Sgc`] | Âᴷ X W + b | Wu et al. 2019 |
//! | [`Ppnp`], [`Appnp`] | P · MLP(X), exactly or by power steps | Gasteiger et al. 2019 |
//! | [`Pprgo`] | Σ_j π_ij MLP(x_j) | Bojchevski et al. 2020 |
//!
//! [`NetworkConfig`] makes any of them as a [`Network`], which runs on [`GraphInputs`].

mod cheb;
mod config;
mod dense;
mod features;
mod gat;
mod gcn;
mod inputs;
mod network;
mod ppnp;
mod pprgo;
mod sage;
mod sgc;
mod stack;

pub use cheb::{Cheb, ChebLayer};
pub use config::{Architecture, NetworkConfig};
pub use dense::{DenseLayer, Mlp};
pub use features::NodeFeatures;
pub(crate) use features::like;
pub use gat::{Gat, GatLayer};
pub use gcn::{Gcn, GcnLayer};
pub use inputs::{GraphInputs, PageRank};
pub(crate) use network::check_width;
pub use network::{Network, NodeClassifier};
pub use ppnp::{Appnp, PowerSteps, Ppnp};
pub use pprgo::{Pprgo, PprgoBatch};
pub use sage::{Sage, SageLayer};
pub use sgc::Sgc;
pub use stack::{GraphLayer, Stack};
