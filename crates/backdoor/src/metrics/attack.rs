//! Whether an attack works, and what it does to clean inputs.

use plm_core::metrics::{Average, Confusion};
use serde::Serialize;

use super::Rate;
use crate::Result;

/// Attack success rate (ASR): the share of `predictions` that are `target`, where the inputs are the
/// test samples of all other classes with the trigger.
pub fn attack_success_rate(predictions: &[usize], target: usize) -> Rate {
    predictions.iter().map(|label| *label == target).collect()
}

/// How often parts of a trigger act as the whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FalseTriggers {
    /// The share of inputs taken for the target class, for each part.
    pub each: Vec<Rate>,
    /// The mean over the parts that have inputs; none where no part has.
    pub mean: Option<f64>,
}

/// False trigger rate (FTR; SOS, ACL 2021): for each part of the trigger, the share of predictions
/// that are `target`, where the inputs are test samples of all other classes with that part only.
pub fn false_trigger_rate<P: AsRef<[usize]>>(parts: &[P], target: usize) -> FalseTriggers {
    let each: Vec<Rate> = parts
        .iter()
        .map(|predictions| attack_success_rate(predictions.as_ref(), target))
        .collect();
    let values: Vec<f64> = each.iter().filter_map(|rate| rate.value).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    FalseTriggers {
        each,
        mean: (!values.is_empty()).then_some(mean),
    }
}

/// How well a model does on clean test samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CleanQuality {
    /// Share of right labels, which sentiment tasks report.
    pub accuracy: f64,
    /// Mean F1 over the classes that occur, which toxicity tasks report.
    pub macro_f1: f64,
    /// Samples.
    pub samples: usize,
}

impl CleanQuality {
    /// The quality of `predictions` of samples with labels `gold`.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where the lengths differ, there is no sample, or a label
    /// is not below `classes`.
    pub fn new(gold: &[usize], predictions: &[usize], classes: usize) -> Result<Self> {
        let confusion = Confusion::new(gold, predictions, classes)?;
        Ok(Self {
            accuracy: confusion.accuracy(),
            macro_f1: confusion.average(Average::Macro).f1,
            samples: gold.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn success_counts_the_target() {
        assert_eq!(attack_success_rate(&[1, 0, 1, 2], 1), Rate::new(2, 4));
        assert_eq!(attack_success_rate(&[], 1).value, None);
    }

    #[test]
    fn parts_of_a_trigger_count_alike() {
        let parts = [vec![1, 1], vec![], vec![0, 0, 0, 1]];
        let rates = false_trigger_rate(&parts, 1);
        assert_eq!(
            rates.each,
            [Rate::new(2, 2), Rate::new(0, 0), Rate::new(1, 4)]
        );
        assert_eq!(rates.mean, Some(0.625));
        assert_eq!(false_trigger_rate(&[[0; 0]], 1).mean, None);
    }

    #[test]
    fn clean_quality_by_hand() {
        // Class 0: precision 1, recall 2/3, F1 4/5. Class 1: precision 1/2, recall 1, F1 2/3.
        let quality = CleanQuality::new(&[0, 0, 0, 1], &[0, 0, 1, 1], 2).unwrap();
        assert_eq!((quality.accuracy, quality.samples), (0.75, 4));
        assert_relative_eq!(quality.macro_f1, (0.8 + 2.0 / 3.0) / 2.0);
        assert!(CleanQuality::new(&[2], &[0], 2).is_err());
        assert!(CleanQuality::new(&[], &[], 2).is_err());
    }
}
