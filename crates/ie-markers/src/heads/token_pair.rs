//! Relation classes of pairs by the tokens of both ends: T-Concat for relations.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::checkpoint::KeyRule;
use plm_core::config::EncoderConfig;
use plm_core::kernel;
use plm_core::nn::{DropoutContext, apply, zero_linear};
use serde::{Deserialize, Serialize};

use super::head::{FEATURE_SITE, Head, HeadConfig, check_classes, check_dropout};
use crate::Result;
use crate::encode::text_rows;

/// The settings of a [`TokenPairHead`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenPairConfig {
    /// Relation classes, the one for no relation included.
    pub relations: usize,
    /// Dropout probability, once on every token.
    pub dropout: f64,
}

impl TokenPairConfig {
    /// Dropout 0.1.
    pub fn new(relations: usize) -> Self {
        Self {
            relations,
            dropout: 0.1,
        }
    }
}

impl HeadConfig for TokenPairConfig {
    fn check(&self) -> Result<()> {
        check_classes("relations", self.relations)?;
        check_dropout(self.dropout)
    }
}

/// One linear map from the states of the first and last tokens of subject and object to relation classes
/// (the feature TEXT of PURE, Zhong and Chen 2021, section 5.1).
#[derive(Module, Debug)]
pub struct TokenPairHead {
    /// To the relations, `4 * hidden -> relations`.
    pub classifier: Linear,
    /// Dropout probability.
    #[module(skip)]
    pub dropout: f64,
}

impl Head for TokenPairHead {
    type Config = TokenPairConfig;

    const NAME: &'static str = "ForTokenPairRelation";
    const KEYS: &'static [&'static [KeyRule<'static>]] =
        &[&[KeyRule::linear("classifier", "head.classifier")]];

    fn new(config: &TokenPairConfig, encoder: &EncoderConfig, device: &Device) -> Self {
        Self {
            classifier: zero_linear(4 * encoder.hidden_size, config.relations, true, device),
            dropout: config.dropout,
        }
    }
}

impl TokenPairHead {
    /// The scores of pairs whose tokens are `(row, token)`: first and last of the subjects, then first and
    /// last of the objects.
    ///
    /// # Shapes
    /// - states: `[rows, length, hidden]`
    /// - result: `[pairs, relations]`
    ///
    /// # Errors
    /// [`Error::Place`](crate::Error::Place) for a token beyond the states,
    /// [`Error::Empty`](crate::Error::Empty) without pairs.
    pub fn forward(
        &self,
        states: Tensor<3>,
        tokens: &[Vec<(usize, usize)>; 4],
        dropout: &DropoutContext,
    ) -> Result<Tensor<2>> {
        let mask = dropout.site(FEATURE_SITE, self.dropout);
        let states = kernel::dropout(states, mask.as_ref());
        let parts: Result<Vec<_>> = (tokens.iter())
            .map(|tokens| text_rows(&states, tokens))
            .collect();
        Ok(apply(&self.classifier, Tensor::cat(parts?, 1)))
    }
}
