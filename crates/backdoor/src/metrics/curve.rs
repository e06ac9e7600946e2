//! False acceptance against false rejection over every threshold.

use serde::Serialize;

use super::rates::protected_scores;
use crate::{Error, Result, Scored};

/// Both error rates at one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Scores strictly below are rejected.
    pub threshold: f64,
    /// Share of clean inputs that are rejected (FRR).
    pub false_rejection: f64,
    /// Share of poisoned inputs that are not (FAR).
    pub false_acceptance: f64,
}

/// The error rates at each distinct score, and at the next number above the last: from no input
/// rejected to all. FRR rises and FAR falls along it. Inputs that are not predicted as the protected
/// class do not count.
///
/// # Errors
/// [`Error::Empty`] where no clean or no poisoned input is predicted as the protected class,
/// [`Error::NotFinite`] for a score of such an input that is NaN or infinite.
pub fn detection_curve(clean: &[Scored], poisoned: &[Scored]) -> Result<Vec<CurvePoint>> {
    let mut clean = protected_scores("scores of clean inputs", clean)?;
    let mut poisoned = protected_scores("scores of poisoned inputs", poisoned)?;
    for (what, scores) in [
        ("clean inputs predicted as the protected class", &mut clean),
        (
            "poisoned inputs predicted as the protected class",
            &mut poisoned,
        ),
    ] {
        if scores.is_empty() {
            return Err(Error::Empty {
                what,
                fix: "a curve needs both kinds of inputs",
            });
        }
        scores.sort_unstable_by(f64::total_cmp);
    }
    let mut thresholds = [clean.as_slice(), &poisoned].concat();
    thresholds.sort_unstable_by(f64::total_cmp);
    thresholds.dedup();
    thresholds.extend(thresholds.last().map(|last| last.next_up()));
    let below = |scores: &[f64], threshold: f64| {
        scores.partition_point(|score| *score < threshold) as f64 / scores.len() as f64
    };
    let point = |threshold| CurvePoint {
        threshold,
        false_rejection: below(&clean, threshold),
        false_acceptance: 1.0 - below(&poisoned, threshold),
    };
    Ok(thresholds.into_iter().map(point).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{DetectionRates, Separation};
    use super::*;
    use crate::testing::scored;

    #[test]
    fn a_hand_worked_curve() {
        let curve = detection_curve(&scored(&[2.0, 1.0]), &scored(&[0.0, 1.0])).unwrap();
        let expected = [(0.0, 0.0, 1.0), (1.0, 0.0, 0.5), (2.0, 0.5, 0.0)];
        for (point, (threshold, rejection, acceptance)) in curve.iter().zip(expected) {
            assert_eq!(point.threshold, threshold);
            assert_eq!(point.false_rejection, rejection);
            assert_eq!(point.false_acceptance, acceptance);
        }
        assert_eq!(curve.len(), 4);
        assert!(curve[3].threshold > 2.0);
        assert_eq!(curve[3].false_rejection, 1.0);
    }

    #[test]
    fn both_kinds_are_needed() {
        let some = scored(&[0.1]);
        let (protected, score) = (false, 0.1);
        let other = [Scored { protected, score }];
        assert!(matches!(
            detection_curve(&some, &other),
            Err(Error::Empty { .. })
        ));
        assert!(matches!(
            detection_curve(&[], &some),
            Err(Error::Empty { .. })
        ));
    }

    fn scores() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec((-9..9_i32).prop_map(f64::from), 1..30)
    }

    proptest! {
        #[test]
        fn points_are_the_rates_and_their_area_is_the_auroc(clean in scores(), poisoned in scores()) {
            let (clean, poisoned) = (scored(&clean), scored(&poisoned));
            let curve = detection_curve(&clean, &poisoned).unwrap();
            for point in &curve {
                let rates = DetectionRates::new(&clean, &poisoned, point.threshold).unwrap();
                prop_assert_eq!(rates.false_rejection.value, Some(point.false_rejection));
                let acceptance = rates.false_acceptance.value.unwrap();
                prop_assert!((acceptance - point.false_acceptance).abs() < 1e-12);
            }
            let area: f64 = curve
                .windows(2)
                .map(|pair| {
                    let width = pair[1].false_rejection - pair[0].false_rejection;
                    width * (pair[0].false_acceptance + pair[1].false_acceptance) / 2.0
                })
                .sum();
            let auroc = Separation::new(&clean, &poisoned).unwrap().auroc.unwrap();
            prop_assert!((1.0 - area - auroc).abs() < 1e-9);
        }
    }
}
