//! Perplexity under GPT-2: what ONION uses.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::models::{EncoderInput, Gpt2LmHeadModel};
use plm_core::text::{EncodeOptions, Encoding, Padding, Tokenizer, Truncation, collate};

use super::victim::rows_of;
use crate::{Perplexity, Result};

/// A causal language model with its tokenizer: exp of the mean negative log-likelihood of tokens 2 to n.
#[derive(Debug)]
pub struct CausalPerplexity {
    model: Gpt2LmHeadModel,
    tokenizer: Tokenizer,
    options: EncodeOptions,
    device: Device,
    batch: usize,
    forwards: u64,
}

impl CausalPerplexity {
    /// A model on the plain `device`; texts are cut to `max_length` tokens, `batch` go through it at once.
    ///
    /// # Errors
    /// [`crate::Error::Setting`] for a length or batch of 0.
    pub fn new(
        model: Gpt2LmHeadModel,
        tokenizer: Tokenizer,
        max_length: usize,
        batch: usize,
        device: &Device,
    ) -> Result<Self> {
        crate::error::at_least("max_length", max_length, 2, "must be at least 2")?;
        crate::error::at_least("batch", batch, 1, "must be at least 1")?;
        Ok(Self {
            options: EncodeOptions::new().with_truncation(Truncation::new(max_length)),
            model,
            tokenizer,
            device: device.clone().inner(),
            batch,
            forwards: 0,
        })
    }

    fn batch(&self, encodings: &[Encoding]) -> Result<Vec<f64>> {
        // GPT-2 has no padding token: any id does, since what stands behind a text is not read.
        let batch = collate(encodings, &Padding::new(0), &self.device)?;
        let [rows, length] = batch.ids.dims();
        let ids: Vec<i64> = batch.ids.clone().into_data().iter::<i64>().collect();
        let input = EncoderInput::ids(batch.ids).with_padding(batch.mask);
        let (_, logits) = self.model.forward(&input);
        let words = logits.dims()[2];
        let log = log_softmax(logits, 2).reshape([rows * length, words]);
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
        Ok(encodings
            .iter()
            .enumerate()
            .map(|(row, encoding)| {
                let count = encoding.len().saturating_sub(1);
                let sum: f64 = (0..count).map(|at| scores[row * length + at][0]).sum();
                (-sum / count as f64).exp()
            })
            .collect())
    }
}

impl Perplexity for CausalPerplexity {
    fn perplexities(&mut self, texts: &[&str]) -> Result<Vec<f64>> {
        let encoded = self
            .tokenizer
            .encode_batch(texts.iter().copied(), &self.options)?;
        let encodings = encoded.encodings;
        let mut order: Vec<usize> = (0..texts.len())
            .filter(|&at| encodings[at].len() > 1)
            .collect();
        order.sort_by_key(|&at| encodings[at].len());
        let mut found = vec![f64::NAN; texts.len()];
        for places in order.chunks(self.batch) {
            let own: Vec<Encoding> = places.iter().map(|&at| encodings[at].clone()).collect();
            for (&place, value) in places.iter().zip(self.batch(&own)?) {
                found[place] = value;
            }
        }
        self.forwards += order.len() as u64;
        Ok(found)
    }

    fn forwards(&self) -> u64 {
        self.forwards
    }
}
