//! Shards: the rows of some examples as safetensors.

mod layout;
mod locate;
mod read;
mod write;

pub(super) use layout::row_bytes;
pub(super) use read::read;
pub(super) use write::to_bytes;

use super::Record;

/// One example's row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Id of the example.
    pub(super) id: u64,
    /// Hash of its text.
    pub(super) text: u64,
    /// What the teacher said.
    pub(super) record: Record,
}
