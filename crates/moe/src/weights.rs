//! The weights of one feed-forward layer, neuron by neuron, in the host's memory.

use plm_core::kernel::Activation;

use crate::error::check_size;
use crate::{Error, Partition, Result};

/// A feed-forward layer `y = h · W_out + b_out` with `h = activation(W_in x + b_in)`, gated ones with
/// `h = activation(W_gate x + b_gate) * (W_in x + b_in)`.
///
/// All matrices are neuron-major: row `n` belongs to neuron `n`, so that an expert whose neurons
/// are neighbors is one piece of memory.
#[derive(Debug, Clone, PartialEq)]
pub struct FfnWeights {
    /// Width of inputs and outputs, d.
    pub hidden_size: usize,
    /// Number of neurons, F.
    pub neurons: usize,
    /// Input weights, `[F, d]`.
    pub w_in: Vec<f32>,
    /// Input biases, `[F]`.
    pub b_in: Option<Vec<f32>>,
    /// Gate weights, `[F, d]`.
    pub w_gate: Option<Vec<f32>>,
    /// Gate biases, `[F]`.
    pub b_gate: Option<Vec<f32>>,
    /// Output weights, `[F, d]`: row `n` is what neuron `n` adds per unit of `h`.
    pub w_out: Vec<f32>,
    /// Output bias, `[d]`, added once.
    pub b_out: Option<Vec<f32>>,
    /// The activation.
    pub activation: Activation,
}

impl FfnWeights {
    /// Checks sizes and that every weight is finite.
    ///
    /// # Errors
    /// [`Error::Size`] or [`Error::NotFinite`], naming the matrix.
    pub fn check(&self) -> Result<()> {
        let (d, f) = (self.hidden_size, self.neurons);
        let matrix = |what: &str, values: &[f32], rows: usize, columns: usize| {
            check_size(what, values.len(), rows * columns)?;
            match values.iter().position(|value| !value.is_finite()) {
                Some(place) => Err(Error::NotFinite {
                    what: what.to_owned(),
                    row: place / columns,
                    column: place % columns,
                    value: f64::from(values[place]),
                }),
                None => Ok(()),
            }
        };
        matrix("W_in", &self.w_in, f, d)?;
        matrix("W_out", &self.w_out, f, d)?;
        for (what, values, rows, columns) in [
            ("b_in", &self.b_in, f, 1),
            ("W_gate", &self.w_gate, f, d),
            ("b_gate", &self.b_gate, f, 1),
            ("b_out", &self.b_out, d, 1),
        ] {
            if let Some(values) = values {
                matrix(what, values, rows, columns)?;
            }
        }
        Ok(())
    }

    /// The rows that decide which neurons are active: the gate's in gated layers, else the input's.
    pub fn routing_rows(&self) -> &[f32] {
        self.w_gate.as_deref().unwrap_or(&self.w_in)
    }

    /// The same layer with its neurons expert by expert ([`Partition::permutation`]).
    ///
    /// # Panics
    /// If the partition is of another number of neurons.
    #[must_use]
    pub fn permuted(&self, partition: &Partition) -> Self {
        assert_eq!(partition.neurons(), self.neurons, "neurons of a partition");
        let permutation = partition.permutation();
        let rows = |values: &[f32], width: usize| {
            let mut out = Vec::with_capacity(values.len());
            for &neuron in &permutation {
                let start = neuron as usize * width;
                out.extend_from_slice(&values[start..start + width]);
            }
            out
        };
        let d = self.hidden_size;
        Self {
            w_in: rows(&self.w_in, d),
            b_in: self.b_in.as_ref().map(|values| rows(values, 1)),
            w_gate: self.w_gate.as_ref().map(|values| rows(values, d)),
            b_gate: self.b_gate.as_ref().map(|values| rows(values, 1)),
            w_out: rows(&self.w_out, d),
            b_out: self.b_out.clone(),
            ..*self
        }
    }
}
