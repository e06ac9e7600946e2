//! What the defenses have in common.

use anyhow::Result;
use plm_backdoor::metrics::{Cost, DetectionRates, Forwards, Separation};
use plm_backdoor::{Calibration, Error, LEVELS, Scored};

/// Scores of one defense on one victim.
pub(super) struct Detection {
    /// How many validation texts were scored.
    pub(super) validation: usize,
    pub(super) clean: Vec<Scored>,
    pub(super) poisoned: Vec<Scored>,
    /// At each of [`LEVELS`]; the reason where a threshold would accept everything.
    pub(super) rates: Vec<Result<DetectionRates, String>>,
    pub(super) separation: Separation,
    /// Of the texts taken for the protected class.
    pub(super) cost: Cost,
}

impl Detection {
    /// Rates at each of [`LEVELS`], with the `threshold` that the scores of clean `validation` texts give.
    pub(super) fn new(
        validation: &[Scored],
        clean: Vec<Scored>,
        poisoned: Vec<Scored>,
        cost: Cost,
        threshold: impl Fn(&Calibration, f64) -> plm_backdoor::Result<f64>,
    ) -> Result<Self> {
        let calibration = Calibration::new(validation)?;
        let rates = LEVELS
            .iter()
            .map(|&level| {
                let threshold = match threshold(&calibration, level) {
                    Ok(threshold) => threshold,
                    Err(reason @ (Error::Threshold { .. } | Error::EntropyThreshold { .. })) => {
                        return Ok(Err(reason.to_string()));
                    }
                    Err(error) => return Err(error),
                };
                Ok(Ok(DetectionRates::new(&clean, &poisoned, threshold)?))
            })
            .collect::<plm_backdoor::Result<_>>()?;
        Ok(Self {
            validation: validation.len(),
            separation: Separation::new(&clean, &poisoned)?,
            rates,
            clean,
            poisoned,
            cost,
        })
    }

    /// False rejections and acceptances at the `level` of [`LEVELS`]; NaN where there is no text or no
    /// threshold.
    pub(super) fn at(&self, level: f64) -> (f64, f64) {
        shares_at(&self.rates, level)
    }

    /// The threshold at the `level` of [`LEVELS`]; NaN where there is none.
    pub(super) fn threshold(&self, level: f64) -> f64 {
        rates_at(&self.rates, level).map_or(f64::NAN, |rates| rates.threshold)
    }
}

/// Of `rates` at each of [`LEVELS`], false rejections and acceptances at `level`; NaN where there is no text or no
/// threshold.
pub(super) fn shares_at(rates: &[Result<DetectionRates, String>], level: f64) -> (f64, f64) {
    let value = |rate: plm_backdoor::metrics::Rate| rate.value.unwrap_or(f64::NAN);
    rates_at(rates, level).map_or((f64::NAN, f64::NAN), |rates| {
        (value(rates.false_rejection), value(rates.false_acceptance))
    })
}

fn rates_at(rates: &[Result<DetectionRates, String>], level: f64) -> Option<&DetectionRates> {
    let index = LEVELS.iter().position(|&known| known == level)?;
    rates[index].as_ref().ok()
}

/// What a defense found; the reason where this victim leaves it nothing to work with, which is a result and no
/// mistake: it admits no perturbation, or never answers the protected class.
pub(super) fn or_reason<T>(found: Result<T>) -> Result<Result<T, String>> {
    use plm_backdoor::Error::{Empty, EntropyThreshold, NotConstructed, Threshold};
    match found {
        Ok(found) => Ok(Ok(found)),
        Err(error) => match error.downcast_ref() {
            Some(
                reason @ (Empty { .. }
                | EntropyThreshold { .. }
                | NotConstructed { .. }
                | Threshold { .. }),
            ) => Ok(Err(reason.to_string())),
            _ => Err(error),
        },
    }
}

/// Texts put through the classifier alone.
pub(super) fn classifier(forwards: u64) -> Forwards {
    Forwards {
        classifier: forwards,
        language_model: 0,
    }
}
