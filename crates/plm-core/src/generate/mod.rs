//! Text generation: greedy, beam search and sampling, with the results of Hugging Face's `generate`.
//!
//! The model computes scores on its device, one position per step behind a cache of keys and values;
//! the choice of tokens happens on the host, in 32-bit floats. Give [`generate`] a model on a plain
//! device (`model.valid()`): on an autodiff device every step would stay in the graph.

mod beam;
mod limits;
mod processors;
mod result;
mod runner;
mod sample;
mod settings;
mod unsupported;

use burn::tensor::{Device, Int, Tensor};

pub use result::{Generation, Hypothesis};
pub use settings::{EarlyStopping, GenerationConfig};

use crate::Result;
use crate::models::EncoderInput;
use crate::nn::DecoderCache;
use crate::rng::Seed;
use runner::Run;

/// What a model makes of an input before the first step.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// An empty cache, with the encoder's keys and values where there is an encoder.
    pub cache: DecoderCache,
    /// The ids that the decoder starts with, one list of equal length per example.
    pub prompt: Vec<Vec<i64>>,
}

/// A model that writes text token by token.
pub trait GenerativeModel {
    /// Reads `input`: what the encoder reads, or the prompt of a model without one.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] for an input that cannot be continued.
    fn begin(&self, input: &EncoderInput, settings: &GenerationConfig) -> Result<Beginning>;

    /// Reads `ids`, which follow the tokens in `cache`, and returns the scores of what follows the
    /// last of them.
    ///
    /// # Shapes
    /// - ids: `[rows, length]`
    /// - result: `[rows, vocabulary]`
    ///
    /// # Panics
    /// If an id is not in the vocabulary, on devices that check it, or the tokens are more than
    /// [`GenerativeModel::max_positions`].
    fn step(&self, ids: Tensor<2, Int>, cache: &mut DecoderCache) -> Tensor<2>;

    /// The plain device that ids go to.
    fn device(&self) -> Device;

    /// Entries of the vocabulary.
    fn vocab_size(&self) -> usize;

    /// The number of tokens that the decoder can read; unlimited where absent.
    fn max_positions(&self) -> Option<usize>;
}

/// Continues `input`: by beam search where `settings.num_beams` is above 1, by sampling where
/// `settings.do_sample`, else by the best token at every step.
///
/// Sampling draws from one stream of `seed` per sequence, named by `input.dropout.example_ids` (rows
/// where absent) and the sequence's number, so a sequence does not depend on the rest of the batch.
///
/// # Errors
/// [`crate::Error::Config`] for settings out of range or at odds with each other, the input or the
/// model; [`crate::Error::Invalid`] for an input that cannot be continued, has ids that the model has no
/// rows for or fields that would not be heeded (dropout, taps), or for scores that are NaN.
pub fn generate<M: GenerativeModel>(
    model: &M,
    input: &EncoderInput,
    settings: &GenerationConfig,
    seed: Seed,
) -> Result<Generation> {
    settings.check()?;
    settings.check_ids(model.vocab_size())?;
    let run = Run::new(model, input, settings)?;
    if settings.num_beams > 1 {
        beam::search(run)
    } else {
        let names = input.dropout.example_ids.as_deref();
        sample::choose(run, names, seed)
    }
}
