//! What a defense costs for each input.

use std::time::Instant;

use serde::Serialize;

use crate::{Error, Result};

/// Texts put through the models so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Forwards {
    /// Through the classifier that is defended.
    pub classifier: u64,
    /// Through the language model that helps.
    pub language_model: u64,
}

/// Measures from its start to its stop.
#[derive(Debug, Clone, Copy)]
pub struct CostMeter {
    began: Instant,
    forwards: Forwards,
}

/// The cost of checking some inputs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cost {
    /// Inputs checked.
    pub inputs: usize,
    /// Forward passes of single texts, of all inputs together.
    pub forwards: Forwards,
    /// Milliseconds on the clock, of all inputs together.
    pub milliseconds: f64,
    /// Forward passes of the classifier for each input; none without inputs.
    pub classifier_per_input: Option<f64>,
    /// Forward passes of the language model for each input; none without inputs.
    pub language_model_per_input: Option<f64>,
    /// Milliseconds for each input; none without inputs.
    pub milliseconds_per_input: Option<f64>,
}

impl CostMeter {
    /// Starts now, with the models' counts of `forwards`.
    pub fn start(forwards: Forwards) -> Self {
        Self {
            began: Instant::now(),
            forwards,
        }
    }

    /// Stops now, with the models' counts of `forwards` after `inputs` were checked.
    ///
    /// # Errors
    /// [`Error::Setting`] where a count is lower than at the start.
    pub fn stop(self, forwards: Forwards, inputs: usize) -> Result<Cost> {
        let milliseconds = self.began.elapsed().as_secs_f64() * 1e3;
        let since = |now: u64, before: u64| {
            now.checked_sub(before).ok_or_else(|| Error::Setting {
                name: "forwards",
                value: now.to_string(),
                limit: "must not be below the count at the start; stop with the same models",
            })
        };
        let forwards = Forwards {
            classifier: since(forwards.classifier, self.forwards.classifier)?,
            language_model: since(forwards.language_model, self.forwards.language_model)?,
        };
        Ok(Cost::new(inputs, forwards, milliseconds))
    }
}

impl Cost {
    fn new(inputs: usize, forwards: Forwards, milliseconds: f64) -> Self {
        let per_input = |whole: f64| (inputs > 0).then(|| whole / inputs as f64);
        Self {
            inputs,
            forwards,
            milliseconds,
            classifier_per_input: per_input(forwards.classifier as f64),
            language_model_per_input: per_input(forwards.language_model as f64),
            milliseconds_per_input: per_input(milliseconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwards(classifier: u64, language_model: u64) -> Forwards {
        Forwards {
            classifier,
            language_model,
        }
    }

    #[test]
    fn counts_start_at_the_start() {
        let meter = CostMeter::start(forwards(100, 7));
        let cost = meter.stop(forwards(184, 8), 4).unwrap();
        assert_eq!(cost.forwards, forwards(84, 1));
        assert_eq!(cost.classifier_per_input, Some(21.0));
        assert_eq!(cost.language_model_per_input, Some(0.25));
        assert_eq!(cost.milliseconds_per_input, Some(cost.milliseconds / 4.0));
        assert!(meter.stop(forwards(99, 7), 4).is_err());
        let none = meter.stop(forwards(100, 7), 0).unwrap();
        assert_eq!(
            (none.classifier_per_input, none.milliseconds_per_input),
            (None, None)
        );
    }

    #[test]
    fn the_clock_runs_in_milliseconds() {
        let meter = CostMeter::start(Forwards::default());
        std::thread::sleep(std::time::Duration::from_millis(20));
        let cost = meter.stop(Forwards::default(), 1).unwrap();
        assert!((20.0..20_000.0).contains(&cost.milliseconds));
    }
}
