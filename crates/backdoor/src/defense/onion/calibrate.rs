//! Thresholds from the suspicions of clean words (RAP's code for its baseline).

use serde::Serialize;

use super::Suspicion;
use crate::percentile::{check_level, percentile_of_sorted, sorted};
use crate::{Error, Result};

/// The percentiles that RAP's code evaluates ONION at.
pub const PERCENTILES: [f64; 20] = [
    10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 50.0, 55.0, 60.0, 65.0, 70.0, 75.0, 80.0, 85.0,
    90.0, 95.0, 97.0, 99.0,
];

/// A threshold of suspicion and the percentile that it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PercentileThreshold {
    /// The percentile.
    pub percentile: f64,
    /// Words of at least this suspicion are deleted.
    pub threshold: f64,
}

/// The `percentiles` of all suspicions of the words of clean validation texts of the protected
/// class. Words without a suspicion are ignored.
///
/// # Errors
/// [`Error::Setting`] for a percentile out of 0 to 100, [`Error::Empty`] where no word has a
/// suspicion.
pub fn percentile_thresholds(
    suspicions: &[Suspicion],
    percentiles: &[f64],
) -> Result<Vec<PercentileThreshold>> {
    let scores: Vec<f64> = suspicions
        .iter()
        .flat_map(|s| s.scores())
        .copied()
        .collect();
    if scores.iter().all(|score| score.is_nan()) {
        return Err(Error::Empty {
            what: "words with a suspicion in clean validation texts of the protected class",
            fix: "give texts of more than one word",
        });
    }
    let (sorted, _) = sorted(&scores)?;
    let threshold = |&percentile: &f64| {
        check_level(percentile)?;
        Ok(PercentileThreshold {
            percentile,
            threshold: percentile_of_sorted(&sorted, percentile),
        })
    };
    percentiles.iter().map(threshold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_all_texts_count_alike() {
        let texts = [
            Suspicion::of(&[3.0, f64::NAN, 1.0], 3),
            Suspicion::of(&[], 1),
            Suspicion::of(&[4.0, 2.0], 9),
        ];
        let thresholds = percentile_thresholds(&texts, &[25.0, 50.0, 100.0]).unwrap();
        let values: Vec<f64> = thresholds.iter().map(|each| each.threshold).collect();
        assert_eq!(values, [1.75, 2.5, 4.0]);
        assert_eq!(thresholds[0].percentile, 25.0);
    }

    #[test]
    fn words_and_percentages_are_needed() {
        let empty = [Suspicion::of(&[], 1), Suspicion::of(&[f64::NAN; 2], 2)];
        let error = percentile_thresholds(&empty, &PERCENTILES).unwrap_err();
        assert!(matches!(error, Error::Empty { .. }));
        let some = [Suspicion::of(&[1.0, 2.0], 2)];
        assert!(percentile_thresholds(&some, &[50.0, 101.0]).is_err());
    }
}
