//! All paths against plain arithmetic, and against numbers computed elsewhere.

mod agreement;
mod goldens;
mod properties;
mod reads;
mod toy;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use plm_core::kernel::Activation;

use crate::{FfnWeights, Partition};

/// Numbers between -1 and 1.
fn random(seed: u64, count: usize) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// A layer with random weights and biases.
fn layer(seed: u64, [d, f]: [usize; 2], gated: bool, activation: Activation) -> FfnWeights {
    let part = |offset: u64, count| random(16 * seed + offset, count);
    FfnWeights {
        hidden_size: d,
        neurons: f,
        w_in: part(0, f * d),
        b_in: Some(part(1, f)),
        w_gate: gated.then(|| part(2, f * d)),
        b_gate: gated.then(|| part(3, f)),
        w_out: part(4, f * d),
        b_out: Some(part(5, d)),
        activation,
    }
}

/// Experts of which each has every `experts`-th neuron.
fn interleaved(neurons: usize, experts: usize) -> Partition {
    let labels: Vec<u32> = (0..neurons).map(|n| (n % experts) as u32).collect();
    Partition::new(&labels, experts).unwrap()
}

/// |a - b| / |b|, with a floor for outputs that cancel.
fn distance(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let square = |value: f32| f64::from(value) * f64::from(value);
    let error: f64 = a.iter().zip(b).map(|(&a, &b)| square(a - b)).sum();
    let size: f64 = b.iter().map(|&b| square(b)).sum();
    (error / size.max(1e-3)).sqrt()
}
