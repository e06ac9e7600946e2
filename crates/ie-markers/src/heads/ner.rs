//! Entity classes of spans with levitated markers.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::check::same_size;
use plm_core::checkpoint::KeyRule;
use plm_core::config::EncoderConfig;
use plm_core::nn::{DropoutContext, apply, zero_linear};
use serde::{Deserialize, Serialize};

use super::bilinear::BilinearScore;
use super::head::{FEATURE_SITE, Head, HeadConfig, check_classes, check_dropout, drop_features};
use crate::encode::MarkerStates;
use crate::layout::MarkerRow;
use crate::{Error, Result};

/// What stands for a span.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NerFeature {
    /// The states of start marker, end marker, first and last token (PL-Marker, section 3.2).
    #[default]
    PlMarker,
    /// The states of start marker and end marker only (SpanMarker).
    Levitated,
}

/// The settings of a [`NerHead`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NerHeadConfig {
    /// Entity classes, the one for no entity included.
    pub classes: usize,
    /// What stands for a span.
    pub feature: NerFeature,
    /// Whether a bilinear score of start and end is added.
    pub bilinear: bool,
    /// Whether dropout acts once on every state instead of on every span's feature.
    pub one_dropout: bool,
    /// Dropout probability.
    pub dropout: f64,
}

impl NerHeadConfig {
    /// PL-Marker's head: four states, no bilinear score, dropout 0.1 once on every state.
    pub fn new(classes: usize) -> Self {
        Self {
            classes,
            feature: NerFeature::PlMarker,
            bilinear: false,
            one_dropout: true,
            dropout: 0.1,
        }
    }
}

impl HeadConfig for NerHeadConfig {
    fn check(&self) -> Result<()> {
        if self.bilinear && self.feature == NerFeature::Levitated {
            return Err(Error::Setting {
                name: "bilinear",
                value: "true".to_owned(),
                limit: "needs the feature `pl_marker`, whose token states it multiplies",
            });
        }
        check_classes("classes", self.classes)?;
        check_dropout(self.dropout)
    }
}

/// One linear map from a span's states to entity classes.
#[derive(Module, Debug)]
pub struct NerHead {
    /// To the classes.
    pub classifier: Linear,
    /// The bilinear score that is added.
    pub bilinear: Option<BilinearScore>,
    /// What stands for a span.
    #[module(skip)]
    pub feature: NerFeature,
    /// Whether dropout acts once on every state.
    #[module(skip)]
    pub one_dropout: bool,
    /// Dropout probability.
    #[module(skip)]
    pub dropout: f64,
}

impl Head for NerHead {
    type Config = NerHeadConfig;

    const NAME: &'static str = "ForSpanMarkerNER";
    const KEYS: &'static [&'static [KeyRule<'static>]] = &[&[
        KeyRule::linear("ner_classifier", "head.classifier"),
        KeyRule::linear("ner_reduce", "head.bilinear.reduce"),
        KeyRule::linear("ner_bilinear", "head.bilinear.product"),
    ]];

    fn new(config: &NerHeadConfig, encoder: &EncoderConfig, device: &Device) -> Self {
        let width = encoder.hidden_size;
        let states = match config.feature {
            NerFeature::PlMarker => 4,
            NerFeature::Levitated => 2,
        };
        let bilinear = || BilinearScore::new(width, config.classes, device);
        Self {
            classifier: zero_linear(states * width, config.classes, true, device),
            bilinear: config.bilinear.then(bilinear),
            feature: config.feature,
            one_dropout: config.one_dropout,
            dropout: config.dropout,
        }
    }
}

impl NerHead {
    /// The class scores of every group of `rows`, row after row. A group is the start and the end
    /// marker of a span, at its first and last token.
    ///
    /// # Shapes
    /// - result: `[spans, classes]`
    ///
    /// # Errors
    /// [`Error::Size`] for a group of another size, [`Error::Empty`] without groups.
    pub fn forward(
        &self,
        states: MarkerStates,
        rows: &[&MarkerRow],
        dropout: &DropoutContext,
    ) -> Result<Tensor<2>> {
        let (mut markers, mut tokens) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
        for (row, one) in rows.iter().enumerate() {
            for (group, span) in one.groups.iter().enumerate() {
                let what = || format!("markers of group {group} of row {row}");
                same_size(what(), span.markers.len(), 2)?;
                for (end, marker) in span.markers.iter().enumerate() {
                    markers[end].push((row, group, end));
                    tokens[end].push((row, marker.position));
                }
            }
        }
        let states = if self.one_dropout {
            states.dropped(FEATURE_SITE, self.dropout)
        } else {
            states
        };
        let mut parts = Vec::with_capacity(4);
        for places in &markers {
            parts.push(states.markers_at(places)?);
        }
        if self.feature == NerFeature::PlMarker {
            for places in &tokens {
                parts.push(states.text_at(places)?);
            }
        }
        let width = parts[0].dims()[1];
        let mut feature = Tensor::cat(parts, 1);
        if !self.one_dropout {
            feature = drop_features(feature, dropout, self.dropout);
        }
        let scores = apply(&self.classifier, feature.clone());
        let Some(bilinear) = &self.bilinear else {
            return Ok(scores);
        };
        let part = |index: usize| feature.clone().narrow(1, index * width, width);
        let side = |end: usize| Tensor::cat(vec![part(end), part(2 + end)], 1);
        Ok(scores + bilinear.forward(side(0), side(1)))
    }
}
