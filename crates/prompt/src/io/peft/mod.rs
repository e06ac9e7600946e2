//! Directories of adapters as PEFT has them: `adapter_config.json` and `adapter_model.safetensors`.
//!
//! Read are the kinds PROMPT_TUNING, P_TUNING (of which PEFT stores the final embeddings only) and
//! MULTITASK_PROMPT_TUNING; the first is written. What is not understood is kept and written back:
//! settings of other versions, rows that an encoder-decoder model does not use, and the weights of a
//! classifier trained along with the prompt.

mod adapter;
mod multitask;
mod read;
mod settings;
mod write;

pub use adapter::{PeftAdapter, PeftBase};
pub use settings::{PeftKind, PeftTask};

const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";
/// The tensor of the prompt.
const PROMPT: &str = "prompt_embeddings";
