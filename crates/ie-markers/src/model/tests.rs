//! Scores against NumPy and by hand, heads, marker vectors, files.

mod directories;
mod golden;
mod heads;
mod markers;
mod numbers;
