//! How long a model takes with and without experts.

use std::hint::black_box;
use std::time::Instant;

use anyhow::Result;

use crate::backbone::Backbone;
use crate::say;
use crate::texts::{Reader, Texts};

/// Texts of the larger batch.
const BATCH: usize = 8;

/// Runs of each model that count, in turns; one more warms up, in which experts' paths are measured.
const ROUNDS: usize = 9;

/// Prints how long the layers of both models take for one text and for some.
///
/// # Errors
/// Where a text cannot be read.
pub(crate) fn compare(
    dense: &impl Backbone,
    fast: &impl Backbone,
    reader: &Reader<'_>,
    texts: &[String],
) -> Result<()> {
    let mut counts = vec![1, texts.len().min(BATCH)];
    counts.dedup();
    for count in counts {
        let batch = reader.batch(&texts[..count])?;
        let (mut dense_times, mut fast_times) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let (dense_ms, fast_ms) = (milliseconds(dense, &batch), milliseconds(fast, &batch));
            if round > 0 {
                dense_times.push(dense_ms);
                fast_times.push(fast_ms);
            }
        }
        let (dense_ms, fast_ms) = (median(dense_times), median(fast_times));
        let [_, length] = batch.source.ids.dims();
        say(format_args!(
            "layers without head, batch of {count}, {length} tokens: {dense_ms:.2} ms dense, \
             {fast_ms:.2} ms with experts: {:.2} times as fast",
            dense_ms / fast_ms
        ));
    }
    Ok(())
}

fn milliseconds(model: &impl Backbone, texts: &Texts) -> f64 {
    let start = Instant::now();
    black_box(model.read(texts, false).hidden.into_data());
    1e3 * start.elapsed().as_secs_f64()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}
