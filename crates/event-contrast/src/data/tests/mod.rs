//! All readers at once.

mod arbitrary;
