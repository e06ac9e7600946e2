//! Perplexity under GPT-2: what ONION uses.

use std::ops::Range;

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::check::finite;
use plm_core::kernel::at_least_single;
use plm_core::models::{EncoderInput, Gpt2LmHeadModel};
use plm_core::text::{EncodeOptions, Encoding, Padding, Tokenizer, collate};

use super::victim::{check_length, rows_of};
use super::windows::{Window, after_the_last, take};
use crate::{Error, Perplexity, Result};

/// A causal language model with its tokenizer: exp of the mean negative log-likelihood of tokens 2 to n.
///
/// A text longer than the model's input is read through windows, as in RAP's code and the guide of
/// transformers: a window begins `stride` tokens after the one before and scores the tokens after that one's
/// end, each of which so has `max_length - stride` tokens before it at least.
#[derive(Debug)]
pub struct CausalPerplexity {
    model: Gpt2LmHeadModel,
    tokenizer: Tokenizer,
    max_length: usize,
    stride: usize,
    device: Device,
    batch: usize,
    forwards: u64,
}

impl CausalPerplexity {
    /// A model on the plain `device`; windows have up to `max_length` tokens and begin half as many after one
    /// another, `batch` of them go through the model at once.
    ///
    /// # Errors
    /// [`Error::Setting`] for a length below 2 or a batch of 0, [`Error::Positions`] for a length beyond the
    /// model's positions, [`Error::Core`] for a tokenizer with other words than the model.
    pub fn new(
        model: Gpt2LmHeadModel,
        tokenizer: Tokenizer,
        max_length: usize,
        batch: usize,
        device: &Device,
    ) -> Result<Self> {
        crate::error::at_least("max_length", max_length, 2, "must be at least 2")?;
        crate::error::at_least("batch", batch, 1, "must be at least 1")?;
        let config = &model.model.config;
        check_length(max_length, config.n_positions)?;
        tokenizer.check_vocabulary(config.vocab_size)?;
        Ok(Self {
            model,
            tokenizer,
            max_length,
            stride: max_length / 2,
            device: device.clone().inner(),
            batch,
            forwards: 0,
        })
    }

    /// Windows that begin `stride` tokens after one another.
    ///
    /// # Errors
    /// [`Error::Setting`] for a stride of 0, or of a window's length or more: the first token of a window has
    /// nothing before it to be predicted from.
    pub fn with_stride(mut self, stride: usize) -> Result<Self> {
        if stride == 0 || stride >= self.max_length {
            return Err(Error::Setting {
                name: "stride",
                value: stride.to_string(),
                limit: "must be between 1 and one less than max_length",
            });
        }
        self.stride = stride;
        Ok(self)
    }

    /// The windows of `encoding`, the tokens of text number `text`.
    fn parts(&self, text: usize, encoding: &Encoding) -> Vec<Part> {
        let windows = after_the_last(encoding.len(), self.max_length, self.stride).into_iter();
        let part = |window: Window| {
            let begin = window.tokens.start;
            let places: Vec<usize> = window.tokens.collect();
            Part {
                text,
                tokens: take(encoding, &places),
                // The first token of a text has nothing before it.
                scored: window.scored.start.max(1) - begin..window.scored.end - begin,
            }
        };
        windows.map(part).collect()
    }

    /// Log-likelihoods of the scored tokens of `parts`, summed by text into `sums`.
    fn add(&self, parts: &[Part], sums: &mut [f64]) -> Result<()> {
        let encodings: Vec<Encoding> = parts.iter().map(|part| part.tokens.clone()).collect();
        // GPT-2 has no padding token: any id does, since what stands behind a text is not read.
        let batch = collate(&encodings, &Padding::new(0), &self.device)?;
        let [rows, length] = batch.ids.dims();
        let ids: Vec<i64> = batch.ids.clone().into_data().iter::<i64>().collect();
        let input = EncoderInput::ids(batch.ids).with_padding(batch.mask);
        let (_, logits) = self.model.forward(&input);
        let words = logits.dims()[2];
        let log = log_softmax(at_least_single(logits), 2).reshape([rows * length, words]);
        // The token behind each position; that behind the last is not read.
        let next: Vec<i64> = (0..rows * length)
            .map(|at| {
                if (at + 1) % length == 0 {
                    0
                } else {
                    ids[at + 1]
                }
            })
            .collect();
        let shape = [rows * length, 1];
        let next = Tensor::<2, Int>::from_data(TensorData::new(next, shape), &self.device);
        let scores = rows_of(log.gather(1, next));
        for (row, part) in parts.iter().enumerate() {
            let before = part.scored.clone().map(|at| row * length + at - 1);
            sums[part.text] += before.map(|at| scores[at][0]).sum::<f64>();
        }
        Ok(())
    }
}

/// A window of a text.
struct Part {
    text: usize,
    tokens: Encoding,
    /// Places in the window.
    scored: Range<usize>,
}

impl Perplexity for CausalPerplexity {
    fn perplexities(&mut self, texts: &[&str]) -> Result<Vec<f64>> {
        let encoded = self
            .tokenizer
            .encode_batch(texts.iter().copied(), &EncodeOptions::new())?;
        let mut parts = Vec::new();
        for (text, encoding) in encoded.encodings.iter().enumerate() {
            if encoding.len() > 1 {
                parts.extend(self.parts(text, encoding));
            }
        }
        parts.sort_by_key(|part| part.tokens.len());
        let mut sums = vec![0.0; texts.len()];
        for chunk in parts.chunks(self.batch) {
            self.add(chunk, &mut sums)?;
        }
        self.forwards += parts.len() as u64;
        finite("log-likelihoods of texts", sums.iter().copied())?;
        let value = |(sum, encoding): (f64, &Encoding)| {
            let count = encoding.len().saturating_sub(1);
            (-sum / count as f64).exp()
        };
        Ok(sums
            .into_iter()
            .zip(&encoded.encodings)
            .map(value)
            .collect())
    }

    fn forwards(&self) -> u64 {
        self.forwards
    }
}
