//! All tests of the crate that need models, in one program.

mod suite;
