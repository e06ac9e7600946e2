//! NumPy's arrays: element types, raw bytes and the header of `.npy` files.
//!
//! The pickles of Planetoid and the members of npz archives hold the same thing, a shape and bytes;
//! both readers end here. Mistakes are told as text, because only the caller knows the file.

mod array;
mod element;
mod header;

pub(super) use array::{Array, byte_length};
pub(super) use element::Element;
pub(super) use header::Header;
