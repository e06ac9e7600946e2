//! The learning rate of the ReNode experiments.

use serde::{Deserialize, Serialize};

/// Constant for some epochs, then multiplied by a factor every epoch, never below a floor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepDecay {
    /// Epochs with the first rate.
    pub constant: usize,
    /// What the rate is multiplied by in each epoch after them.
    pub factor: f64,
    /// The least rate, unless the first one is smaller.
    pub floor: f64,
}

impl Default for StepDecay {
    fn default() -> Self {
        Self {
            constant: 20,
            factor: 0.95,
            floor: 1e-4,
        }
    }
}

impl StepDecay {
    /// The rate in epoch `epoch`, counted from 0, beginning with `first`.
    pub fn rate(&self, first: f64, epoch: usize) -> f64 {
        let decays = (epoch + 1).saturating_sub(self.constant);
        let decayed = first * self.factor.powf(decays as f64);
        decayed.max(self.floor.min(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_then_falling_then_floor() {
        let schedule = StepDecay {
            constant: 2,
            factor: 0.5,
            floor: 0.2,
        };
        let rates: Vec<f64> = (0..5).map(|epoch| schedule.rate(1.0, epoch)).collect();
        assert_eq!(rates, [1.0, 1.0, 0.5, 0.25, 0.2]);
        // A first rate below the floor stays.
        assert_eq!(schedule.rate(0.1, 9), 0.1);
    }
}
