//! Numbers that losses have for each class, from the counts of labeled training nodes.

use plm_core::check::below_one;

use crate::{Error, Result};

/// f_c = mean(n) / n_c: the factors of `re-weight` and `focal` in the ReNode experiments.
///
/// # Errors
/// [`Error::EmptyClass`] where a count is 0.
pub fn inverse_frequency(counts: &[usize]) -> Result<Vec<f64>> {
    check(counts)?;
    let mean = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
    Ok(counts.iter().map(|&count| mean / count as f64).collect())
}

/// f_c = (1 − β) / (1 − β^n_c), scaled to sum k (Cui et al. 2019, equation 2: the inverse of the
/// effective number of samples).
///
/// β = 0 gives equal factors, β → 1 inverse frequencies.
///
/// # Errors
/// [`Error::EmptyClass`] where a count is 0; [`Error::Core`] where β is not in [0, 1).
pub fn effective_number(counts: &[usize], beta: f64) -> Result<Vec<f64>> {
    check(counts)?;
    below_one("loss", "beta", beta)?;
    let raw: Vec<f64> = counts
        .iter()
        .map(|&count| (1.0 - beta) / (1.0 - beta.powf(count as f64)))
        .collect();
    let scale = counts.len() as f64 / raw.iter().sum::<f64>();
    Ok(raw.iter().map(|factor| factor * scale).collect())
}

/// m_c = C / n_c^¼ with C such that the rarest class has the margin `largest` (Cao et al. 2019,
/// equation 11).
///
/// # Errors
/// [`Error::EmptyClass`] where a count is 0.
pub fn ldam_margins(counts: &[usize], largest: f64) -> Result<Vec<f64>> {
    let rarest = check(counts)? as f64;
    let margin = |&count: &usize| largest * (rarest / count as f64).powf(0.25);
    Ok(counts.iter().map(margin).collect())
}

/// ln n_c, the shifts of balanced softmax.
///
/// # Errors
/// [`Error::EmptyClass`] where a count is 0.
pub fn log_counts(counts: &[usize]) -> Result<Vec<f64>> {
    check(counts)?;
    Ok(counts.iter().map(|&count| (count as f64).ln()).collect())
}

/// τ ln π_c with π_c = n_c / Σ n, the shifts of logit adjustment.
///
/// # Errors
/// [`Error::EmptyClass`] where a count is 0.
pub fn log_priors(counts: &[usize], tau: f64) -> Result<Vec<f64>> {
    check(counts)?;
    let total = counts.iter().sum::<usize>() as f64;
    let prior = |&count: &usize| tau * (count as f64 / total).ln();
    Ok(counts.iter().map(prior).collect())
}

/// The smallest count.
fn check(counts: &[usize]) -> Result<usize> {
    match counts.iter().enumerate().min_by_key(|&(_, &count)| count) {
        Some((class, 0)) => Err(Error::EmptyClass {
            class,
            n_classes: counts.len(),
        }),
        Some((_, &smallest)) => Ok(smallest),
        None => Err(Error::invalid("class counts", "are empty")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-12, "{found:?} and {expected:?}");
        }
    }

    #[test]
    fn hand_worked_factors() {
        // Mean 5: 5 / 8 and 5 / 2.
        close(&inverse_frequency(&[8, 2]).unwrap(), &[0.625, 2.5]);
        // β = 1/2: 0.5 / 0.5 = 1 and 0.5 / 0.75 = 2/3; times 2 / (5/3).
        close(&effective_number(&[1, 2], 0.5).unwrap(), &[1.2, 0.8]);
        close(&effective_number(&[9, 4], 0.0).unwrap(), &[1.0, 1.0]);
        // (1 / 16)^¼ = 1/2.
        close(&ldam_margins(&[1, 16], 0.5).unwrap(), &[0.5, 0.25]);
        close(&log_counts(&[1, 4]).unwrap(), &[0.0, 4.0_f64.ln()]);
        close(&log_priors(&[1, 1], 2.0).unwrap(), &[2.0 * 0.5_f64.ln(); 2]);
    }

    #[test]
    fn mistakes_are_named() {
        for error in [
            inverse_frequency(&[3, 0]).unwrap_err(),
            effective_number(&[3, 0], 0.9).unwrap_err(),
            ldam_margins(&[3, 0], 0.5).unwrap_err(),
            log_counts(&[3, 0]).unwrap_err(),
            log_priors(&[3, 0], 1.0).unwrap_err(),
        ] {
            assert!(error.to_string().contains("class 1 of 2"), "{error}");
        }
        let error = effective_number(&[3], 1.0).unwrap_err().to_string();
        assert!(error.contains("`beta` is 1, must lie in [0, 1)"), "{error}");
        assert!(inverse_frequency(&[]).is_err());
    }
}
