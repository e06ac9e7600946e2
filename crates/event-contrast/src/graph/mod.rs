//! Event graphs and the subgraphs that graph pre-training contrasts, on the host.
//!
//! An [`EventGraph`] has a node for each aligned span of an AMR graph. [`ViewSampler`] draws nodes
//! by their degree and for each two [`View`]s: subgraphs of nodes that random walks visit (GCC, Qiu
//! et al., KDD 2020, arXiv 2006.09963, as in the released code of CLEVE). [`SubgraphBatch`] puts
//! views into one block-diagonal graph.

mod amr;
mod batch;
mod build;
mod cache;
mod event_graph;
mod nodes;
mod position;
mod roles;
mod sampler;
mod settings;
#[cfg(test)]
mod tests;
mod view;
mod walk;

pub use batch::SubgraphBatch;
pub use build::{AmrEdge, NodeChoice};
pub use event_graph::EventGraph;
pub use nodes::NodeSampler;
pub use position::{laplacian_eigen, laplacian_positions};
pub use roles::RoleTypes;
pub use sampler::{ViewPair, ViewSampler};
pub use settings::ViewSettings;
pub use view::View;
use walk::random_walk_nodes;
