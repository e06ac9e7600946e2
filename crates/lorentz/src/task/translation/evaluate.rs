//! Loss and accuracy with the reference translation as the decoder's input.

use burn::tensor::Device;
use plm_core::models::loss::{IGNORE_INDEX, token_cross_entropy};

use super::batch::check_pairs;
use super::{TokenPair, TranslationBatch, Translator};
use crate::Result;

/// How well the tokens of reference translations are predicted from those before them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// Mean negative log-likelihood of a token, in nats.
    pub loss: f64,
    /// Share of tokens that have the highest score.
    pub token_accuracy: f64,
    /// Tokens, ends included.
    pub tokens: usize,
}

/// Measures `model`, which must be on a plain device, on `pairs`, `batch_size` at a time.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where there is no pair, a batch would hold none, a sequence is too long
/// or holds an id that the model lacks.
pub fn evaluate<M: Translator>(
    model: &M,
    pairs: &[TokenPair],
    batch_size: usize,
    device: &Device,
) -> Result<Evaluation> {
    if pairs.is_empty() || batch_size == 0 {
        let reason = format!("{} pairs in batches of {batch_size}", pairs.len());
        return Err(plm_core::Error::invalid("evaluation", reason).into());
    }
    check_pairs(pairs, model)?;
    let (mut loss, mut right, mut tokens) = (0.0, 0, 0);
    for part in pairs.chunks(batch_size) {
        let rows: Vec<&TokenPair> = part.iter().collect();
        let batch = TranslationBatch::new(&rows, model.special(), device)?;
        let scores = model.scores(&batch.source, batch.decoder_ids)?;
        let best = scores.clone().argmax(2).into_data();
        let labels = batch.labels.to_data();
        right += best
            .iter::<i64>()
            .zip(labels.iter::<i64>())
            .filter(|(best, label)| *label != IGNORE_INDEX && best == label)
            .count();
        let mean: f64 = token_cross_entropy(scores, batch.labels).into_scalar();
        loss += mean * batch.tokens as f64;
        tokens += batch.tokens;
    }
    Ok(Evaluation {
        loss: loss / tokens as f64,
        token_accuracy: right as f64 / tokens as f64,
        tokens,
    })
}
