//! Relation classes of pairs with four levitated markers each: the Levitated-Pair baseline.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::check::same_size;
use plm_core::checkpoint::KeyRule;
use plm_core::config::EncoderConfig;
use plm_core::nn::{DropoutContext, LayerNorm, zero_linear};
use serde::{Deserialize, Serialize};

use super::head::{Head, HeadConfig, check_classes, check_dropout, score};
use crate::Result;
use crate::encode::MarkerStates;
use crate::layout::MarkerRow;

/// What stands for a pair.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LevitatedPairFeature {
    /// The states of the two start markers, normalized (PURE's approximation, section 3.4).
    Starts,
    /// The states of all four markers (PL-Marker's ablation).
    #[default]
    All,
}

/// The settings of a [`LevitatedPairHead`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevitatedPairConfig {
    /// Relation classes, the one for no relation included.
    pub relations: usize,
    /// What stands for a pair.
    pub feature: LevitatedPairFeature,
    /// Dropout probability.
    pub dropout: f64,
}

impl LevitatedPairConfig {
    /// All four states, dropout 0.1.
    pub fn new(relations: usize) -> Self {
        Self {
            relations,
            feature: LevitatedPairFeature::All,
            dropout: 0.1,
        }
    }
}

impl HeadConfig for LevitatedPairConfig {
    fn check(&self) -> Result<()> {
        check_classes("relations", self.relations)?;
        check_dropout(self.dropout)
    }
}

/// One linear map over the levitated markers of a pair: start and end of the subject, start and end of
/// the object.
#[derive(Module, Debug)]
pub struct LevitatedPairHead {
    /// Normalization of the two states side by side, with [`LevitatedPairFeature::Starts`].
    pub norm: Option<LayerNorm>,
    /// To the relations.
    pub classifier: Linear,
    /// What stands for a pair.
    #[module(skip)]
    pub feature: LevitatedPairFeature,
    /// Dropout probability.
    #[module(skip)]
    pub dropout: f64,
}

impl Head for LevitatedPairHead {
    type Config = LevitatedPairConfig;

    const NAME: &'static str = "ForLevitatedPairRelations";
    const KEYS: &'static [&'static [KeyRule<'static>]] = &[&[
        KeyRule::norm("layer_norm", "head.norm"),
        KeyRule::linear("classifier", "head.classifier"),
    ]];

    fn new(config: &LevitatedPairConfig, encoder: &EncoderConfig, device: &Device) -> Self {
        let starts = config.feature == LevitatedPairFeature::Starts;
        let width = if starts { 2 } else { 4 } * encoder.hidden_size;
        Self {
            norm: starts.then(|| LayerNorm::new(width, encoder.layer_norm_eps, device)),
            classifier: zero_linear(width, config.relations, true, device),
            feature: config.feature,
            dropout: config.dropout,
        }
    }
}

impl LevitatedPairHead {
    /// The scores of every group of `rows`, row after row.
    ///
    /// # Shapes
    /// - result: `[pairs, relations]`
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) for a group of other than four markers,
    /// [`Error::Empty`](crate::Error::Empty) without groups.
    pub fn forward(
        &self,
        states: &MarkerStates,
        rows: &[&MarkerRow],
        dropout: &DropoutContext,
    ) -> Result<Tensor<2>> {
        let mut groups = Vec::new();
        for (row, one) in rows.iter().enumerate() {
            for (group, pair) in one.groups.iter().enumerate() {
                let what = || format!("markers of group {group} of row {row}");
                same_size(what(), pair.markers.len(), 4)?;
                groups.push((row, group));
            }
        }
        let used: &[usize] = match self.feature {
            LevitatedPairFeature::Starts => &[0, 2],
            LevitatedPairFeature::All => &[0, 1, 2, 3],
        };
        let mut parts = Vec::with_capacity(used.len());
        for &marker in used {
            let places: Vec<_> = groups
                .iter()
                .map(|&(row, group)| (row, group, marker))
                .collect();
            parts.push(states.markers_at(&places)?);
        }
        let mut feature = Tensor::cat(parts, 1);
        if let Some(norm) = &self.norm {
            feature = norm.forward(feature);
        }
        Ok(score(&self.classifier, feature, dropout, self.dropout))
    }
}
