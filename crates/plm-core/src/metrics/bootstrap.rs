//! Bootstrap: how far a measure, or the difference of two systems, would move on other data.

use rand::RngExt;
use rayon::prelude::*;
use serde::Serialize;

use super::summary::{deviation, mean, quantile};
use crate::rng::Seed;
use crate::{Error, Result};

/// The most resamples that can be asked for.
const MAX_RESAMPLES: usize = 10_000_000;

/// Draws resamples of the items of a test set, with replacement, and measures each.
///
/// The result depends on the seed and the data alone, not on the number of threads.
///
/// ```
/// use plm_core::metrics::{Bootstrap, accuracy};
/// use plm_core::rng::Seed;
///
/// let (gold, predicted) = ([0, 1, 1, 0, 1, 0], [0, 1, 0, 0, 1, 0]);
/// let interval = Bootstrap::new(Seed::new(1)).interval(gold.len(), |items| {
///     let pick = |labels: &[usize]| -> Vec<usize> { items.iter().map(|&i| labels[i]).collect() };
///     accuracy(&pick(&gold), &pick(&predicted))
/// })?;
/// assert!(interval.lower <= interval.estimate && interval.estimate <= interval.upper);
/// # Ok::<(), plm_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    /// How many resamples are drawn: 1 to 10,000,000.
    pub resamples: usize,
    /// The share of resamples that the interval holds, in `(0, 1)`.
    pub confidence: f64,
    /// Where the draws come from.
    pub seed: Seed,
}

/// A measure with its percentile interval (Efron and Tibshirani 1993, chapter 13).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The measure of the whole data.
    pub estimate: f64,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Standard deviation over the resamples; 0 of a single one.
    pub standard_error: f64,
    /// Resamples on which the measure is undefined; they were left out.
    pub undefined: usize,
}

/// The difference of two systems on the same data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Comparison {
    /// First minus second, with its interval.
    pub difference: Interval,
    /// Share of the resamples on which the first is strictly above the second (Koehn 2004).
    pub wins: f64,
    /// Two-sided p-value of "no difference": how often a resampled difference lies as far from the
    /// resamples' mean as the measured one lies from 0, counting the measured one itself (Riezler
    /// and Maxwell 2005). Never 0.
    pub p_value: f64,
}

impl Bootstrap {
    /// 1,000 resamples and 95 % intervals.
    pub fn new(seed: Seed) -> Self {
        Self {
            resamples: 1000,
            confidence: 0.95,
            seed,
        }
    }

    /// The interval of `statistic`, which measures the items whose indices (below `items`, with
    /// repetitions) it is given. It is called from several threads.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `items` is 0 or above `u32::MAX`, the settings are out of range, the
    /// measure is not finite on the whole data, or it is undefined (an error or not finite) on more
    /// than half of the resamples. Whatever `statistic` says about the whole data is passed on.
    pub fn interval<F>(&self, items: usize, statistic: F) -> Result<Interval>
    where
        F: Fn(&[usize]) -> Result<f64> + Sync,
    {
        let (estimate, values) = self.run(items, statistic)?;
        Ok(self.summarize(estimate, values))
    }

    /// Compares two measures on the same resamples (paired bootstrap).
    ///
    /// # Errors
    /// As [`Self::interval`].
    pub fn compare<A, B>(&self, items: usize, first: A, second: B) -> Result<Comparison>
    where
        A: Fn(&[usize]) -> Result<f64> + Sync,
        B: Fn(&[usize]) -> Result<f64> + Sync,
    {
        let (estimate, values) =
            self.run(items, |indices| Ok(first(indices)? - second(indices)?))?;
        let center = mean(&values);
        let wins = values.iter().filter(|value| **value > 0.0).count();
        let far = values
            .iter()
            .filter(|value| (**value - center).abs() >= estimate.abs())
            .count();
        let number = values.len() as f64;
        Ok(Comparison {
            wins: wins as f64 / number,
            p_value: (far as f64 + 1.0) / (number + 1.0),
            difference: self.summarize(estimate, values),
        })
    }

    /// The measure of all items and of every resample on which it is defined.
    fn run<F>(&self, items: usize, statistic: F) -> Result<(f64, Vec<f64>)>
    where
        F: Fn(&[usize]) -> Result<f64> + Sync,
    {
        self.check(items)?;
        let all: Vec<usize> = (0..items).collect();
        let estimate = statistic(&all)?;
        if !estimate.is_finite() {
            return Err(Error::invalid(
                "statistic",
                format!("{estimate} on the whole data, a finite number needed"),
            ));
        }
        let seed = self.seed.child("bootstrap");
        let values: Vec<Option<f64>> = (0..self.resamples)
            .into_par_iter()
            .map_with(all, |indices, resample| {
                let mut rng = seed.at(resample as u64).rng();
                for index in indices.iter_mut() {
                    *index = rng.random_range(0..items);
                }
                statistic(indices).ok().filter(|value| value.is_finite())
            })
            .collect();
        let values: Vec<f64> = values.into_iter().flatten().collect();
        let undefined = self.resamples - values.len();
        if undefined > self.resamples / 2 {
            return Err(Error::invalid(
                "statistic",
                format!(
                    "undefined on {undefined} of {} resamples, at most half allowed",
                    self.resamples
                ),
            ));
        }
        Ok((estimate, values))
    }

    fn check(&self, items: usize) -> Result<()> {
        let limit = u32::MAX as usize;
        if !(1..=limit).contains(&items) {
            return Err(Error::invalid(
                "items",
                format!("{items}, 1 to {limit} allowed"),
            ));
        }
        if !(1..=MAX_RESAMPLES).contains(&self.resamples) {
            return Err(Error::invalid(
                "resamples",
                format!("{}, 1 to {MAX_RESAMPLES} allowed", self.resamples),
            ));
        }
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            return Err(Error::invalid(
                "confidence",
                format!("{}, a number between 0 and 1 needed", self.confidence),
            ));
        }
        Ok(())
    }

    fn summarize(&self, estimate: f64, mut values: Vec<f64>) -> Interval {
        values.sort_unstable_by(f64::total_cmp);
        let tail = (1.0 - self.confidence) / 2.0;
        Interval {
            estimate,
            lower: quantile(&values, tail),
            upper: quantile(&values, 1.0 - tail),
            standard_error: if values.len() > 1 {
                deviation(&values, mean(&values))
            } else {
                0.0
            },
            undefined: self.resamples - values.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{assert_close, assert_error};
    use super::super::{accuracy, roc_auc};
    use super::*;

    fn bootstrap(resamples: usize) -> Bootstrap {
        Bootstrap {
            resamples,
            ..Bootstrap::new(Seed::new(5))
        }
    }

    fn mean_of(values: &[f64]) -> impl Fn(&[usize]) -> Result<f64> + Sync {
        let values = values.to_vec();
        move |items| Ok(items.iter().map(|&i| values[i]).sum::<f64>() / items.len() as f64)
    }

    #[test]
    fn the_error_of_a_mean_is_the_known_one() {
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let interval = bootstrap(4000).interval(400, mean_of(&values)).unwrap();
        // A mean of n fair 0/1 draws has standard error 1 / (2 sqrt n), and is close to normal.
        let error = 0.025;
        assert_close(interval.standard_error, error, 0.002, "standard error");
        assert_close(interval.lower, 0.5 - 1.96 * error, 0.006, "lower");
        assert_close(interval.upper, 0.5 + 1.96 * error, 0.006, "upper");
        assert_eq!((interval.estimate, interval.undefined), (0.5, 0));
    }

    #[test]
    fn intervals_cover_the_truth_as_often_as_they_say() {
        let covered = (0..200)
            .filter(|&trial| {
                let mut rng = Seed::new(9).at(trial).rng();
                let draws: Vec<f64> = (0..60).map(|_| rng.random::<f64>()).collect();
                let settings = Bootstrap {
                    resamples: 200,
                    confidence: 0.8,
                    seed: Seed::new(trial),
                };
                let interval = settings.interval(60, mean_of(&draws)).unwrap();
                interval.lower <= 0.5 && 0.5 <= interval.upper
            })
            .count();
        // 160 expected, standard deviation 5.7.
        assert!((137..=180).contains(&covered), "{covered} of 200");
    }

    #[test]
    fn a_seed_gives_one_result_on_any_number_of_threads() {
        let values: Vec<f64> = (0..50).map(|i| f64::from(i * i % 17)).collect();
        let run = |seed: u64, threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let settings = Bootstrap::new(Seed::new(seed));
            pool.unwrap()
                .install(|| settings.interval(50, mean_of(&values)).unwrap())
        };
        assert_eq!(run(1, 1), run(1, 3));
        assert_ne!(run(1, 1), run(2, 1));
    }

    #[test]
    fn comparisons_tell_a_clear_difference_from_none() {
        let good: Vec<f64> = (0..200).map(|i| f64::from(u8::from(i % 10 != 0))).collect();
        let poor: Vec<f64> = (0..200).map(|i| f64::from(u8::from(i % 2 != 0))).collect();
        let clear = bootstrap(999)
            .compare(200, mean_of(&good), mean_of(&poor))
            .unwrap();
        assert_close(clear.difference.estimate, 0.4, 1e-12, "difference");
        assert!(clear.p_value <= 0.002 && clear.wins > 0.999, "{clear:?}");
        assert!(clear.difference.lower > 0.25, "{clear:?}");

        let swapped = bootstrap(999)
            .compare(200, mean_of(&poor), mean_of(&good))
            .unwrap();
        assert_close(
            swapped.difference.lower,
            -clear.difference.upper,
            1e-12,
            "swapped",
        );
        assert_eq!((swapped.p_value, swapped.wins), (clear.p_value, 0.0));

        let same = bootstrap(999)
            .compare(200, mean_of(&good), mean_of(&good))
            .unwrap();
        assert_eq!((same.p_value, same.wins), (1.0, 0.0));
        assert_eq!((same.difference.lower, same.difference.upper), (0.0, 0.0));
    }

    #[test]
    fn p_values_without_a_difference_are_spread_evenly() {
        let small = (0..100)
            .filter(|&trial| {
                let mut rng = Seed::new(3).at(trial).rng();
                let mut draw = || -> Vec<f64> { (0..50).map(|_| rng.random::<f64>()).collect() };
                let (a, b) = (draw(), draw());
                let settings = bootstrap(200);
                settings
                    .compare(50, mean_of(&a), mean_of(&b))
                    .unwrap()
                    .p_value
                    <= 0.2
            })
            .count();
        // 20 expected, standard deviation 4.
        assert!((6..=36).contains(&small), "{small} of 100");
    }

    #[test]
    fn undefined_resamples_are_counted_and_limited() {
        let auc = |gold: &'static [bool], scores: &'static [f64]| {
            move |items: &[usize]| {
                let gold: Vec<bool> = items.iter().map(|&i| gold[i]).collect();
                let scores: Vec<f64> = items.iter().map(|&i| scores[i]).collect();
                roc_auc(&gold, &scores)
            }
        };
        // With 2 positives of 4 items, a resample is of one class with probability 1/8.
        let statistic = auc(&[true, false, true, false], &[0.9, 0.2, 0.4, 0.6]);
        let interval = bootstrap(2000).interval(4, statistic).unwrap();
        assert!((190..=310).contains(&interval.undefined), "{interval:?}");
        let one_class = auc(&[true, true], &[0.1, 0.2]);
        assert_error(
            bootstrap(10).interval(2, one_class),
            &["gold", "2 positive"],
        );
        let only_in_order = |items: &[usize]| {
            if items.is_sorted_by(|a, b| a < b) {
                Ok(1.0)
            } else {
                Err(Error::invalid("items", "repeat"))
            }
        };
        assert_error(
            bootstrap(100).interval(9, only_in_order),
            &["statistic", "of 100 resamples"],
        );
    }

    #[test]
    fn bad_input_is_named() {
        let one = |_: &[usize]| Ok(1.0);
        assert_error(bootstrap(10).interval(0, one), &["items", "0"]);
        assert_error(
            bootstrap(10).interval(usize::MAX, one),
            &["items", "4294967295"],
        );
        assert_error(bootstrap(0).interval(3, one), &["resamples", "0"]);
        assert_error(
            bootstrap(usize::MAX).interval(3, one),
            &["resamples", "10000000"],
        );
        for confidence in [0.0, 1.0, f64::NAN] {
            let settings = Bootstrap {
                confidence,
                ..bootstrap(10)
            };
            assert_error(
                settings.interval(3, one),
                &["confidence", &confidence.to_string()],
            );
        }
        assert_error(
            bootstrap(10).interval(3, |_| Ok(f64::NAN)),
            &["statistic", "NaN"],
        );
        let statistic = |_: &[usize]| accuracy(&[1], &[1, 2]);
        assert_error(bootstrap(10).interval(3, statistic), &["predicted"]);
    }

    proptest! {
        #[test]
        fn intervals_lie_within_the_range_of_the_data(
            values in prop::collection::vec(-5.0..5.0_f64, 1..20),
            seed: u64,
        ) {
            let settings = Bootstrap { resamples: 60, confidence: 0.9, seed: Seed::new(seed) };
            let interval = settings.interval(values.len(), mean_of(&values)).unwrap();
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(least - 1e-12 <= interval.lower);
            prop_assert!(interval.lower <= interval.upper);
            prop_assert!(interval.upper <= most + 1e-12);
            prop_assert!(interval.standard_error >= 0.0);
        }
    }
}
