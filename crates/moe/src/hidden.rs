//! The values of a layer's neurons over captured rows.

use burn::tensor::Tensor;
use plm_core::nn::FeedForward;

use crate::ffn::hidden_values;
use crate::host::{matrix, values};
use crate::{Error, Result};

/// Rows whose neuron values are computed at a time.
const CHUNK: usize = 1024;

/// Refuses a layer whose weights are of another type than the numbers that its device makes: rows from the
/// host could not meet them.
///
/// # Errors
/// [`Error::Setting`].
pub(crate) fn check_type(ffn: &FeedForward) -> Result<()> {
    let weight = ffn.inner.weight.val();
    let made = Tensor::<1>::zeros([1], &weight.device()).dtype();
    if weight.dtype() == made {
        return Ok(());
    }
    Err(Error::Setting {
        name: "type of the weights",
        value: weight.dtype().name().to_owned(),
        limit: "must be the one that the layer's device has by default; cast the model, or set up the \
                device",
    })
}

/// Hands the neurons' values for all rows to `each`, some rows at a time.
///
/// # Shapes
/// - rows: `[tokens, width]`, whole rows of the layer's width
///
/// # Errors
/// [`Error::NoTokens`] without rows; those of [`check_type`] and of `each`.
pub(crate) fn each_chunk(
    ffn: &FeedForward,
    rows: &[f32],
    mut each: impl FnMut(Vec<f32>) -> Result<()>,
) -> Result<()> {
    if rows.is_empty() {
        return Err(Error::NoTokens {
            what: "values of neurons",
        });
    }
    check_type(ffn)?;
    let device = ffn.inner.weight.device().inner();
    let [width, _] = ffn.inner.weight.val().dims();
    for rows in rows.chunks(CHUNK * width) {
        let x = matrix(rows, rows.len() / width, width, &device);
        each(values(hidden_values(ffn, x)))?;
    }
    Ok(())
}

/// The mean value of every neuron over all rows, `[neurons]`.
///
/// # Shapes and errors
/// As [`each_chunk`].
pub(crate) fn mean_values(ffn: &FeedForward, rows: &[f32]) -> Result<Vec<f32>> {
    let [width, neurons] = ffn.inner.weight.val().dims();
    let mut sums = vec![0.0_f64; neurons];
    each_chunk(ffn, rows, |hidden| {
        for row in hidden.chunks_exact(neurons) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += f64::from(value);
            }
        }
        Ok(())
    })?;
    let tokens = (rows.len() / width) as f64;
    Ok(sums.iter().map(|sum| (sum / tokens) as f32).collect())
}
