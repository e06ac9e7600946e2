//! Pseudo-perplexity under a masked language model (Salazar et al. 2020), where no causal one is at hand.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::check::finite;
use plm_core::kernel::at_least_single;
use plm_core::models::{EncoderForMaskedLM, EncoderInput};
use plm_core::text::{EncodeOptions, Encoding, Padding, SpecialToken, Tokenizer, collate};

use super::victim::{check_length, rows_of};
use super::windows::{in_the_middle, take};
use crate::{Perplexity, Result};

/// A masked language model with its tokenizer: exp of the mean negative log-likelihood of the tokens, each
/// predicted where it is masked.
///
/// The published measure masks one token at a time, which takes as many passes as there are tokens. Here
/// every `stride`-th token is masked at once, which takes `stride` passes; a stride of at least the text's
/// length is the published measure.
///
/// A text longer than the model's input is read through windows that overlap by half, each with the special
/// tokens around it. Each token is masked in one window, that in which it stands farther from the ends.
#[derive(Debug)]
pub struct MaskedPerplexity {
    model: EncoderForMaskedLM,
    tokenizer: Tokenizer,
    max_length: usize,
    padding: Padding,
    mask: u32,
    stride: usize,
    batch: usize,
    device: Device,
    forwards: u64,
}

impl MaskedPerplexity {
    /// A model on the plain `device`; windows have up to `max_length` tokens, special ones included, `batch`
    /// masked copies go through the model at once.
    ///
    /// # Errors
    /// [`crate::Error::Core`] for a tokenizer without mask or padding token or with other words than the model,
    /// [`crate::Error::Setting`] for a stride or batch of 0 or a length that the special tokens fill,
    /// [`crate::Error::Positions`] for a length beyond the model's positions.
    pub fn new(
        model: EncoderForMaskedLM,
        tokenizer: Tokenizer,
        max_length: usize,
        stride: usize,
        batch: usize,
        device: &Device,
    ) -> Result<Self> {
        for (name, value) in [("stride", stride), ("batch", batch)] {
            crate::error::at_least(name, value, 1, "must be at least 1")?;
        }
        let special = tokenizer.encode("", &EncodeOptions::new())?.len();
        let limit = "must leave room for a token beside the special ones";
        crate::error::at_least("max_length", max_length, special + 1, limit)?;
        let config = &model.encoder.config;
        check_length(max_length, config.max_length())?;
        tokenizer.check_vocabulary(config.vocab_size)?;
        Ok(Self {
            max_length,
            padding: Padding::of(&tokenizer)?,
            mask: tokenizer.require(SpecialToken::Mask)?,
            model,
            tokenizer,
            stride,
            batch,
            device: device.clone().inner(),
            forwards: 0,
        })
    }

    /// Adds the masked copies of `encoding`, of which the text's own tokens stand at the places `own`.
    fn copy(&self, text: usize, encoding: &Encoding, own: &[usize], copies: &mut Vec<Copy>) {
        let (Some(&first), Some(&last)) = (own.first(), own.last()) else {
            return;
        };
        let special = encoding.len() - own.len();
        for window in in_the_middle(own.len(), self.max_length - special) {
            let mut places: Vec<usize> = (0..first).collect();
            places.extend(&own[window.tokens.clone()]);
            places.extend(last + 1..encoding.len());
            let whole = take(encoding, &places);
            for offset in 0..self.stride.min(window.scored.len()) {
                let scored = window.scored.clone().skip(offset).step_by(self.stride);
                let tokens: Vec<(usize, u32)> = scored
                    .map(|at| (first + at - window.tokens.start, encoding.ids[own[at]]))
                    .collect();
                let mut masked = whole.clone();
                for &(at, _) in &tokens {
                    masked.ids[at] = self.mask;
                }
                copies.push(Copy {
                    text,
                    masked,
                    tokens,
                });
            }
        }
    }

    /// Log-likelihoods of the masked tokens of `copies`, summed by text into `sums`.
    fn add(&self, copies: &[Copy], sums: &mut [f64]) -> Result<()> {
        let encodings: Vec<Encoding> = copies.iter().map(|copy| copy.masked.clone()).collect();
        let batch = collate(&encodings, &self.padding, &self.device)?;
        let length = batch.ids.dims()[1];
        let input = EncoderInput::ids(batch.ids).with_padding(batch.mask);
        let hidden = self.model.encoder.forward(&input).last_hidden_state;
        let (mut at, mut targets, mut owners) = (Vec::new(), Vec::new(), Vec::new());
        for (row, copy) in copies.iter().enumerate() {
            for &(place, id) in &copy.tokens {
                at.push((row * length + place) as i64);
                targets.push(i64::from(id));
                owners.push(copy.text);
            }
        }
        let at = Tensor::<1, Int>::from_data(TensorData::from(at.as_slice()), &self.device);
        let shape = [targets.len(), 1];
        let targets = Tensor::<2, Int>::from_data(TensorData::new(targets, shape), &self.device);
        let scores = self.model.logits_at(hidden, at, None);
        let log = log_softmax(at_least_single(scores), 1);
        for (owner, row) in owners.into_iter().zip(rows_of(log.gather(1, targets))) {
            sums[owner] += row[0];
        }
        Ok(())
    }
}

/// A window of a text with some tokens masked.
struct Copy {
    text: usize,
    masked: Encoding,
    /// Places in the window and ids of the masked tokens.
    tokens: Vec<(usize, u32)>,
}

impl Perplexity for MaskedPerplexity {
    fn perplexities(&mut self, texts: &[&str]) -> Result<Vec<f64>> {
        let encoded = self
            .tokenizer
            .encode_batch(texts.iter().copied(), &EncodeOptions::new())?;
        let mut copies = Vec::new();
        let mut counts = vec![0_usize; texts.len()];
        for (text, encoding) in encoded.encodings.iter().enumerate() {
            let own: Vec<usize> = (0..encoding.len())
                .filter(|&at| !encoding.special_tokens_mask[at])
                .collect();
            counts[text] = own.len();
            self.copy(text, encoding, &own, &mut copies);
        }
        copies.sort_by_key(|copy| copy.masked.len());
        let mut sums = vec![0.0; texts.len()];
        for chunk in copies.chunks(self.batch) {
            self.add(chunk, &mut sums)?;
        }
        self.forwards += copies.len() as u64;
        finite("log-likelihoods of texts", sums.iter().copied())?;
        let mean = |(sum, &count): (f64, &usize)| (-sum / count as f64).exp();
        Ok(sums.into_iter().zip(&counts).map(mean).collect())
    }

    fn forwards(&self) -> u64 {
        self.forwards
    }
}
