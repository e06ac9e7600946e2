//! What a frozen teacher said about each text, kept on disk.
//!
//! A cache is a folder of shards (safetensors) and a `manifest.json` that lists them with their sizes
//! and SHA-256 sums and holds the [`CacheKey`]: all that the numbers depend on beside the text. A
//! cache of another key is refused and so is a row whose text has another hash, so that no number is
//! ever used for what it was not computed for. Rows are found by the example's id, never by position.
//!
//! Shards are written whole, and the manifest after them: a run that is stopped loses the rows since the
//! last [`TeacherCache::flush`] and nothing else. What it leaves behind (a half-written file, a shard
//! that the manifest does not list) is not used and is overwritten later.
//!
//! Any number of processes may read one cache; one at a time may write to it.

mod estimate;
mod inspect;
mod key;
mod lock;
mod manifest;
mod record;
mod score_file;
mod shard;
mod teacher_cache;

#[cfg(test)]
mod tests;

pub use estimate::estimate;
pub use inspect::{CacheInfo, ShardProblem, VerifyReport, info, repair, verify};
pub(crate) use key::list;
pub use key::{CacheKey, KeyDifference};
pub use record::Record;
pub use score_file::{export_npy, import_npy};
pub use teacher_cache::{CacheStatistics, DEFAULT_ROWS_PER_SHARD, TeacherCache};
