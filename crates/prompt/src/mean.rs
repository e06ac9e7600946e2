//! Means over values of which some are undefined.

use serde::{Deserialize, Serialize};

/// The mean of the defined values, and how many there were of either kind.
///
/// A ratio with denominator zero or a correlation with a constant has no value. Such values are
/// left out of the mean, and their number is reported with it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct DefinedMean {
    /// Mean of the defined values; `None` if there is none.
    pub mean: Option<f64>,
    /// Number of defined values.
    pub defined: usize,
    /// Number of undefined values.
    pub undefined: usize,
}

impl FromIterator<Option<f64>> for DefinedMean {
    fn from_iter<I: IntoIterator<Item = Option<f64>>>(values: I) -> Self {
        let (mut sum, mut defined, mut undefined) = (0.0, 0, 0);
        for value in values {
            match value {
                Some(value) => {
                    sum += value;
                    defined += 1;
                }
                None => undefined += 1,
            }
        }
        Self {
            mean: (defined > 0).then(|| sum / defined as f64),
            defined,
            undefined,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undefined_values_are_counted_and_left_out() {
        let mean: DefinedMean = [Some(1.0), None, Some(4.0)].into_iter().collect();
        assert_eq!(mean.mean, Some(2.5));
        assert_eq!((mean.defined, mean.undefined), (2, 1));
        let none: DefinedMean = [None].into_iter().collect();
        assert_eq!((none.mean, none.undefined), (None, 1));
    }
}
