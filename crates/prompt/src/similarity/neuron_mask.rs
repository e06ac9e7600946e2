//! Switching off the neurons that a prompt uses most.
//!
//! Version 2.0 of the paper's code sets the most active fifth of each layer's neurons to zero at
//! all positions and evaluates again. If those neurons carry the task, the score falls further
//! than with as many random neurons switched off.

use plm_core::rng::Seed;
use rand::seq::SliceRandom;

use super::Stimulation;
use crate::{Error, Result};

/// A factor for every feed-forward neuron: 0 switches it off, 1 leaves it.
#[derive(Debug, Clone, PartialEq)]
pub struct NeuronMask {
    neurons: usize,
    factors: Vec<f32>,
}

impl NeuronMask {
    /// The share of neurons that the paper switches off.
    pub const RATIO: f64 = 0.2;

    /// Switches off the `ratio` neurons with the largest values in each layer, rounded down; of
    /// equal values the first.
    ///
    /// # Errors
    /// [`Error::Setting`] for a ratio outside 0 to 1.
    pub fn top(stimulation: &Stimulation, ratio: f64) -> Result<Self> {
        let layers = stimulation.by_layer().map(|values| {
            let mut order: Vec<usize> = (0..values.len()).collect();
            // Stable, so that of equal values the first comes first.
            order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
            order
        });
        Self::without_first(stimulation.neurons(), layers, ratio)
    }

    /// Switches off as many random neurons of each of `layers` layers of `neurons`: the control.
    /// The same seed gives the same mask on every machine.
    ///
    /// # Errors
    /// [`Error::Setting`] for a ratio outside 0 to 1, [`Error::Empty`] for no layers or neurons.
    pub fn random(layers: usize, neurons: usize, ratio: f64, seed: Seed) -> Result<Self> {
        if layers == 0 || neurons == 0 {
            return Err(Error::Empty {
                what: "layers and neurons",
            });
        }
        let mut rng = seed.stream("neuron mask");
        let layers = (0..layers).map(|_| {
            let mut order: Vec<usize> = (0..neurons).collect();
            order.shuffle(&mut rng);
            order
        });
        Self::without_first(neurons, layers, ratio)
    }

    /// Switches off the first `ratio` of each layer's order.
    fn without_first(
        neurons: usize,
        layers: impl Iterator<Item = Vec<usize>>,
        ratio: f64,
    ) -> Result<Self> {
        if !(0.0..=1.0).contains(&ratio) {
            return Err(Error::Setting {
                name: "ratio",
                value: ratio.to_string(),
                limit: "must be from 0 to 1",
            });
        }
        let off = (neurons as f64 * ratio) as usize;
        let mut factors = Vec::new();
        for order in layers {
            let first = factors.len();
            factors.resize(first + neurons, 1.0);
            for &neuron in &order[..off] {
                factors[first + neuron] = 0.0;
            }
        }
        Ok(Self { neurons, factors })
    }

    /// The factors of each layer, from the lowest.
    pub fn by_layer(&self) -> impl Iterator<Item = &[f32]> {
        self.factors.chunks_exact(self.neurons)
    }

    /// Number of layers.
    pub fn layers(&self) -> usize {
        self.factors.len() / self.neurons
    }

    /// Neurons of each layer.
    pub fn neurons(&self) -> usize {
        self.neurons
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn off(mask: &NeuronMask) -> Vec<usize> {
        let zeros = |layer: &[f32]| layer.iter().filter(|factor| **factor == 0.0).count();
        mask.by_layer().map(zeros).collect()
    }

    #[test]
    fn the_largest_values_go() {
        let values = vec![0.1, 5.0, -9.0, 5.0, 2.0, 7.0, 0.0, 0.0, 8.0, 1.0];
        let stimulation = Stimulation::new(2, 5, values).unwrap();
        let mask = NeuronMask::top(&stimulation, 0.2).unwrap();
        let layers: Vec<&[f32]> = mask.by_layer().collect();
        assert_eq!(layers[0], [1.0, 0.0, 1.0, 1.0, 1.0]);
        assert_eq!(layers[1], [1.0, 1.0, 1.0, 0.0, 1.0]);
        assert_eq!((mask.layers(), mask.neurons()), (2, 5));
    }

    #[test]
    fn random_masks_are_as_large_and_follow_the_seed() {
        let mask = |seed| NeuronMask::random(3, 3072, NeuronMask::RATIO, Seed::new(seed)).unwrap();
        assert_eq!(off(&mask(1)), [614, 614, 614]);
        assert_eq!(mask(1), mask(1));
        assert_ne!(mask(1), mask(2));
        let layers: Vec<Vec<f32>> = mask(1).by_layer().map(<[f32]>::to_vec).collect();
        assert_ne!(layers[0], layers[1]);
    }

    #[test]
    fn ratios_run_from_0_to_1() {
        let stimulation = Stimulation::new(1, 4, vec![1.0; 4]).unwrap();
        for (ratio, expected) in [(0.0, 0), (0.3, 1), (1.0, 4)] {
            assert_eq!(
                off(&NeuronMask::top(&stimulation, ratio).unwrap()),
                [expected]
            );
        }
        for ratio in [-0.1, 1.1, f64::NAN] {
            assert!(NeuronMask::top(&stimulation, ratio).is_err());
        }
    }
}
