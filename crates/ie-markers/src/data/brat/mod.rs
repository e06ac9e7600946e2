//! Standoff annotations of brat: a text file and an `.ann` file beside it.

mod align;
mod annotations;
mod read;
mod write;

#[cfg(test)]
mod tests;

pub use align::Alignment;
pub use read::{BratOptions, read_brat, read_brat_files};
pub use write::{BratFiles, brat_files, write_brat};
