//! Drawing from a discrete distribution in constant time.

use plm_core::rng::StreamRng;
use rand::RngExt;

/// An alias table (Walker 1977, built as Vose 1991): each cell holds two outcomes at most.
pub(super) struct Alias {
    /// The chance that a cell gives its own outcome.
    own: Vec<f64>,
    other: Vec<u32>,
}

impl Alias {
    /// The distribution in proportion to `weights`: finite, none negative, at least one positive.
    pub(super) fn new(weights: &[f64]) -> Self {
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        let mut own: Vec<f64> = weights.iter().map(|weight| weight / mean).collect();
        let mut other: Vec<u32> = (0..weights.len() as u32).collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..weights.len() as u32).partition(|&at| own[at as usize] < 1.0);
        while let (Some(&low), Some(&high)) = (small.last(), large.last()) {
            small.pop();
            other[low as usize] = high;
            own[high as usize] -= 1.0 - own[low as usize];
            if own[high as usize] < 1.0 {
                large.pop();
                small.push(high);
            }
        }
        // What is left differs from 1 by rounding alone.
        for at in small.into_iter().chain(large) {
            own[at as usize] = 1.0;
        }
        Self { own, other }
    }

    pub(super) fn draw(&self, rng: &mut StreamRng) -> u32 {
        let cell = rng.random_range(0..self.own.len());
        match rng.random::<f64>() < self.own[cell] {
            true => cell as u32,
            false => self.other[cell],
        }
    }
}

#[cfg(test)]
mod tests {
    use plm_core::rng::Seed;

    use super::*;

    #[test]
    fn frequencies_are_the_weights() {
        let weights = [1.0, 5.0, 0.5, 3.5];
        let table = Alias::new(&weights);
        // The cells' shares add up exactly.
        let mut shares = [0.0; 4];
        for (cell, own) in table.own.iter().enumerate() {
            shares[cell] += own / 4.0;
            shares[table.other[cell] as usize] += (1.0 - own) / 4.0;
        }
        for (share, weight) in shares.iter().zip(weights) {
            assert!((share - weight / 10.0).abs() < 1e-15);
        }
        let mut rng = Seed::new(1).stream("draws");
        let mut counts = [0; 4];
        for _ in 0..10_000 {
            counts[table.draw(&mut rng) as usize] += 1;
        }
        for (count, weight) in counts.iter().zip(weights) {
            assert!((f64::from(*count) / 1000.0 - weight).abs() < 0.25);
        }
    }
}
