//! The crate's integration tests, one binary: each links all of burn.

mod suite;
