//! Logistic regression of two classes with a squared penalty, by Newton's method; each step solves
//! for its direction by conjugate gradients, so no matrix is formed.
//!
//! Minimized is `|w|^2 / 2 + C sum_i ln(1 + exp(-y_i (w x_i + b)))` with `y_i` of 1 and -1, without
//! a penalty on the bias `b`, as in scikit-learn. It is convex, so the minimum does not depend on the
//! method.

use super::tfidf::Row;
use crate::{Error, Result};

/// Newton's steps at most; a handful is usual.
const MAX_ITERATIONS: usize = 100;

/// The gradient's norm at the end, as a share of that at the start, or of `C` where that is more.
const TOLERANCE: f64 = 1e-6;

/// A weight for each of `columns` columns and the bias, fitted to `rows` and to `positive`, which says
/// for each row whether it is of the first class. Both classes occur.
///
/// # Errors
/// [`Error::NotConverged`] where the minimum is not reached.
pub(super) fn fit(rows: &[Row], columns: usize, positive: &[bool], c: f64) -> Result<Vec<f64>> {
    let problem = Problem { rows, positive, c };
    let mut parameters = vec![0.0; columns + 1];
    let mut margins = problem.margins(&parameters);
    let mut gradient = problem.gradient(&parameters, &margins);
    let limit = TOLERANCE * norm(&gradient).max(c);
    for iterations in 0.. {
        let size = norm(&gradient);
        if size <= limit {
            break;
        }
        let direction = problem.newton_direction(&gradient, &margins);
        let change = problem.margins(&direction);
        let step = problem.step(&parameters, &margins, &direction, &change, &gradient);
        let Some(step) = step.filter(|_| iterations < MAX_ITERATIONS) else {
            return Err(Error::NotConverged {
                iterations,
                gradient: size,
                limit,
            });
        };
        parameters = along(&parameters, &direction, step);
        margins = along(&margins, &change, step);
        gradient = problem.gradient(&parameters, &margins);
    }
    Ok(parameters)
}

struct Problem<'a> {
    rows: &'a [Row],
    positive: &'a [bool],
    c: f64,
}

impl Problem<'_> {
    /// `w x_i + b` for every row; the last parameter is `b`.
    fn margins(&self, parameters: &[f64]) -> Vec<f64> {
        let bias = parameters[parameters.len() - 1];
        let margin = |row: &Row| bias + row.iter().map(|&(j, x)| x * parameters[j]).sum::<f64>();
        self.rows.iter().map(margin).collect()
    }

    fn loss(&self, parameters: &[f64], margins: &[f64]) -> f64 {
        let weights = &parameters[..parameters.len() - 1];
        let losses = margins
            .iter()
            .zip(self.positive)
            .map(|(&margin, &positive)| {
                let signed = if positive { -margin } else { margin };
                // ln(1 + exp(s)) without overflow.
                signed.max(0.0) + (-signed.abs()).exp().ln_1p()
            });
        dot(weights, weights) / 2.0 + self.c * losses.sum::<f64>()
    }

    fn gradient(&self, parameters: &[f64], margins: &[f64]) -> Vec<f64> {
        let residuals = margins.iter().zip(self.positive);
        let residuals = residuals.map(|(&margin, &positive)| {
            self.c * (probability(margin) - f64::from(u8::from(positive)))
        });
        self.penalized(parameters, residuals)
    }

    /// The first of 1, 1/2, 1/4 and so on that lowers the loss enough (Armijo's rule), of moving
    /// the parameters along `direction` and with them the margins along `change`.
    fn step(
        &self,
        parameters: &[f64],
        margins: &[f64],
        direction: &[f64],
        change: &[f64],
        gradient: &[f64],
    ) -> Option<f64> {
        let loss = self.loss(parameters, margins);
        let slope = dot(gradient, direction);
        let mut steps = (0..50).map(|halvings| 0.5_f64.powi(halvings));
        steps.find(|&step| {
            let moved = along(parameters, direction, step);
            let moved_margins = along(margins, change, step);
            // Near the minimum the loss changes by less than it is rounded.
            self.loss(&moved, &moved_margins) <= loss + 1e-4 * step * slope + 1e-12 * loss
        })
    }

    /// `H d = -gradient` for the second derivatives `H`, to the accuracy that Newton's method needs.
    fn newton_direction(&self, gradient: &[f64], margins: &[f64]) -> Vec<f64> {
        let curvatures: Vec<f64> = margins
            .iter()
            .map(|&margin| {
                let p = probability(margin);
                self.c * p * (1.0 - p)
            })
            .collect();
        let mut direction = vec![0.0; gradient.len()];
        let mut residual: Vec<f64> = gradient.iter().map(|value| -value).collect();
        let mut search = residual.clone();
        let mut square = dot(&residual, &residual);
        let accuracy = square.sqrt() * square.sqrt().sqrt().min(0.1);
        for _ in 0..2 * gradient.len() {
            if square.sqrt() <= accuracy {
                break;
            }
            let margins = self.margins(&search);
            let scaled = margins.iter().zip(&curvatures).map(|(m, d)| m * d);
            let product = self.penalized(&search, scaled);
            let curvature = dot(&search, &product);
            if curvature <= 0.0 {
                // Rounding: nothing is left along this direction.
                break;
            }
            let step = square / curvature;
            direction = along(&direction, &search, step);
            residual = along(&residual, &product, -step);
            let next = dot(&residual, &residual);
            search = along(&residual, &search, next / square);
            square = next;
        }
        direction
    }

    /// The parameters but for the bias, plus the sum of the rows times `factors`.
    fn penalized(&self, parameters: &[f64], factors: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut sum = parameters.to_vec();
        let last = sum.len() - 1;
        sum[last] = 0.0;
        for (row, factor) in self.rows.iter().zip(factors) {
            for &(column, value) in row {
                sum[column] += factor * value;
            }
            sum[last] += factor;
        }
        sum
    }
}

fn probability(margin: f64) -> f64 {
    1.0 / (1.0 + (-margin).exp())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(vector: &[f64]) -> f64 {
    dot(vector, vector).sqrt()
}

/// `start + step * direction`.
fn along(start: &[f64], direction: &[f64], step: f64) -> Vec<f64> {
    start
        .iter()
        .zip(direction)
        .map(|(start, direction)| start + step * direction)
        .collect()
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_opposite_rows_by_hand() {
        // Minimum of w^2 / 2 + 2 ln(1 + exp(-w)): w (1 + exp(w)) = 2, so w = 0.6748.
        let rows = [vec![(0, 1.0)], vec![(0, -1.0)]];
        let fitted = fit(&rows, 1, &[true, false], 1.0).unwrap();
        assert_abs_diff_eq!(fitted[0], 0.6748316143, epsilon = 1e-7);
        assert_abs_diff_eq!(fitted[1], 0.0, epsilon = 1e-7);
    }

    #[test]
    fn without_features_the_bias_is_the_log_odds() {
        let rows = vec![Vec::new(); 4];
        let fitted = fit(&rows, 2, &[true, true, true, false], 1.0).unwrap();
        assert_eq!(fitted[..2], [0.0, 0.0]);
        assert_abs_diff_eq!(fitted[2], 3.0_f64.ln(), epsilon = 1e-5);
    }

    #[test]
    fn a_gradient_that_is_no_number_is_an_error() {
        let rows = [vec![(0, f64::NAN)], vec![(0, 1.0)]];
        let error = fit(&rows, 1, &[true, false], 1.0).unwrap_err();
        assert!(
            matches!(error, Error::NotConverged { iterations: 0, .. }),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn the_gradient_vanishes_at_the_minimum(
            dense in prop::collection::vec(prop::collection::vec(-2.0_f64..2.0, 3), 4..20),
            c in 0.01_f64..100.0,
            odd: bool,
        ) {
            let positive: Vec<bool> = (0..dense.len()).map(|i| (i % 3 == 0) == odd).collect();
            let rows: Vec<Row> = dense.iter().map(|row| row.iter().copied().enumerate().collect()).collect();
            let fitted = fit(&rows, 3, &positive, c).unwrap();
            // The derivatives once more, from the formula.
            let residual = |i: usize| {
                let margin = fitted[3] + (0..3).map(|j| fitted[j] * dense[i][j]).sum::<f64>();
                let y = if positive[i] { 1.0 } else { -1.0 };
                -c * y / (1.0 + (y * margin).exp())
            };
            let residuals: Vec<f64> = (0..dense.len()).map(residual).collect();
            let size = c * dense.len() as f64;
            for j in 0..3 {
                let slope = fitted[j] + (0..dense.len()).map(|i| residuals[i] * dense[i][j]).sum::<f64>();
                prop_assert!(slope.abs() < 1e-6 * size, "{slope}");
            }
            prop_assert!(residuals.iter().sum::<f64>().abs() < 1e-6 * size);
        }
    }
}
