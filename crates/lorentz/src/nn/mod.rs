//! Layers whose inputs and outputs are points.
//!
//! A point is the last axis of a tensor, as in [`crate::geometry`], and widths count its time
//! component. [`LorentzLinear`] is the layer of the fully hyperbolic networks (HyboNet,
//! arXiv:2105.14686), whose outputs lie within a learned radius; [`TimeFromSpace`] does without the
//! bound and without a division and is the best start for new models. Attention, residual
//! connections and graph convolutions take weighted centroids where Euclidean networks take sums.
//!
//! Configurations are checked where a layer is made. Layers draw their parameters from the streams of
//! a [`Seed`](plm_core::rng::Seed), so the values depend neither on the device nor on the order in
//! which layers are made. Dropout acts only where a forward pass is given a mask.
//!
//! # Panics
//! Like burn's own layers, all forward passes panic where shapes, number types or devices do not fit
//! together, unless they return a `Result`.

mod attention;
mod batch_norm;
mod decoder;
mod distance_head;
mod dropout;
mod embedding;
mod encoder;
mod feed_forward;
mod graph_convolution;
mod heads;
mod hyperplane;
mod linear;
mod linear_attention;
mod linear_output;
mod parameter;
mod position;
mod residual;
mod sigmoid;
mod space;
mod tangent_linear;
#[cfg(test)]
mod tests;
mod time_from_space;
mod transformer;

pub use attention::{LorentzAttention, LorentzAttentionConfig, attend, attention_scores};
pub use batch_norm::{LorentzBatchNorm, LorentzBatchNormConfig};
pub use decoder::{LorentzDecoder, LorentzDecoderLayer};
pub use distance_head::{DistanceHead, DistanceHeadConfig};
pub use dropout::DropoutSites;
pub use embedding::{LorentzEmbedding, LorentzEmbeddingConfig};
pub use encoder::{LorentzEncoder, LorentzEncoderLayer};
pub use feed_forward::LorentzFeedForward;
pub use graph_convolution::{EdgeAttention, GraphConvolution, GraphConvolutionConfig};
pub use heads::{merge_heads, split_heads};
pub use hyperplane::{HyperplaneConfig, HyperplaneHead, Hyperplanes, PointToHyperplane};
pub use linear::{LorentzLinear, LorentzLinearConfig};
pub use linear_attention::linear_attention;
pub use linear_output::Parity;
#[cfg(all(test, feature = "flex"))]
pub(crate) use linear_output::bounded_point as bounded_point_by_parts;
#[cfg(feature = "flex")]
pub(crate) use linear_output::{DIRECTION_EPSILON, TIME_MARGIN};
pub use position::{PositionEncoding, PositionEncodingConfig, PositionTable};
pub use residual::CentroidResidual;
pub(crate) use sigmoid::sigmoid;
pub use space::{SpaceLayerNorm, activate_space, drop_space};
pub use tangent_linear::{TangentLinear, TangentLinearConfig};
pub use time_from_space::{TimeFromSpace, TimeFromSpaceConfig};
pub use transformer::{ResidualKind, TransformerConfig};
