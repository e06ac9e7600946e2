//! Scores against NumPy, heads, marker vectors, files.

mod directories;
mod golden;
mod heads;
mod markers;
