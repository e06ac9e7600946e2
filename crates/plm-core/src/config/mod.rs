//! Model configurations, read from Hugging Face's `config.json`.
//!
//! Fields are spelled as in the file; unknown fields are ignored; values are checked once, here.

mod encoder;
mod json;

pub use encoder::{EncoderConfig, EncoderFamily};
pub use json::{ConfigFile, ModelConfig};
