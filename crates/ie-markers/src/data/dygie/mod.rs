//! JSON lines of DyGIE++, PURE and PL-Marker.

mod extra;
mod from;
mod read;
mod to;

#[cfg(test)]
mod tests;

pub use read::{read_documents, write_documents};
