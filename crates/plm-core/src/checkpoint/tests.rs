//! Tests of the whole path: files, tables and modules together.
