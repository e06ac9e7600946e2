//! Layers that the backbones are built from.

mod attention;
mod cache;
mod chosen;
mod decoder_layer;
mod dropout;
mod encoder_layer;
mod feed_forward;
mod fused_attention;
pub mod init;
mod linear;
mod mask;
mod norm;
mod position;
mod taps;

pub use attention::{AttentionContext, KeyValue, MultiHeadAttention, MultiHeadAttentionConfig};
pub use cache::{DecoderCache, LayerCache};
pub use chosen::ChosenTokens;
pub use decoder_layer::{DecoderContext, DecoderLayer, DecoderTapped};
pub use dropout::{DropoutContext, DropoutMode};
pub(crate) use encoder_layer::site;
pub use encoder_layer::{EncoderLayer, LayerContext, LayerDropout};
pub use feed_forward::{FeedForward, FeedForwardConfig, Ffn, FfnContext};
pub use fused_attention::FusedAttention;
pub use linear::{apply, apply_activated, zero_embedding, zero_linear};
pub use mask::{AttentionMask, causal_mask};
pub use norm::{LayerNorm, RmsNorm};
pub use position::{Positions, after_padding, relative_bias, relative_bucket, sequential};
pub use taps::{TapPositions, Tapped, Taps};
