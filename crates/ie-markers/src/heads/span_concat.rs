//! Entity classes of spans by their first and last token: the T-Concat baseline.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::checkpoint::KeyRule;
use plm_core::config::EncoderConfig;
use plm_core::kernel;
use plm_core::nn::{DropoutContext, apply, zero_linear};
use serde::{Deserialize, Serialize};

use super::head::{FEATURE_SITE, Head, HeadConfig, check_classes, check_dropout, score};
use crate::Result;
use crate::encode::text_rows;

/// The settings of a [`SpanConcatHead`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpanConcatConfig {
    /// Entity classes, the one for no entity included.
    pub classes: usize,
    /// Whether dropout acts once on every token instead of on every span's feature.
    pub one_dropout: bool,
    /// Dropout probability.
    pub dropout: f64,
}

impl SpanConcatConfig {
    /// Dropout 0.1 once on every token.
    pub fn new(classes: usize) -> Self {
        Self {
            classes,
            one_dropout: true,
            dropout: 0.1,
        }
    }
}

impl HeadConfig for SpanConcatConfig {
    fn check(&self) -> Result<()> {
        check_classes("classes", self.classes)?;
        check_dropout(self.dropout)
    }
}

/// One linear map from the states of a span's first and last token to entity classes.
#[derive(Module, Debug)]
pub struct SpanConcatHead {
    /// To the classes, `2 * hidden -> classes`.
    pub classifier: Linear,
    /// Whether dropout acts once on every token.
    #[module(skip)]
    pub one_dropout: bool,
    /// Dropout probability.
    #[module(skip)]
    pub dropout: f64,
}

impl Head for SpanConcatHead {
    type Config = SpanConcatConfig;

    const NAME: &'static str = "ForSpanConcatNER";
    const KEYS: &'static [&'static [KeyRule<'static>]] =
        &[&[KeyRule::linear("ner_classifier", "head.classifier")]];

    fn new(config: &SpanConcatConfig, encoder: &EncoderConfig, device: &Device) -> Self {
        Self {
            classifier: zero_linear(2 * encoder.hidden_size, config.classes, true, device),
            one_dropout: config.one_dropout,
            dropout: config.dropout,
        }
    }
}

impl SpanConcatHead {
    /// The class scores of the spans whose first and last tokens are `(row, token)`.
    ///
    /// # Shapes
    /// - states: `[rows, length, hidden]`
    /// - result: `[spans, classes]`
    ///
    /// # Errors
    /// [`Error::Place`](crate::Error::Place) for a token beyond the states,
    /// [`Error::Empty`](crate::Error::Empty) without spans.
    pub fn forward(
        &self,
        states: Tensor<3>,
        firsts: &[(usize, usize)],
        lasts: &[(usize, usize)],
        dropout: &DropoutContext,
    ) -> Result<Tensor<2>> {
        let states = if self.one_dropout {
            let mask = dropout.site(FEATURE_SITE, self.dropout);
            kernel::dropout(states, mask.as_ref())
        } else {
            states
        };
        let parts = vec![text_rows(&states, firsts)?, text_rows(&states, lasts)?];
        let feature = Tensor::cat(parts, 1);
        if self.one_dropout {
            return Ok(apply(&self.classifier, feature));
        }
        Ok(score(&self.classifier, feature, dropout, self.dropout))
    }
}
