//! What the feed-forward layers read over the texts.

use anyhow::{Result, ensure};
use plm_moe::Capture;

use crate::backbone::Backbone;
use crate::checks::MIN_TOKENS;
use crate::texts::Reader;

/// Texts of a batch.
const BATCH: usize = 16;

/// What was captured.
pub(crate) struct Captured {
    /// The inputs of all layers.
    pub(crate) capture: Capture,
    /// Texts that were read.
    pub(crate) texts: usize,
    /// Their mean length in tokens, rounded up.
    pub(crate) mean_length: usize,
}

/// Runs `model` over `texts` until every layer has `tokens` inputs.
///
/// # Errors
/// Where a text cannot be read, an input is not a number, or there are too few tokens to learn from.
pub(crate) fn captured(
    model: &impl Backbone,
    reader: &Reader<'_>,
    texts: &[String],
    tokens: usize,
) -> Result<Captured> {
    let mut capture = Capture::new(tokens);
    let (mut read, mut length) = (0, 0);
    for texts in texts.chunks(BATCH) {
        if capture.is_full() {
            break;
        }
        let batch = reader.batch(texts)?;
        for (stack, tapped) in model.read(&batch, true).tapped {
            capture.add(stack, &tapped, &batch.visible(stack))?;
        }
        read += texts.len();
        length += batch.source.lengths.iter().sum::<usize>();
    }
    let found = capture.tokens();
    ensure!(
        found >= MIN_TOKENS,
        "the texts have {found} tokens; at least {MIN_TOKENS} are needed"
    );
    Ok(Captured {
        capture,
        texts: read,
        mean_length: length.div_ceil(read.max(1)),
    })
}
