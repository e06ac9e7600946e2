//! The objective that RAP's perturbation is constructed with (arXiv 2110.07831), on numbers of the
//! host.
//!
//! With `p0` and `p1` the probability of the protected class without and with the rare word in
//! front, and `d = p0 - p1` the drop, over a batch of `B` texts:
//!
//! ```text
//! L = scale mean(max(0, lower - d)) + mean(max(0, d - upper))
//! dL/dp1 = scale / B where d < lower, -1 / B where d > upper, else 0
//! ```

use plm_core::check::finite;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The limits that the drops of clean texts are driven into.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HingeObjective {
    /// The paper's lambda: weight of drops that are too small.
    pub scale: f64,
    /// The paper's `c_low`: the least drop wanted.
    pub lower: f64,
    /// The paper's `c_up`: the largest drop wanted.
    pub upper: f64,
}

/// Where the drops of some texts lie.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropSummary {
    /// Their mean. Below the lower limit, the construction did not arrive.
    pub mean: f64,
    /// Share below the lower limit.
    pub below: f64,
    /// Share within the limits, both included.
    pub within: f64,
    /// Share above the upper limit.
    pub above: f64,
}

impl Default for HingeObjective {
    /// Weight 1 and the limits 0.1 and 0.3, as in the paper's code.
    fn default() -> Self {
        Self {
            scale: 1.0,
            lower: 0.1,
            upper: 0.3,
        }
    }
}

impl HingeObjective {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Setting`] for a weight that is not a finite number above 0, or limits that are not
    /// `-1 <= lower <= upper <= 1`.
    pub fn check(&self) -> Result<()> {
        if !(self.scale > 0.0 && self.scale.is_finite()) {
            return Err(Error::Setting {
                name: "scale",
                value: self.scale.to_string(),
                limit: "must be a number above 0",
            });
        }
        if !(-1.0 <= self.lower && self.lower <= self.upper && self.upper <= 1.0) {
            return Err(Error::Setting {
                name: "lower and upper",
                value: format!("{} and {}", self.lower, self.upper),
                limit: "must rise and lie from -1 to 1, as differences of probabilities do",
            });
        }
        Ok(())
    }

    /// The loss over a batch of drops.
    ///
    /// # Errors
    /// Those of [`Self::check`], [`Error::Empty`] for no drops, [`Error::NotFinite`] for a drop that
    /// is NaN or infinite.
    pub fn loss(&self, drops: &[f64]) -> Result<f64> {
        self.check_drops(drops)?;
        let low: f64 = drops.iter().map(|d| (self.lower - d).max(0.0)).sum();
        let high: f64 = drops.iter().map(|d| (d - self.upper).max(0.0)).sum();
        Ok((self.scale * low + high) / drops.len() as f64)
    }

    /// The gradient of the loss with respect to each text's `p1`.
    ///
    /// # Errors
    /// Those of [`Self::loss`].
    pub fn gradient(&self, drops: &[f64]) -> Result<Vec<f64>> {
        self.check_drops(drops)?;
        let share = 1.0 / drops.len() as f64;
        let gradient = |&drop: &f64| {
            if drop < self.lower {
                self.scale * share
            } else if drop > self.upper {
                -share
            } else {
                0.0
            }
        };
        Ok(drops.iter().map(gradient).collect())
    }

    /// Where `drops` lie.
    ///
    /// # Errors
    /// Those of [`Self::loss`].
    pub fn summary(&self, drops: &[f64]) -> Result<DropSummary> {
        self.check_drops(drops)?;
        let count = drops.len() as f64;
        let share = |of: &dyn Fn(f64) -> bool| {
            drops.iter().filter(|drop| of(**drop)).count() as f64 / count
        };
        Ok(DropSummary {
            mean: drops.iter().sum::<f64>() / count,
            below: share(&|drop| drop < self.lower),
            within: share(&|drop| (self.lower..=self.upper).contains(&drop)),
            above: share(&|drop| drop > self.upper),
        })
    }

    fn check_drops(&self, drops: &[f64]) -> Result<()> {
        self.check()?;
        if drops.is_empty() {
            return Err(Error::Empty {
                what: "drops",
                fix: "construct on at least one clean text of the protected class",
            });
        }
        Ok(finite("drops", drops.iter().copied())?)
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    use super::*;

    const DROPS: [f64; 3] = [0.05, 0.2, 0.4];

    fn objective() -> HingeObjective {
        HingeObjective {
            scale: 2.0,
            ..HingeObjective::default()
        }
    }

    #[test]
    fn hand_worked_hinges() {
        for (drop, expected) in DROPS.into_iter().zip([0.1, 0.0, 0.1]) {
            assert_relative_eq!(
                objective().loss(&[drop]).unwrap(),
                expected,
                epsilon = 1e-12
            );
        }
        let mean = objective().loss(&DROPS).unwrap();
        assert_relative_eq!(mean, 0.066_666_7, epsilon = 1e-7);
        let gradient = objective().gradient(&DROPS).unwrap();
        assert_eq!(gradient, [2.0 / 3.0, 0.0, -1.0 / 3.0]);
    }

    #[test]
    fn limits_are_within() {
        let summary = objective().summary(&[0.1, 0.3, 0.0, 0.4, 0.2]).unwrap();
        assert_relative_eq!(summary.mean, 0.2, epsilon = 1e-12);
        assert_eq!(
            (summary.below, summary.within, summary.above),
            (0.2, 0.6, 0.2)
        );
        assert_eq!(objective().loss(&[0.1, 0.3]).unwrap(), 0.0);
        assert_eq!(objective().gradient(&[0.1, 0.3]).unwrap(), [0.0, 0.0]);
    }

    #[test]
    fn faulty_settings_and_drops_are_refused() {
        let with = |scale, lower, upper| HingeObjective {
            scale,
            lower,
            upper,
        };
        for objective in [
            with(0.0, 0.1, 0.3),
            with(f64::INFINITY, 0.1, 0.3),
            with(1.0, 0.3, 0.1),
            with(1.0, f64::NAN, 0.3),
            with(1.0, 0.1, 1.5),
        ] {
            assert!(matches!(objective.loss(&DROPS), Err(Error::Setting { .. })));
        }
        assert!(matches!(objective().loss(&[]), Err(Error::Empty { .. })));
        let error = objective().gradient(&[0.1, f64::NAN]).unwrap_err();
        assert!(error.to_string().contains("value 1 is NaN"));
    }

    proptest! {
        #[test]
        fn the_gradient_is_the_slope(
            drops in prop::collection::vec(-1.0..1.0_f64, 1..9),
            at: prop::sample::Index,
            scale in 0.1..8.0_f64,
        ) {
            let objective = HingeObjective { scale, ..HingeObjective::default() };
            let (at, step) = (at.index(drops.len()), 1e-6);
            // The loss has a bend at each limit.
            prop_assume!([0.1, 0.3].iter().all(|limit| (drops[at] - limit).abs() > step));
            let moved = |by: f64| {
                let mut drops = drops.clone();
                // The drop falls as p1 rises.
                drops[at] -= by;
                objective.loss(&drops).unwrap()
            };
            let slope = (moved(step) - moved(-step)) / (2.0 * step);
            let gradient = objective.gradient(&drops).unwrap()[at];
            prop_assert!((slope - gradient).abs() < 1e-6, "{} {}", slope, gradient);
        }
    }
}
