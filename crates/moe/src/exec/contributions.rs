//! What every expert contributes, for routers that look at all neurons.

use crate::score::Contribution;
use crate::{Error, Result};

use super::dense;
use super::layer::ExpertFfn;

impl ExpertFfn {
    /// The contributions of all experts: see [`Contribution`].
    ///
    /// # Shapes
    /// - x: `[T, d]`, row-major
    /// - result: `[T, E]`
    ///
    /// # Errors
    /// [`Error::Size`] if `x` is not made of whole rows.
    pub fn contributions(&self, x: &[f32], kind: Contribution) -> Result<Vec<f32>> {
        let (d, size) = (self.hidden_size(), self.expert_size());
        if !x.len().is_multiple_of(d) {
            return Err(Error::Size {
                what: "x".to_owned(),
                found: x.len(),
                expected: x.len().next_multiple_of(d),
            });
        }
        let mean = match kind {
            Contribution::Positive | Contribution::Absolute => None,
            Contribution::Deviation | Contribution::OutputNorm => self.mean(),
        };
        let hidden = dense::hidden(self.weights(), mean, x, |_, _| {});
        let own = |h: &[f32]| -> f32 {
            match kind {
                Contribution::Positive => h.iter().map(|value| value.max(0.0)).sum(),
                Contribution::Absolute => h.iter().map(|value| value.abs()).sum(),
                _ => h.iter().map(|value| value * value).sum(),
            }
        };
        if kind != Contribution::OutputNorm {
            return Ok(hidden.chunks_exact(size).map(own).collect());
        }
        let w_out = &self.weights().w_out;
        let tokens = x.len() / d;
        let mut norms = vec![0.0; tokens * self.experts()];
        for expert in 0..self.experts() {
            let neurons = expert * size..(expert + 1) * size;
            let part: Vec<f32> = hidden
                .chunks_exact(self.neurons())
                .flat_map(|row| &row[neurons.clone()])
                .copied()
                .collect();
            let rows = &w_out[neurons.start * d..neurons.end * d];
            let outputs = dense::product([tokens, size, d], &part, (rows, [d, 1]));
            for (token, output) in outputs.chunks_exact(d).enumerate() {
                norms[token * self.experts() + expert] = own(output).sqrt();
            }
        }
        Ok(norms)
    }
}

/// The products of the rows of `x` with `rows`: `x · rowsᵀ`, on all threads.
///
/// # Shapes
/// - x: `[T, width]`
/// - rows: `[n, width]`
/// - result: `[T, n]`
///
/// # Panics
/// If a slice is not made of whole rows.
pub(crate) fn products(x: &[f32], rows: &[f32], width: usize) -> Vec<f32> {
    let (tokens, n) = (x.len() / width, rows.len() / width);
    dense::product([tokens, width, n], x, (rows, [1, width]))
}
