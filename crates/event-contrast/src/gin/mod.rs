//! Pre-training of graph encoders: two views of one node close, others far (CLEVE, arXiv 2105.14485,
//! section 3.3; GCC, Qiu et al., KDD 2020, arXiv 2006.09963).
//!
//! [`Gin`] is the encoder, [`NodeVectors`] hold what the nodes' tokens say, and [`pretrain_graph`]
//! trains a [`GraphEncoder`] on views that a [`ViewSampler`](crate::graph::ViewSampler) draws, against
//! a queue of keys or within the batch ([`GraphContrast`]).

mod batch;
mod batch_norm;
mod contrast;
mod encoder;
mod flat;
mod layer;
mod model;
mod pretrain;
mod retrieval;
mod sentence_graphs;
mod settings;
mod vectors;

pub use batch::GraphBatch;
pub use batch_norm::{BatchNorm, Statistics};
pub use contrast::GraphContrast;
pub use encoder::GraphEncoder;
pub use layer::GinLayer;
pub use model::{Gin, GinConfig, GinOutput};
pub use pretrain::pretrain_graph;
pub use retrieval::graph_retrieval;
pub use sentence_graphs::SentenceGraphs;
pub use settings::GraphPretraining;
pub use vectors::NodeVectors;
