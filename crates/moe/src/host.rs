//! Feed-forward layers between `plm-core` and the host's memory.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use plm_core::nn::FeedForward;

use crate::{FfnWeights, Result};

impl FfnWeights {
    /// Copies a layer, neuron by neuron.
    ///
    /// # Errors
    /// [`crate::Error::NotFinite`] for a weight that is not a number, naming matrix, row and column.
    pub fn read(ffn: &FeedForward) -> Result<Self> {
        let [hidden_size, neurons] = ffn.inner.weight.val().dims();
        let bias = |layer: &Linear| layer.bias.as_ref().map(|bias| values(bias.val()));
        let weights = Self {
            hidden_size,
            neurons,
            w_in: values(ffn.inner.weight.val().transpose()),
            b_in: bias(&ffn.inner),
            w_gate: ffn
                .gate
                .as_ref()
                .map(|gate| values(gate.weight.val().transpose())),
            b_gate: ffn.gate.as_ref().and_then(bias),
            w_out: values(ffn.outer.weight.val()),
            b_out: bias(&ffn.outer),
            activation: ffn.activation,
        };
        weights.check()?;
        Ok(weights)
    }

    /// The layer as a module on `device`.
    ///
    /// # Panics
    /// If a matrix has not the size that `hidden_size` and `neurons` say ([`Self::check`]).
    pub fn to_feed_forward(&self, device: &Device) -> FeedForward {
        let (d, f) = (self.hidden_size, self.neurons);
        let linear = |rows: &[f32], bias: &Option<Vec<f32>>, transposed: bool| {
            let weight = matrix(rows, f, d, device);
            Linear {
                weight: Param::from_tensor(if transposed {
                    weight.transpose()
                } else {
                    weight
                }),
                bias: bias
                    .as_ref()
                    .map(|values| Param::from_tensor(Tensor::from_data(values.as_slice(), device))),
            }
        };
        FeedForward {
            inner: linear(&self.w_in, &self.b_in, true),
            gate: self
                .w_gate
                .as_ref()
                .map(|rows| linear(rows, &self.b_gate, true)),
            outer: linear(&self.w_out, &self.b_out, false),
            activation: self.activation,
        }
    }
}

/// The values of a tensor in row-major order, in single precision.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// A matrix from its values in row-major order.
pub(crate) fn matrix(values: &[f32], rows: usize, columns: usize, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values.to_vec(), [rows, columns]), device)
}
