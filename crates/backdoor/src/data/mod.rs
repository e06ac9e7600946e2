//! Labeled texts: reading, writing, splitting.

mod columns;
mod dataset;
mod split;
mod tsv;

pub use columns::ColumnReader;
pub use dataset::Dataset;
pub use split::{PUBLISHED_SEED, VALIDATION_SHARE, train_validation};
pub use tsv::{TsvReader, read_tsv, write_tsv};
