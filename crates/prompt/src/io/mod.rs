//! Files of soft prompts: our own, and those of other programs.
//!
//! | file | function |
//! |---|---|
//! | our own, with what the prompt was made for | [`PromptFile::load`], [`PromptFile::save`] |
//! | PEFT's directories | [`PeftAdapter::load`], [`PeftAdapter::save`] |
//! | one tensor of a safetensors file, `FILE#NAME` | [`load_safetensors_entry`], [`list_entries`] |
//! | NumPy's `.npy` | [`load_npy`] |
//! | PyTorch's pickles | [`load_torch`] |
//!
//! Readers trust nothing: a length is checked against the file before memory is asked for.

mod entries;
mod file;
mod info;
mod npy;
mod peft;
mod positions;
mod taker;
mod tensors;
mod torch;

pub use entries::{Entry, list_entries, load_safetensors_entry, split_entry};
pub use file::PromptFile;
pub use info::PromptInfo;
pub use npy::load_npy;
pub use peft::{PeftAdapter, PeftBase, PeftKind, PeftTask};
pub use positions::{to_absolute, to_zero_position};
pub use torch::{load_torch, pick_prompt};
