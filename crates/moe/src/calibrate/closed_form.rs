//! Output matrices by least squares, without labels.

use burn::module::Param;
use burn::tensor::Tensor;
use faer::Mat;
use faer::linalg::solvers::{Llt, Solve as _};
use plm_core::nn::apply;

use crate::analysis::expert_selection;
use crate::capture::FfnInputs;
use crate::experts::MoeLayer;
use crate::ffn::hidden_values;
use crate::hidden::check_type;
use crate::host::{matrix, values};
use crate::policy::Selection;
use crate::quality::check_finite;
use crate::score::{keep_selected, selected};
use crate::{Error, Result};

/// Rows whose neuron values are computed at a time.
const CHUNK: usize = 1024;

/// How output matrices are fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClosedForm {
    /// λ as a share of the mean, over neurons, of the sum of squares of their kept values: the larger,
    /// the closer the new matrix stays to the old one.
    pub ridge: f64,
}

impl Default for ClosedForm {
    fn default() -> Self {
        Self { ridge: 0.1 }
    }
}

/// Relative errors of a layer's output on the tokens that it was fitted to: ‖y_dense - y‖ / ‖y_dense‖.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fitted {
    /// With the old output matrix.
    pub before: f64,
    /// With the new one.
    pub after: f64,
}

/// Changes the output matrix of `layer` so that the chosen experts come as close as they can to the
/// dense layer's output over `inputs`: ridge regression of what is missing on the kept neuron values,
/// `argmin_Δ ‖H Δ - (Y - Ŷ)‖² + λ ‖Δ‖²`.
///
/// Needs no labels and no gradient. This form is ours; the paper fine-tunes with labels.
///
/// # Errors
/// [`Error::NoTokens`] without inputs or where the layer's output is 0 for all, [`Error::Setting`] for a
/// ridge that is not positive, or so small that the system cannot be solved, [`Error::Size`] and
/// [`Error::NotFinite`] for inputs that do not fit the layer, or are so large that products of neuron
/// values overflow; `layer` is as before then.
pub fn fit_outputs(
    layer: &mut MoeLayer,
    inputs: &FfnInputs,
    settings: &ClosedForm,
) -> Result<Fitted> {
    if !(settings.ridge > 0.0 && settings.ridge.is_finite()) {
        return Err(refuse(settings.ridge, "must be positive"));
    }
    check_type(&layer.ffn)?;
    let selection = expert_selection(layer, inputs)?;
    let [width, _] = layer.ffn.inner.weight.val().dims();
    let old = layer.clone();
    let device = old.ffn.inner.weight.device().inner();
    let neurons = old.partition.neurons();
    let mut gram = Tensor::<2>::zeros([neurons, neurons], &device);
    let mut right = Tensor::<2>::zeros([neurons, width], &device);
    let (mut missing, mut whole) = (0.0, 0.0);
    each_kept(&old, inputs, &selection, |kept, dense| {
        let gap = dense.clone() - apply(&old.ffn.outer, kept.clone());
        missing += squares(&gap);
        whole += squares(&dense);
        let turned = kept.clone().transpose();
        gram = gram.clone() + turned.clone().matmul(kept);
        right = right.clone() + turned.matmul(gap);
    });
    let (gram, right) = (values(gram), values(right));
    check_finite("kept neuron values, multiplied", &gram, neurons)?;
    check_finite("missing outputs, multiplied", &right, width)?;
    if whole == 0.0 {
        return Err(Error::NoTokens {
            what: "fitting an output matrix",
        });
    }
    let change = solve(&gram, &right, neurons, settings.ridge)?;
    let weight = old.ffn.outer.weight.val() + matrix(&change, neurons, width, &device);
    layer.ffn.outer.weight = Param::from_tensor(weight);
    let mut left = 0.0;
    each_kept(&old, inputs, &selection, |kept, dense| {
        left += squares(&(dense - apply(&layer.ffn.outer, kept)));
    });
    Ok(Fitted {
        before: (missing / whole).sqrt(),
        after: (left / whole).sqrt(),
    })
}

/// Hands the kept neuron values and the dense output to `each`, some rows at a time.
fn each_kept(
    layer: &MoeLayer,
    inputs: &FfnInputs,
    selection: &Selection,
    mut each: impl FnMut(Tensor<2>, Tensor<2>),
) {
    let device = layer.ffn.inner.weight.device().inner();
    let mean = layer.mean_tensor();
    for (chunk, rows) in inputs.rows.chunks(CHUNK * inputs.width).enumerate() {
        let tokens = rows.len() / inputs.width;
        let first = chunk * CHUNK;
        let chosen = selected(selection, first..first + tokens, &device);
        let hidden = hidden_values(&layer.ffn, matrix(rows, tokens, inputs.width, &device));
        let kept = keep_selected(hidden.clone(), &chosen, mean.as_ref());
        each(kept, apply(&layer.ffn.outer, hidden));
    }
}

fn squares(x: &Tensor<2>) -> f64 {
    values(x.clone())
        .iter()
        .map(|&value| f64::from(value) * f64::from(value))
        .sum()
}

/// The solution of `(gram + λ I) Δ = right`, row by row.
fn solve(gram: &[f32], right: &[f32], neurons: usize, ridge: f64) -> Result<Vec<f32>> {
    let width = right.len() / neurons;
    let trace: f64 = (0..neurons)
        .map(|neuron| f64::from(gram[neuron * neurons + neuron]))
        .sum();
    if trace == 0.0 {
        // No neuron is ever kept with a value: there is nothing to change.
        return Ok(vec![0.0; right.len()]);
    }
    let lambda = ridge * trace / neurons as f64;
    let system = Mat::from_fn(neurons, neurons, |row, column| {
        let value = f64::from(gram[row * neurons + column]);
        if row == column { value + lambda } else { value }
    });
    let right = Mat::from_fn(neurons, width, |row, column| {
        f64::from(right[row * width + column])
    });
    let factor = Llt::new(system.as_ref(), faer::Side::Lower)
        .map_err(|_| refuse(ridge, "is too small for these inputs"))?;
    let solution = factor.solve(&right);
    let mut rows = Vec::with_capacity(neurons * width);
    for row in 0..neurons {
        rows.extend((0..width).map(|column| solution[(row, column)] as f32));
    }
    Ok(rows)
}

fn refuse(ridge: f64, limit: &'static str) -> Error {
    Error::Setting {
        name: "ridge",
        value: ridge.to_string(),
        limit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_solved_by_hand() {
        // Mean of the diagonal 3, so λ = 3 · 1/3 = 1: ([[2, 1], [1, 4]] + I) Δ = (4, 6).
        let solution = solve(&[2.0, 1.0, 1.0, 4.0], &[4.0, 6.0], 2, 1.0 / 3.0).unwrap();
        assert!((solution[0] - 1.0).abs() < 1e-6, "{solution:?}");
        assert!((solution[1] - 1.0).abs() < 1e-6, "{solution:?}");
        assert_eq!(solve(&[0.0; 4], &[0.0; 2], 2, 0.1).unwrap(), [0.0, 0.0]);
    }
}
