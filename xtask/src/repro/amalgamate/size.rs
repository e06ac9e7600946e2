//! How large and how fast a model is.

use std::time::Instant;

use anyhow::Result;
use plm_core::train::count_params;
use plm_distill::student::{Prepared, predict};

use crate::repro::distill::lab::{Classifier, Lab};

/// Timed passes over the texts, after one that is not.
const PASSES: usize = 3;

/// What a model takes, beside how often it is right.
pub(super) struct Size {
    pub(super) model: String,
    pub(super) parameters: usize,
    /// For one text: the median of several passes.
    pub(super) milliseconds: f64,
    pub(super) accuracy: f64,
}

/// The size and the speed of `model` on the texts of `test`, on which it has this `accuracy`.
pub(super) fn size(
    name: &str,
    lab: &Lab,
    model: &Classifier,
    test: &Prepared<'_>,
    accuracy: f64,
) -> Result<Size> {
    let count = count_params(model);
    let own = Prepared::without_labels(&lab.encoder, &test.examples)?;
    predict(model, &own, 32, &lab.device)?;
    let mut seconds = [0.0; PASSES];
    for seconds in &mut seconds {
        let start = Instant::now();
        predict(model, &own, 32, &lab.device)?;
        *seconds = start.elapsed().as_secs_f64();
    }
    seconds.sort_by(f64::total_cmp);
    Ok(Size {
        model: name.to_owned(),
        parameters: count.trainable + count.frozen,
        milliseconds: seconds[PASSES / 2] * 1e3 / own.examples.len() as f64,
        accuracy,
    })
}
