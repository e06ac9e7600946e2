//! How undecided a prediction is.

use plm_core::check::same_size;

use crate::Result;

/// The entropy of `probabilities` in nats, `-sum p ln p`, where a probability of 0 adds nothing.
pub fn entropy(probabilities: &[f64]) -> f64 {
    let positive = probabilities.iter().filter(|p| **p > 0.0);
    positive.map(|p| -p * p.ln()).sum()
}

/// The mean over the copies of each input.
///
/// # Shapes
/// - values: `[inputs, copies]`, row-major: the copies of one input lie together
/// - output: `[inputs]`
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) for no copies, [`Error::Size`](crate::Error::Size) where `values`
/// is not made of whole rows.
pub fn mean_by_input(values: &[f64], copies: usize) -> Result<Vec<f64>> {
    crate::error::at_least("copies", copies, 1, "must be at least 1")?;
    same_size(
        format_args!("values of {copies} copies for each input"),
        values.len(),
        values.len().next_multiple_of(copies),
    )?;
    let mean = |row: &[f64]| row.iter().sum::<f64>() / copies as f64;
    Ok(values.chunks_exact(copies).map(mean).collect())
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn hand_worked_entropies() {
        assert_relative_eq!(
            entropy(&[0.5, 0.5]),
            std::f64::consts::LN_2,
            epsilon = 1e-12
        );
        assert_relative_eq!(entropy(&[0.9, 0.1]), 0.325_083, epsilon = 1e-6);
        for classes in [1, 3, 7] {
            let uniform = vec![1.0 / f64::from(classes); classes as usize];
            assert_relative_eq!(entropy(&uniform), f64::from(classes).ln(), epsilon = 1e-12);
        }
        assert_eq!(entropy(&[1.0, 0.0]), 0.0);
    }

    #[test]
    fn copies_of_one_input_lie_together() {
        let means = mean_by_input(&[0.0, 0.0, 1.0, 1.0], 2).unwrap();
        assert_eq!(means, [0.0, 1.0]);
        assert!(mean_by_input(&[0.0; 3], 2).is_err());
        assert!(mean_by_input(&[0.0; 3], 0).is_err());
        assert!(mean_by_input(&[], 2).unwrap().is_empty());
    }
}
