//! How much of prompt tuning's performance a method keeps.

use plm_core::check::{finite, same_size};

use crate::{DefinedMean, Error, Result};

/// Relative performance over a set of tasks `T` (arXiv 2110.07867):
/// `E_rel = (1 / |T|) sum_i E_i(method) / E_i(reference)`, with prompt tuning or fine-tuning as the
/// reference. Tasks whose reference is 0 have no ratio: they are counted as undefined and left
/// out.
///
/// # Errors
/// [`Error::Empty`] for no tasks, [`Error::Size`] where the lists differ in length,
/// [`Error::NotFinite`] for NaN or infinity.
pub fn relative_performance(method: &[f64], reference: &[f64]) -> Result<DefinedMean> {
    check(method, &[reference])?;
    let ratios = method
        .iter()
        .zip(reference)
        .map(|(method, reference)| (*reference != 0.0).then(|| method / reference));
    Ok(ratios.collect())
}

/// The recovered share of the gain over always predicting the most frequent class:
/// `(method - majority) / (reference - majority)`, averaged over tasks.
///
/// Relative performance flatters a method on tasks that the majority solves well. This measure is
/// 0 for the majority itself and 1 for the reference. Tasks whose reference is not above the
/// majority have no gain to recover: they are counted as undefined and left out.
///
/// # Errors
/// As [`relative_performance`].
pub fn gain_recovery(method: &[f64], reference: &[f64], majority: &[f64]) -> Result<DefinedMean> {
    check(method, &[reference, majority])?;
    let shares = method.iter().zip(reference).zip(majority);
    let share = |((method, reference), majority): ((&f64, &f64), &f64)| {
        (reference > majority).then(|| (method - majority) / (reference - majority))
    };
    Ok(shares.map(share).collect())
}

/// All lists are as long as `method`, which is not empty, and hold numbers.
fn check(method: &[f64], others: &[&[f64]]) -> Result<()> {
    if method.is_empty() {
        return Err(Error::Empty {
            what: "scores of tasks",
        });
    }
    finite("scores of the method", method.iter().copied())?;
    for other in others {
        same_size("scores to compare with", other.len(), method.len())?;
        finite("scores to compare with", other.iter().copied())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_performance_skips_references_of_0() {
        let found = relative_performance(&[40.0, 30.0, 5.0], &[80.0, 30.0, 0.0]).unwrap();
        assert_eq!(found.mean, Some(0.75));
        assert_eq!((found.defined, found.undefined), (2, 1));
    }

    #[test]
    fn gain_recovery_counts_from_the_majority() {
        let found = gain_recovery(&[70.0, 50.0, 60.0], &[90.0, 90.0, 50.0], &[50.0; 3]).unwrap();
        assert_eq!(found.mean, Some(0.25));
        assert_eq!((found.defined, found.undefined), (2, 1));
    }

    #[test]
    fn faulty_scores_are_refused() {
        assert!(relative_performance(&[], &[]).is_err());
        assert!(relative_performance(&[1.0], &[1.0, 2.0]).is_err());
        assert!(relative_performance(&[f64::NAN], &[1.0]).is_err());
        assert!(gain_recovery(&[1.0], &[1.0], &[]).is_err());
    }
}
