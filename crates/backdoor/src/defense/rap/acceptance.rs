//! Which perturbations are good enough.

use super::Construction;
use crate::defense::HingeObjective;
use crate::{Calibration, Result, Scored};

/// Whether a construction is good enough, and what decides that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Acceptance {
    /// The mean drop of the texts that it was made with.
    pub mean: f64,
    /// The threshold of the drops of those texts that are predicted as the protected class.
    pub threshold: f64,
    /// Whether the mean reaches the lower limit and the threshold is above 0.
    pub accepted: bool,
}

impl Acceptance {
    /// That of `made`, with the threshold at `level` percent and the lower limit of `objective`. `scored` are
    /// the drops that [`construct_scored`](super::construct_scored) gives beside it.
    ///
    /// # Errors
    /// [`Error::Empty`](crate::Error::Empty) where no text is predicted as the protected class,
    /// [`Error::NotFinite`](crate::Error::NotFinite) for an infinite drop,
    /// [`Error::Setting`](crate::Error::Setting) for a level out of 0 to 100.
    pub fn new(
        made: &Construction,
        scored: &[Scored],
        objective: &HingeObjective,
        level: f64,
    ) -> Result<Self> {
        let mean = made.after.mean;
        let threshold = Calibration::new(scored)?.threshold(level)?.value;
        Ok(Self {
            mean,
            threshold,
            accepted: mean >= objective.lower && threshold > 0.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RowPatch;

    #[test]
    fn the_mean_and_the_threshold_decide() {
        let objective = HingeObjective::default();
        // All texts count for the mean, those of the protected class for the threshold.
        let of = |other: f64, drops: [f64; 2]| {
            let all = [other, drops[0], drops[1]];
            let made = Construction {
                patch: RowPatch {
                    ids: Vec::new(),
                    rows: Vec::new(),
                },
                prefix: "cf".to_owned(),
                target: 1,
                epochs: Vec::new(),
                after: objective.summary(&all).unwrap(),
                scale: objective.scale,
            };
            let scored = [false, true, true].into_iter().zip(all);
            let scored = scored.map(|(protected, score)| Scored { protected, score });
            let scored: Vec<Scored> = scored.collect();
            Acceptance::new(&made, &scored, &objective, 0.0).unwrap()
        };
        let found = of(0.25, [0.25, 0.5]);
        assert!(found.accepted);
        assert!((found.mean - 1.0 / 3.0).abs() < 1e-12, "{found:?}");
        assert_eq!(found.threshold, 0.25);
        assert!(!of(-0.5, [0.25, 0.25]).accepted);
        assert!(!of(0.5, [0.0, 0.5]).accepted);
        assert!(of(0.0, [0.125, 0.25]).accepted);
    }
}
