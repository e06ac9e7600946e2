//! What the tests share.

mod models;
mod words;

pub(crate) use models::*;
pub(crate) use words::*;
