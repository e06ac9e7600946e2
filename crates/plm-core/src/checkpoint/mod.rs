//! Hugging Face checkpoints: strict loading and atomic saving.
//!
//! Three steps, none of which knows a model:
//! 1. [`TensorSource`] opens a directory or a file (safetensors or PyTorch, single or sharded),
//!    checks every size in it, and reads tensors by name.
//! 2. A [`KeyTable`] says which tensor of a Hugging Face file is which parameter of a module, in
//!    both directions. Each model family has one, as data.
//! 3. [`load_into`] and [`save`] move the values. Loading fails on whatever was not expected and
//!    reports the rest; saving replaces the files of a directory all at once or not at all.
//!
//! # Parameter paths
//! A parameter's path is the field names from the module down, joined by dots, list positions
//! included: `layers.3.attention.query.weight`. The variant of an enum adds nothing to a path.

mod atomic;
mod convert;
mod index;
mod keys;
mod load;
mod open;
mod outgoing;
mod params;
mod plan;
mod save;
mod source;
mod table;
mod torch;

#[cfg(test)]
mod tests;

pub use keys::{KeyKind, KeyRule};
pub use load::{LoadOptions, LoadReport, NonFinite, load_into};
pub use safetensors::Dtype;
pub use save::{SaveDtype, SaveOptions, SaveReport, save};
pub use source::{TensorSource, fingerprint};
pub use table::{KeyTable, Scope};
