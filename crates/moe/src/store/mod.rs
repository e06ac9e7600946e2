//! Converted models on disk: a dense Hugging Face checkpoint and two files beside it.
//!
//! The weights of the checkpoint are the dense model's with neurons in the order of experts, so that
//! `transformers` loads it as it is and gets the same outputs. `moe.json` says how the layers are
//! divided and how experts are chosen, `moe.safetensors` holds partitions and routers.

mod load;
mod record;
mod save;

pub use load::{Loaded, load};
pub use save::save;

/// What the layers are.
const RECORD: &str = "moe.json";
/// Partitions, routers and means.
const TENSORS: &str = "moe.safetensors";
/// Version of both files.
const FORMAT: u32 = 2;
