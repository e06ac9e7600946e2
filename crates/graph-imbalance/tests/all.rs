//! Integration tests, one binary: linking burn once is enough.

mod suite;
