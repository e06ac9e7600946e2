//! Overlap of activated neurons (section 5 of arXiv 2111.06719).
//!
//! The activation state `AS(P)` of a prompt says which feed-forward neurons of the model have a
//! value above 0 under it. The overlap of two prompts is the cosine of their states:
//! `ON(a, b) = |A and B| / sqrt(|A| |B|)`, with the sets `A`, `B` of active neurons.

use plm_core::check::same_size;

use super::{LayerWindow, Stimulation};
use crate::Result;

/// Neurons in a word.
const WORD: usize = u64::BITS as usize;

/// Which feed-forward neurons are active, one bit each. A neuron whose value is exactly 0 is not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ActivationState {
    neurons: usize,
    /// The bits of each layer, from a fresh word.
    layers: Vec<Vec<u64>>,
}

impl From<&Stimulation> for ActivationState {
    fn from(stimulation: &Stimulation) -> Self {
        let pack = |layer: &[f32]| -> Vec<u64> {
            let words = layer.chunks(WORD).map(|word| {
                let bits = word.iter().enumerate();
                bits.fold(0, |bits, (at, &value)| {
                    bits | (u64::from(value > 0.0) << at)
                })
            });
            words.collect()
        };
        Self {
            neurons: stimulation.neurons(),
            layers: stimulation.by_layer().map(pack).collect(),
        }
    }
}

impl ActivationState {
    /// Number of layers.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Neurons of each layer.
    pub fn neurons(&self) -> usize {
        self.neurons
    }

    /// Active neurons in `window`.
    ///
    /// # Errors
    /// As [`LayerWindow::resolve`].
    pub fn active(&self, window: &LayerWindow) -> Result<u64> {
        let layers = window.resolve(self.layers())?;
        Ok(count(self.layers[layers].iter().flatten().copied()))
    }

    /// The overlap `ON` with `other` in `window`, in `[0, 1]`; 0 where no neuron of a side is
    /// active.
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) where the models differ in size; as
    /// [`LayerWindow::resolve`].
    pub fn overlap(&self, other: &Self, window: &LayerWindow) -> Result<f64> {
        same_size("layers of the second model", other.layers(), self.layers())?;
        same_size("neurons of the second model", other.neurons, self.neurons)?;
        let layers = window.resolve(self.layers())?;
        let a = || self.layers[layers.clone()].iter().flatten().copied();
        let b = || other.layers[layers.clone()].iter().flatten().copied();
        let (size_a, size_b) = (count(a()), count(b()));
        if size_a == 0 || size_b == 0 {
            return Ok(0.0);
        }
        let both = count(a().zip(b()).map(|(a, b)| a & b)) as f64;
        // One root of the product, so that a set's overlap with itself is exactly 1.
        Ok(both / (size_a as f64 * size_b as f64).sqrt())
    }
}

/// Bits that are set.
fn count(words: impl Iterator<Item = u64>) -> u64 {
    words.map(|word| u64::from(word.count_ones())).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn state(layers: usize, values: &[f32]) -> ActivationState {
        let stimulation = Stimulation::new(layers, values.len() / layers, values.to_vec());
        ActivationState::from(&stimulation.unwrap())
    }

    #[test]
    fn two_of_four_neurons_with_one_in_common() {
        let a = state(1, &[1.0, 0.5, 0.0, -1.0]);
        let b = state(1, &[2.0, -0.5, 1e-30, 0.0]);
        assert_eq!(a.overlap(&b, &LayerWindow::All).unwrap(), 0.5);
        assert_eq!(a.active(&LayerWindow::All).unwrap(), 2);
    }

    #[test]
    fn windows_choose_layers() {
        let a = state(3, &[1.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
        let b = state(3, &[1.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
        let overlap = |window| a.overlap(&b, &window).unwrap();
        assert_eq!(overlap(LayerWindow::Range(0..1)), 1.0);
        assert_eq!(overlap(LayerWindow::Range(1..2)), 0.0);
        assert_eq!(overlap(LayerWindow::Top(2)), 0.5);
        assert_eq!(overlap(LayerWindow::All), 0.75);
        assert!(a.overlap(&b, &LayerWindow::Top(4)).is_err());
    }

    #[test]
    fn a_silent_state_overlaps_with_nothing() {
        let (silent, loud) = (state(1, &[0.0, -0.0, -1.0]), state(1, &[1.0; 3]));
        assert_eq!(silent.overlap(&loud, &LayerWindow::All).unwrap(), 0.0);
        assert_eq!(silent.overlap(&silent, &LayerWindow::All).unwrap(), 0.0);
    }

    #[test]
    fn sizes_must_fit() {
        let error = state(1, &[1.0; 4]).overlap(&state(2, &[1.0; 4]), &LayerWindow::All);
        assert!(matches!(error, Err(crate::Error::Size(_))));
    }

    proptest! {
        #[test]
        fn the_overlap_is_the_cosine_of_the_bits(
            (a, b) in (1..3_usize, 1..150_usize).prop_flat_map(|(layers, neurons)| {
                let one = prop::collection::vec(-1.0..1.0_f32, layers * neurons)
                    .prop_map(move |values| (layers, values));
                (one.clone(), one)
            })
        ) {
            let bits = |values: &[f32]| -> Vec<bool> { values.iter().map(|&v| v > 0.0).collect() };
            let (bits_a, bits_b) = (bits(&a.1), bits(&b.1));
            let size = |bits: &[bool]| bits.iter().filter(|bit| **bit).count() as f64;
            let both = bits_a.iter().zip(&bits_b).filter(|(a, b)| **a && **b).count() as f64;
            let expected = match size(&bits_a) * size(&bits_b) {
                0.0 => 0.0,
                product => both / product.sqrt(),
            };
            let (a, b) = (state(a.0, &a.1), state(b.0, &b.1));
            let overlap = a.overlap(&b, &LayerWindow::All).unwrap();
            prop_assert_eq!(overlap, expected);
            prop_assert_eq!(overlap, b.overlap(&a, &LayerWindow::All).unwrap());
            prop_assert!((0.0..=1.0).contains(&overlap));
            let own = if a.active(&LayerWindow::All).unwrap() == 0 { 0.0 } else { 1.0 };
            prop_assert_eq!(a.overlap(&a, &LayerWindow::All).unwrap(), own);
        }
    }
}
