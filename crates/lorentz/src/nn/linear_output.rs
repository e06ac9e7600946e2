//! From the output of a linear map to a point.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::sigmoid::sigmoid;
use crate::Curvature;
use crate::geometry::{join, sum_squares};

/// How far outside the origin's time √k the sigmoid begins.
pub(crate) const TIME_MARGIN: f64 = 0.1;
/// Added to the squared norm that directions are divided by.
pub(crate) const DIRECTION_EPSILON: f64 = 1e-6;
/// The shift of the time in the authors' code.
const PARITY_SHIFT: f64 = 1.1;

/// A variant of the linear layer in the authors' code, value for value. All need k = 1.
///
/// Of rows whose space part is (nearly) zero, they make results off the hyperboloid (`Gcn`, `Kg`) or
/// NaN (`Mt`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parity {
    /// Graph networks: |z_s|² at least 1e-8, weights uniform within ±1/√d_output.
    Gcn,
    /// Machine translation: |z_s|² as it is, weights uniform within ±0.02. The authors start λ at
    /// [`Parity::MT_SCALE`].
    Mt,
    /// Knowledge graphs: the time is that before the bias and the residual, λ is not trained, weights
    /// uniform within ±√(6 / (d_input d_output)), those of the input's time included.
    Kg,
}

impl Parity {
    /// e^2.3, λ before training in the authors' code of machine translation, where others have 10.
    pub const MT_SCALE: f64 = 9.974_182_454_814_718;
}

/// The point whose time follows σ(z₀) and whose direction is z_s.
///
/// # Shapes
/// - logits: `[.., 1]`, z₀
/// - space: `[.., n]`, z_s
/// - log_scale: `[1]`, ln λ
/// - result: `[.., n + 1]`
pub(crate) fn bounded_point<const D: usize>(
    logits: Tensor<D>,
    space: Tensor<D>,
    log_scale: Tensor<1>,
    curvature: Curvature,
    parity: Option<Parity>,
) -> Tensor<D> {
    let reach = sigmoid(logits) * log_scale.exp().unsqueeze::<D>();
    let squares = sum_squares(space.clone());
    let Some(parity) = parity else {
        let beyond = reach.add_scalar(TIME_MARGIN);
        let height = beyond.clone() * beyond.add_scalar(2.0 * curvature.radius());
        let share = height / squares.clone().add_scalar(DIRECTION_EPSILON);
        let time = (share.clone() * squares).add_scalar(curvature.k()).sqrt();
        return join(time, space * share.sqrt());
    };
    let time = reach.add_scalar(PARITY_SHIFT);
    let squares = match parity {
        Parity::Mt => squares,
        Parity::Gcn | Parity::Kg => squares.clamp_min(1e-8),
    };
    let share = time.clone().square().sub_scalar(1.0) / squares;
    join(time, space * share.sqrt())
}
