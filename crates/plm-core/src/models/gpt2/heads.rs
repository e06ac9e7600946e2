//! GPT-2 with scores of classes, tokens and spans.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Int, Tensor};

use super::model::Gpt2Model;
use crate::config::Gpt2Config;
use crate::models::encoder::{EncoderInput, Tokens};
use crate::models::seq2seq::{DecoderOutput, at_places, host_ids};
use crate::models::spans::start_and_end;
use crate::nn::{FeedForward, Ffn, apply, site, zero_linear};
use crate::{Error, Result, kernel};

/// GPT-2 with class scores per sequence: Hugging Face's `GPT2ForSequenceClassification`.
#[derive(Module, Debug)]
pub struct Gpt2ForSequenceClassification<F: Ffn = FeedForward> {
    /// The layers.
    pub model: Gpt2Model<F>,
    /// To the classes, without bias.
    pub score: Linear,
}

impl Gpt2ForSequenceClassification {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &Gpt2Config, device: &Device) -> Self {
        Self {
            model: Gpt2Model::new(config, device),
            score: zero_linear(config.n_embd, config.num_labels, false, device),
        }
    }
}

impl<F: Ffn> Gpt2ForSequenceClassification<F> {
    /// The layers' output and class scores, `[batch, classes]`, from the last token that is not the
    /// padding token; from the last position where tokens are vectors.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no padding token and more than one example.
    ///
    /// # Panics
    /// As [`Gpt2Model::forward`].
    pub fn forward(&self, input: &EncoderInput) -> Result<(DecoderOutput, Tensor<2>)> {
        let [batch, length] = input.tokens.dims();
        let pad = self.model.config.pad_token_id;
        if pad.is_none() && batch > 1 {
            let reason = format!("is not set: the ends of {batch} examples cannot be told");
            return Err(Error::invalid("pad_token_id", reason));
        }
        let ends: Vec<usize> = match (&input.tokens, pad) {
            (Tokens::Ids(ids), Some(pad)) => host_ids(ids)
                .iter()
                .map(|row| row.iter().rposition(|&id| id != pad as i64).unwrap_or(0))
                .collect(),
            (Tokens::Ids(_), None) | (Tokens::Embeds(_), _) => vec![length - 1; batch],
        };
        let places: Vec<i64> = ends
            .iter()
            .enumerate()
            .map(|(example, end)| (example * length + end) as i64)
            .collect();
        let output = self.model.forward(input);
        let hidden = output.last_hidden_state.clone();
        let places = Tensor::<1, Int>::from_data(places.as_slice(), &hidden.device().inner());
        let logits = apply(&self.score, at_places(hidden, places));
        Ok((output, logits))
    }

    /// The same model with other feed-forward blocks; `map` gets each layer's number and block.
    pub fn map_ffn<G: Ffn>(
        self,
        map: impl FnMut(usize, F) -> G,
    ) -> Gpt2ForSequenceClassification<G> {
        Gpt2ForSequenceClassification {
            model: self.model.map_ffn(map),
            score: self.score,
        }
    }
}

/// GPT-2 with class scores per token: Hugging Face's `GPT2ForTokenClassification`.
#[derive(Module, Debug)]
pub struct Gpt2ForTokenClassification<F: Ffn = FeedForward> {
    /// The layers.
    pub model: Gpt2Model<F>,
    /// To the classes.
    pub classifier: Linear,
    /// Dropout before it.
    #[module(skip)]
    pub dropout: f64,
}

impl Gpt2ForTokenClassification {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &Gpt2Config, device: &Device) -> Self {
        Self {
            model: Gpt2Model::new(config, device),
            classifier: zero_linear(config.n_embd, config.num_labels, true, device),
            dropout: config.classifier_dropout,
        }
    }
}

impl<F: Ffn> Gpt2ForTokenClassification<F> {
    /// The layers' output and class scores, `[batch, length, classes]`.
    ///
    /// # Panics
    /// As [`Gpt2Model::forward`].
    pub fn forward(&self, input: &EncoderInput) -> (DecoderOutput, Tensor<3>) {
        let output = self.model.forward(input);
        let mask = input.dropout.site(site::HEAD, self.dropout);
        let hidden = kernel::dropout(output.last_hidden_state.clone(), mask.as_ref());
        let logits = apply(&self.classifier, hidden);
        (output, logits)
    }

    /// The same model with other feed-forward blocks; `map` gets each layer's number and block.
    pub fn map_ffn<G: Ffn>(self, map: impl FnMut(usize, F) -> G) -> Gpt2ForTokenClassification<G> {
        Gpt2ForTokenClassification {
            model: self.model.map_ffn(map),
            classifier: self.classifier,
            dropout: self.dropout,
        }
    }
}

/// GPT-2 with start and end scores per token: Hugging Face's `GPT2ForQuestionAnswering`.
#[derive(Module, Debug)]
pub struct Gpt2ForQuestionAnswering<F: Ffn = FeedForward> {
    /// The layers.
    pub model: Gpt2Model<F>,
    /// To the two scores.
    pub output: Linear,
}

impl Gpt2ForQuestionAnswering {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &Gpt2Config, device: &Device) -> Self {
        Self {
            model: Gpt2Model::new(config, device),
            output: zero_linear(config.n_embd, 2, true, device),
        }
    }
}

impl<F: Ffn> Gpt2ForQuestionAnswering<F> {
    /// The layers' output, start scores and end scores, `[batch, length]` each.
    ///
    /// # Panics
    /// As [`Gpt2Model::forward`].
    pub fn forward(&self, input: &EncoderInput) -> (DecoderOutput, Tensor<2>, Tensor<2>) {
        let output = self.model.forward(input);
        let scores = apply(&self.output, output.last_hidden_state.clone());
        let [start, end] = start_and_end(scores);
        (output, start, end)
    }

    /// The same model with other feed-forward blocks; `map` gets each layer's number and block.
    pub fn map_ffn<G: Ffn>(self, map: impl FnMut(usize, F) -> G) -> Gpt2ForQuestionAnswering<G> {
        Gpt2ForQuestionAnswering {
            model: self.model.map_ffn(map),
            output: self.output,
        }
    }
}
