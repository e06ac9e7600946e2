//! Model configurations, read from Hugging Face's `config.json`.
//!
//! Fields are spelled as in the file; unknown fields are ignored. Values are checked here, where a file is
//! read; the settings of a new model are written down and read back ([`ConfigFile::from_config`]).

mod bart;
mod encoder;
mod gpt2;
mod json;
mod seq2seq;
mod t5;

pub use bart::BartConfig;
pub(crate) use encoder::MPNET_MAX_DISTANCE;
pub use encoder::{EncoderConfig, EncoderFamily};
pub use gpt2::Gpt2Config;
pub(crate) use json::GENERATION_FILE;
pub use json::{ConfigFile, ModelConfig};
pub use t5::T5Config;
