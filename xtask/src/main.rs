//! Reproductions, assets, benchmarks and checks of the workspace.
fn main() {}
