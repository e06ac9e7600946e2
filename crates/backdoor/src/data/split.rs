use plm_core::data::train_dev;
use plm_core::rng::Seed;

use super::Dataset;
use crate::{Error, Result};

/// Share of the training data that the published experiments hold out for validation.
pub const VALIDATION_SHARE: f64 = 0.1;

/// Seed of the published experiments. Their generator is another one: the same seed gives other
/// numbers here.
pub const PUBLISHED_SEED: u64 = 1234;

/// Splits `data` into training and validation data, the latter `share` of it, rounded down, chosen
/// by `seed`. Both keep the order of `data`.
///
/// # Errors
/// [`Error::Setting`] where `share` is not above 0 and below 1, [`Error::Empty`] where it is less
/// than one sample.
pub fn train_validation(data: &Dataset, share: f64, seed: Seed) -> Result<(Dataset, Dataset)> {
    if !(share > 0.0 && share < 1.0) {
        return Err(Error::Setting {
            name: "share",
            value: share.to_string(),
            limit: "must be above 0 and below 1",
        });
    }
    let count = data.samples().len();
    let held_out = (count as f64 * share) as usize;
    if held_out == 0 {
        return Err(Error::Empty {
            what: "validation samples",
            fix: "raise the share or give more samples",
        });
    }
    let (train, validation) = train_dev(count, held_out, seed)?;
    let part = |indices: Vec<usize>| {
        let samples = indices.iter().map(|&index| data.samples()[index].clone());
        Dataset::new(samples.collect(), data.classes())
    };
    Ok((part(train)?, part(validation)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Sample;

    fn numbered(count: usize) -> Dataset {
        let samples = (0..count).map(|index| Sample::new(index.to_string(), index % 2));
        Dataset::new(samples.collect(), 2).unwrap()
    }

    #[test]
    fn a_tenth_is_held_out() {
        let split = |seed| train_validation(&numbered(6920), 0.1, Seed::new(seed)).unwrap();
        let (train, validation) = split(1234);
        assert_eq!(
            (train.samples().len(), validation.samples().len()),
            (6228, 692)
        );
        assert_eq!(split(1234).1, validation);
        assert_ne!(split(1235).1, validation);
    }

    #[test]
    fn shares_are_checked() {
        let data = numbered(9);
        for share in [0.0, 1.0, f64::NAN, -0.5] {
            let error = train_validation(&data, share, Seed::new(0)).unwrap_err();
            assert!(
                matches!(error, Error::Setting { name: "share", .. }),
                "{error}"
            );
        }
        let error = train_validation(&data, 0.1, Seed::new(0)).unwrap_err();
        assert!(matches!(error, Error::Empty { .. }), "{error}");
    }

    proptest! {
        #[test]
        fn nothing_is_lost(count in 2_usize..100, share in 0.5_f64..0.99, seed: u64) {
            let data = numbered(count);
            let (train, validation) = train_validation(&data, share, Seed::new(seed)).unwrap();
            let mut all: Vec<usize> = train.samples().iter().chain(validation.samples())
                .map(|sample| sample.text.parse().unwrap()).collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..count).collect::<Vec<_>>());
        }
    }
}
