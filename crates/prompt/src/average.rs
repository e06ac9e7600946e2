//! Averages of prompts.
//!
//! A soft prompt cannot be merged into the weights of its model. What can be had is one prompt
//! between several: of seeds, of epochs, or of tasks of one type as a start for a new task.

use plm_core::check::{finite, same_size};

use crate::{Error, PromptMatrix, Result};

/// The average `sum_k w_k P_k / sum_k w_k` of `prompts` with the weights `w`, summed in `f64`.
///
/// # Errors
/// [`Error::Empty`] for no prompts, [`Error::Size`] where the prompts differ in size or the
/// weights in number, [`Error::NotFinite`] or [`Error::Setting`] for a weight that is not a
/// number, is negative, or where all are 0.
pub fn weighted_average(prompts: &[PromptMatrix], weights: &[f64]) -> Result<PromptMatrix> {
    let Some(first) = prompts.first() else {
        return Err(Error::Empty {
            what: "prompts to average",
        });
    };
    same_size("weights of an average", weights.len(), prompts.len())?;
    finite("weights of an average", weights.iter().copied())?;
    let total: f64 = weights.iter().sum();
    if weights.iter().any(|&weight| weight < 0.0) || total == 0.0 || !total.is_finite() {
        return Err(Error::Setting {
            name: "weights",
            value: format!("{weights:?}"),
            limit: "must be 0 or more, with a sum above 0",
        });
    }
    let mut sum = vec![0.0; first.values().len()];
    for (prompt, weight) in prompts.iter().zip(weights) {
        first.check_same_size(prompt)?;
        for (sum, &value) in sum.iter_mut().zip(prompt.values()) {
            *sum += weight / total * f64::from(value);
        }
    }
    let values = sum.into_iter().map(|value| value as f32).collect();
    PromptMatrix::new(first.rows(), first.width(), values)
}

#[cfg(test)]
mod tests {
    use plm_core::check::SizeError;

    use super::*;

    fn prompt(values: [f32; 2]) -> PromptMatrix {
        PromptMatrix::new(1, 2, values.to_vec()).unwrap()
    }

    #[test]
    fn weights_are_shares() {
        let prompts = [prompt([1.0, 0.0]), prompt([5.0, 8.0])];
        let average = |weights: &[f64]| weighted_average(&prompts, weights).unwrap();
        assert_eq!(average(&[3.0, 1.0]), prompt([2.0, 2.0]));
        assert_eq!(average(&[1.0, 0.0]), prompts[0]);
        assert_eq!(average(&[1.0, 1.0]), average(&[0.25, 0.25]));
    }

    #[test]
    fn faulty_weights_and_prompts_are_refused() {
        let prompts = [prompt([1.0, 0.0]), prompt([5.0, 8.0])];
        for weights in [&[1.0][..], &[0.0, 0.0], &[2.0, -1.0], &[f64::NAN, 1.0]] {
            assert!(weighted_average(&prompts, weights).is_err(), "{weights:?}");
        }
        assert!(weighted_average(&[], &[]).is_err());
        let long = PromptMatrix::new(2, 1, vec![0.0; 2]).unwrap();
        let error = weighted_average(&[prompt([1.0, 0.0]), long], &[1.0, 1.0]);
        assert!(matches!(
            error,
            Err(Error::Size(SizeError {
                found: 2,
                expected: 1,
                ..
            }))
        ));
    }
}
