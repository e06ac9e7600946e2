//! Tags of words by their first sub-token: the SeqTagger baseline.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::checkpoint::KeyRule;
use plm_core::config::EncoderConfig;
use plm_core::nn::{DropoutContext, zero_linear};
use serde::{Deserialize, Serialize};

use super::head::{Head, HeadConfig, check_classes, check_dropout, score};
use crate::Result;
use crate::encode::text_rows;

/// The settings of a [`TaggerHead`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaggerConfig {
    /// Tags: B and I of every entity type, and O.
    pub tags: usize,
    /// Dropout probability.
    pub dropout: f64,
}

impl TaggerConfig {
    /// Dropout 0.1.
    pub fn new(tags: usize) -> Self {
        Self { tags, dropout: 0.1 }
    }
}

impl HeadConfig for TaggerConfig {
    fn check(&self) -> Result<()> {
        check_classes("tags", self.tags)?;
        check_dropout(self.dropout)
    }
}

/// One linear map from a word's first sub-token to tags.
#[derive(Module, Debug)]
pub struct TaggerHead {
    /// To the tags.
    pub classifier: Linear,
    /// Dropout probability.
    #[module(skip)]
    pub dropout: f64,
}

impl Head for TaggerHead {
    type Config = TaggerConfig;

    const NAME: &'static str = "ForSequenceTagging";
    const KEYS: &'static [&'static [KeyRule<'static>]] =
        &[&[KeyRule::linear("classifier", "head.classifier")]];

    fn new(config: &TaggerConfig, encoder: &EncoderConfig, device: &Device) -> Self {
        Self {
            classifier: zero_linear(encoder.hidden_size, config.tags, true, device),
            dropout: config.dropout,
        }
    }
}

impl TaggerHead {
    /// The scores of the words whose first sub-tokens are `(row, token)`.
    ///
    /// # Shapes
    /// - states: `[rows, length, hidden]`
    /// - result: `[words, tags]`
    ///
    /// # Errors
    /// [`Error::Place`](crate::Error::Place) for a token beyond the states,
    /// [`Error::Empty`](crate::Error::Empty) without words.
    pub fn forward(
        &self,
        states: &Tensor<3>,
        words: &[(usize, usize)],
        dropout: &DropoutContext,
    ) -> Result<Tensor<2>> {
        let feature = text_rows(states, words)?;
        Ok(score(&self.classifier, feature, dropout, self.dropout))
    }
}
