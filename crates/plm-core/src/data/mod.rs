//! Readers of the field's data formats.
