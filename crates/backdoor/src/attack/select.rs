use plm_core::rng::Seed;
use rand::seq::SliceRandom;

use crate::{Error, Result};

/// `pool` in an order drawn from the stream `name`.
pub(super) fn shuffled(mut pool: Vec<usize>, seed: Seed, name: &str) -> Vec<usize> {
    pool.shuffle(&mut seed.stream(name));
    pool
}

/// The first `floor(ratio * pool)` of `pool`: at least one.
pub(super) fn first(pool: &[usize], ratio: f64) -> Result<&[usize]> {
    match (pool.len() as f64 * ratio) as usize {
        0 => Err(Error::NothingPoisoned {
            ratio,
            pool: pool.len(),
        }),
        count => Ok(&pool[..count]),
    }
}

/// `ratio`, called `name`, is a share.
pub(super) fn check_ratio(name: &'static str, ratio: f64) -> Result<()> {
    if ratio > 0.0 && ratio <= 1.0 {
        return Ok(());
    }
    Err(Error::Setting {
        name,
        value: ratio.to_string(),
        limit: "must be above 0 and at most 1",
    })
}

/// `target` is one of `classes` classes.
pub(super) fn check_target(target: usize, classes: usize) -> Result<()> {
    if target < classes {
        return Ok(());
    }
    Err(Error::Target { target, classes })
}

/// `others`, the samples outside of the class `target`, where there are some.
pub(super) fn some_others(others: Vec<usize>, target: usize) -> Result<Vec<usize>> {
    if others.is_empty() {
        return Err(Error::NoOther { target });
    }
    Ok(others)
}

/// `targets`, the samples of the class `target`, where there are some.
pub(super) fn some_targets(targets: Vec<usize>, target: usize) -> Result<Vec<usize>> {
    if targets.is_empty() {
        return Err(Error::NoTarget { target });
    }
    Ok(targets)
}
