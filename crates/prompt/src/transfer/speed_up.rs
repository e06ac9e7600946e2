//! How much sooner training arrives from a transferred prompt.
//!
//! With prompt tuning from a random prompt (PT) and from a transferred prompt (TPT), both on the
//! target task (arXiv 2111.06719, section 4):
//!
//! | speed-up | steps of PT to | over steps of TPT to |
//! |---|---|---|
//! | convergence | its best score | its own best score |
//! | comparable result | its best score | the best score of PT |
//!
//! A step is one update of the optimizer, seen at the evaluations only. The two curves may be
//! evaluated at different steps; say at which when reporting.

use serde::Serialize;

use super::LearningCurve;
use crate::DefinedMean;

/// Speed-ups of one pair of runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SpeedUp {
    /// Convergence speed-up. `None` where the transferred prompt is never better than before its
    /// first step.
    pub convergence: Option<f64>,
    /// Comparable-result speed-up. `None` where the transferred prompt never scores as high as the
    /// random one does at its best, or does so before its first step.
    pub comparable_result: Option<f64>,
}

/// Mean speed-ups over pairs of tasks or over seeds. A mean of ratios is above 1 even where both sides
/// take equally long on the whole: to tell whether there is a gain, divide summed steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MeanSpeedUp {
    /// Mean convergence speed-up.
    pub convergence: DefinedMean,
    /// Mean comparable-result speed-up.
    pub comparable_result: DefinedMean,
}

impl SpeedUp {
    /// Compares training from a random prompt with training from a `transferred` one.
    pub fn new(random: &LearningCurve, transferred: &LearningCurve) -> Self {
        let best = random.best();
        let ratio = |step: u64| (step > 0).then(|| best.step as f64 / step as f64);
        Self {
            convergence: ratio(transferred.best().step),
            comparable_result: transferred
                .first_reaching(best.score)
                .and_then(|point| ratio(point.step)),
        }
    }
}

impl FromIterator<SpeedUp> for MeanSpeedUp {
    fn from_iter<I: IntoIterator<Item = SpeedUp>>(speed_ups: I) -> Self {
        let speed_ups: Vec<SpeedUp> = speed_ups.into_iter().collect();
        Self {
            convergence: speed_ups.iter().map(|each| each.convergence).collect(),
            comparable_result: speed_ups
                .iter()
                .map(|each| each.comparable_result)
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::CurvePoint;
    use super::*;

    fn curve(points: &[(u64, f64)]) -> LearningCurve {
        let points = points
            .iter()
            .map(|&(step, score)| CurvePoint { step, score });
        LearningCurve::new(points.collect()).unwrap()
    }

    #[test]
    fn first_occurrences_count_on_any_grid() {
        let random = curve(&[(100, 0.5), (200, 0.8), (300, 0.8)]);
        let transferred = curve(&[(25, 0.7), (50, 0.8), (75, 0.85), (125, 0.9), (150, 0.9)]);
        let speed_up = SpeedUp::new(&random, &transferred);
        assert_eq!(speed_up.convergence, Some(1.6));
        assert_eq!(speed_up.comparable_result, Some(4.0));
    }

    #[test]
    fn results_never_reached_are_undefined() {
        let speed_up = SpeedUp::new(&curve(&[(10, 0.9)]), &curve(&[(5, 0.8)]));
        assert_eq!(speed_up.convergence, Some(2.0));
        assert_eq!(speed_up.comparable_result, None);
    }

    #[test]
    fn results_without_a_step_are_undefined() {
        let speed_up = SpeedUp::new(&curve(&[(10, 0.9)]), &curve(&[(0, 0.95), (5, 0.8)]));
        assert_eq!(
            (speed_up.convergence, speed_up.comparable_result),
            (None, None)
        );
    }

    #[test]
    fn equal_curves_are_equally_fast() {
        let one = curve(&[(0, 0.1), (7, 0.4)]);
        let speed_up = SpeedUp::new(&one, &one);
        assert_eq!(speed_up.convergence, Some(1.0));
        assert_eq!(speed_up.comparable_result, Some(1.0));
    }

    #[test]
    fn means_count_what_is_undefined() {
        let one = SpeedUp {
            convergence: Some(1.0),
            comparable_result: None,
        };
        let two = SpeedUp {
            convergence: Some(2.0),
            comparable_result: Some(3.0),
        };
        let mean: MeanSpeedUp = [one, two].into_iter().collect();
        assert_eq!(mean.convergence.mean, Some(1.5));
        assert_eq!(mean.comparable_result.mean, Some(3.0));
        assert_eq!(mean.comparable_result.undefined, 1);
    }
}
