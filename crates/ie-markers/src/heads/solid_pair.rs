//! Relation classes of one pair between solid markers: the Solid-Full baseline.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::checkpoint::KeyRule;
use plm_core::config::EncoderConfig;
use plm_core::nn::{DropoutContext, LayerNorm, zero_linear};
use serde::{Deserialize, Serialize};

use super::head::{Head, HeadConfig, check_classes, check_dropout, score};
use crate::Result;
use crate::encode::text_rows;

/// The settings of a [`SolidPairHead`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SolidPairConfig {
    /// Relation classes, the one for no relation included.
    pub relations: usize,
    /// Dropout probability.
    pub dropout: f64,
}

impl SolidPairConfig {
    /// Dropout 0.1.
    pub fn new(relations: usize) -> Self {
        Self {
            relations,
            dropout: 0.1,
        }
    }
}

impl HeadConfig for SolidPairConfig {
    fn check(&self) -> Result<()> {
        check_classes("relations", self.relations)?;
        check_dropout(self.dropout)
    }
}

/// Normalization, dropout and one linear map over the start markers of subject and object (PURE, Zhong
/// and Chen 2021, section 3.3).
#[derive(Module, Debug)]
pub struct SolidPairHead {
    /// Normalization of the two states side by side.
    pub norm: LayerNorm,
    /// To the relations.
    pub classifier: Linear,
    /// Dropout probability.
    #[module(skip)]
    pub dropout: f64,
}

impl Head for SolidPairHead {
    type Config = SolidPairConfig;

    const NAME: &'static str = "ForRelation";
    const KEYS: &'static [&'static [KeyRule<'static>]] = &[&[
        KeyRule::norm("layer_norm", "head.norm"),
        KeyRule::linear("classifier", "head.classifier"),
    ]];

    fn new(config: &SolidPairConfig, encoder: &EncoderConfig, device: &Device) -> Self {
        let width = 2 * encoder.hidden_size;
        Self {
            norm: LayerNorm::new(width, encoder.layer_norm_eps, device),
            classifier: zero_linear(width, config.relations, true, device),
            dropout: config.dropout,
        }
    }
}

impl SolidPairHead {
    /// The scores of the pairs whose start markers are `(row, token)`.
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
        states: &Tensor<3>,
        subjects: &[(usize, usize)],
        objects: &[(usize, usize)],
        dropout: &DropoutContext,
    ) -> Result<Tensor<2>> {
        let parts = vec![text_rows(states, subjects)?, text_rows(states, objects)?];
        let feature = self.norm.forward(Tensor::cat(parts, 1));
        Ok(score(&self.classifier, feature, dropout, self.dropout))
    }
}
