//! Scores while training.

use plm_core::check::finite;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The score on the development set at each evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<CurvePoint>", into = "Vec<CurvePoint>")]
pub struct LearningCurve(Vec<CurvePoint>);

/// One evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Updates of the optimizer before it; 0 before training.
    pub step: u64,
    /// The score.
    pub score: f64,
}

impl LearningCurve {
    /// The curve through `points`.
    ///
    /// # Errors
    /// [`Error::Empty`] for no points, [`Error::StepOrder`] where steps do not rise,
    /// [`Error::NotFinite`] for a score that is NaN or infinite.
    pub fn new(points: Vec<CurvePoint>) -> Result<Self> {
        if points.is_empty() {
            return Err(Error::Empty {
                what: "points of a learning curve",
            });
        }
        if let Some(pair) = points.windows(2).find(|pair| pair[0].step >= pair[1].step) {
            return Err(Error::StepOrder {
                previous: pair[0].step,
                step: pair[1].step,
            });
        }
        finite("learning curve", points.iter().map(|point| point.score))?;
        Ok(Self(points))
    }

    /// The points, by rising step.
    pub fn points(&self) -> &[CurvePoint] {
        &self.0
    }

    /// The first point with the best score.
    pub fn best(&self) -> CurvePoint {
        let better = |best: CurvePoint, &point: &CurvePoint| {
            if point.score > best.score {
                point
            } else {
                best
            }
        };
        self.0[1..].iter().fold(self.0[0], better)
    }

    /// The first point with at least `score`, if there is one.
    pub fn first_reaching(&self, score: f64) -> Option<CurvePoint> {
        self.0.iter().copied().find(|point| point.score >= score)
    }
}

impl TryFrom<Vec<CurvePoint>> for LearningCurve {
    type Error = Error;

    fn try_from(points: Vec<CurvePoint>) -> Result<Self> {
        Self::new(points)
    }
}

impl From<LearningCurve> for Vec<CurvePoint> {
    fn from(curve: LearningCurve) -> Self {
        curve.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(u64, f64)]) -> Result<LearningCurve> {
        let points = points
            .iter()
            .map(|&(step, score)| CurvePoint { step, score });
        LearningCurve::new(points.collect())
    }

    #[test]
    fn the_first_of_equal_scores_counts() {
        let curve = curve(&[(0, 0.1), (10, 0.7), (20, 0.6), (30, 0.7)]).unwrap();
        assert_eq!(curve.best().step, 10);
        assert_eq!(curve.first_reaching(0.6).unwrap().step, 10);
        assert_eq!(curve.first_reaching(0.71), None);
        assert_eq!(curve.points().len(), 4);
    }

    #[test]
    fn steps_rise_and_scores_are_numbers() {
        assert!(matches!(curve(&[]), Err(Error::Empty { .. })));
        assert!(matches!(
            curve(&[(5, 0.0), (5, 1.0)]),
            Err(Error::StepOrder {
                previous: 5,
                step: 5
            })
        ));
        assert!(matches!(curve(&[(1, f64::NAN)]), Err(Error::NotFinite(_))));
    }

    #[test]
    fn text_is_checked_as_well() {
        let good = curve(&[(1, 0.5)]).unwrap();
        let text = serde_json::to_string(&good).unwrap();
        assert_eq!(serde_json::from_str::<LearningCurve>(&text).unwrap(), good);
        assert!(serde_json::from_str::<LearningCurve>("[]").is_err());
    }
}
