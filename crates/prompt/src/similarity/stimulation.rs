//! The values of a model's feed-forward neurons under a prompt.

use plm_core::check::{finite, same_size};
use serde::Serialize;

use crate::{Error, Result};

/// The value of every feed-forward neuron at one position.
///
/// | model | input | position | value |
/// |---|---|---|---|
/// | RoBERTa | slots (slot 0 the mask) and `<s>` | 0, the mask | after the activation of the intermediate layer |
/// | T5 | encoder: slots and `<extra_id_0>` | decoder, step 1 | after ReLU of the decoder's layer; gated T5: the activation of `wi_0` times `wi_1` |
///
/// The authors take T5's values before ReLU: the same neurons are above 0, so the overlap is the same,
/// while cosines of the values are not. Products of a gated T5 may be negative where the gate is not.
#[derive(Debug, Clone, PartialEq)]
pub struct Stimulation {
    neurons: usize,
    values: Vec<f32>,
}

/// Cosine similarity of raw values, layer by layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StimulationCosine {
    /// Cosine in each layer; 0 where a side is all zeros.
    pub per_layer: Vec<f64>,
    /// Mean over the layers.
    pub mean: f64,
}

impl Stimulation {
    /// The `values` of `layers` layers of `neurons` each, layer by layer.
    ///
    /// # Errors
    /// [`Error::Empty`] for no layers or neurons, [`Error::Size`] for a wrong number of values,
    /// [`Error::NotFinite`] for NaN or infinity.
    pub fn new(layers: usize, neurons: usize, values: Vec<f32>) -> Result<Self> {
        if layers == 0 || neurons == 0 {
            return Err(Error::Empty {
                what: "layers and neurons",
            });
        }
        same_size("values of the neurons", values.len(), layers * neurons)?;
        finite("neurons", values.iter().copied())?;
        Ok(Self { neurons, values })
    }

    /// Number of layers.
    pub fn layers(&self) -> usize {
        self.values.len() / self.neurons
    }

    /// Neurons of each layer.
    pub fn neurons(&self) -> usize {
        self.neurons
    }

    /// The values of each layer, from the lowest.
    pub fn by_layer(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.neurons)
    }

    /// The cosine of the raw values in each layer: `neuron_similarity` of version 2.0 of the
    /// paper's code. It is not the overlap of activated neurons, which looks at signs only.
    ///
    /// # Errors
    /// [`Error::Size`] where the models differ in size.
    pub fn cosine(&self, other: &Self) -> Result<StimulationCosine> {
        same_size("layers of the second model", other.layers(), self.layers())?;
        same_size("neurons of the second model", other.neurons, self.neurons)?;
        let per_layer: Vec<f64> = self
            .by_layer()
            .zip(other.by_layer())
            .map(|(a, b)| cosine(a, b))
            .collect();
        let mean = per_layer.iter().sum::<f64>() / per_layer.len() as f64;
        Ok(StimulationCosine { per_layer, mean })
    }
}

/// Cosine of two vectors of equal length; 0 where one is zero.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let (mut product, mut square_a, mut square_b) = (0.0, 0.0, 0.0);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (f64::from(a), f64::from(b));
        product += a * b;
        square_a += a * a;
        square_b += b * b;
    }
    if square_a == 0.0 || square_b == 0.0 {
        return 0.0;
    }
    product / (square_a.sqrt() * square_b.sqrt())
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;
    use plm_core::check::SizeError;

    use super::*;

    #[test]
    fn cosines_are_taken_layer_by_layer() {
        let a = Stimulation::new(3, 2, vec![3.0, 4.0, 1.0, 0.0, 0.0, 0.0]).unwrap();
        let b = Stimulation::new(3, 2, vec![6.0, 8.0, 1.0, 1.0, 1.0, 1.0]).unwrap();
        let cosine = a.cosine(&b).unwrap();
        for (found, expected) in cosine.per_layer.iter().zip([1.0, 0.5_f64.sqrt(), 0.0]) {
            assert_abs_diff_eq!(*found, expected, epsilon = 1e-15);
        }
        assert_abs_diff_eq!(cosine.mean, (1.0 + 0.5_f64.sqrt()) / 3.0, epsilon = 1e-15);
    }

    #[test]
    fn sizes_and_values_are_checked() {
        assert!(Stimulation::new(2, 2, vec![0.0; 3]).is_err());
        assert!(Stimulation::new(0, 2, vec![]).is_err());
        assert!(Stimulation::new(1, 1, vec![f32::INFINITY]).is_err());
        let a = Stimulation::new(1, 4, vec![1.0; 4]).unwrap();
        let b = Stimulation::new(2, 2, vec![1.0; 4]).unwrap();
        assert!(matches!(
            a.cosine(&b),
            Err(Error::Size(SizeError { found: 2, .. }))
        ));
    }
}
