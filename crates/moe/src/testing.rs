//! What several tests need.

use crate::generator::{Planted, TOKENS};

/// Runs `work` with a fixed number of threads.
pub(crate) fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("a pool of threads")
        .install(work)
}

/// The planted layer and what its neurons give for all inputs, `[4096, 512]`.
pub(crate) fn planted_activations() -> (Planted, Vec<f32>) {
    let layer = Planted::new();
    let activations = layer.activations(TOKENS);
    (layer, activations.iter().map(|&h| h as f32).collect())
}
