//! The backbones and their heads, one file per model family.
