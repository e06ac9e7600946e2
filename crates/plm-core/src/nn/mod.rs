//! Layers that the backbones are built from.

mod dropout;

pub use dropout::{DropoutContext, DropoutMode};
