//! Node classification and link prediction on one graph, by the protocol of HGCN (Chami et al. 2019,
//! arXiv:1910.12933) with the networks, losses and settings of HyboNet (arXiv:2105.14686).
//!
//! [`LorentzEncoder`] and its Euclidean twin [`GcnEncoder`] embed the nodes; [`NodeClassifier`] adds
//! class scores. [`train_links`] and [`train_nodes`] train either of them on the whole graph at every
//! step, stop where the validation score has not risen for long, and report on the test part with the
//! parameters of the best epoch.

mod classifier;
mod config;
mod encoder;
mod euclidean;
mod fit;
mod inputs;
mod links;
mod lorentz;
mod loss;
mod nodes;
mod recipe;
mod scores;
#[cfg(test)]
mod tests;

pub use classifier::{ClassHead, NodeClassifier, NodeClassifierConfig};
pub use config::GraphTrainConfig;
pub use encoder::GraphEncoder;
pub use euclidean::{GcnEncoder, GcnEncoderConfig};
pub use fit::{EpochObserver, EpochRecord, Trained};
pub use inputs::GraphInputs;
pub use links::{link_scores, train_links};
pub use lorentz::{LorentzEncoder, LorentzEncoderConfig};
pub use loss::{LinkLoss, NodeLoss, fermi_dirac_loss, link_margin_loss, node_margin_loss};
pub use nodes::{node_scores, train_nodes};
pub use recipe::GraphRecipe;
pub use scores::{LinkScores, NodeScores};
