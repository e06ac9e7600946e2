//! Relation classes of a subject between solid markers and objects with levitated ones.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Int, Tensor};
use plm_core::check::same_size;
use plm_core::checkpoint::KeyRule;
use plm_core::config::EncoderConfig;
use plm_core::nn::{DropoutContext, apply, zero_linear};
use serde::{Deserialize, Serialize};

use super::head::{FEATURE_SITE, Head, HeadConfig, check_classes, check_dropout, drop_features};
use crate::Result;
use crate::encode::MarkerStates;
use crate::layout::SubjectRow;

/// The settings of a [`RelationHead`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelationHeadConfig {
    /// Relation classes, the one for no relation and the inverse ones included.
    pub relations: usize,
    /// Entity classes of the auxiliary head on objects, the one for no entity included; no such head
    /// where absent.
    pub entities: Option<usize>,
    /// Whether dropout acts once on every state instead of on every feature.
    pub one_dropout: bool,
    /// Dropout probability.
    pub dropout: f64,
}

impl RelationHeadConfig {
    /// PL-Marker's head, with the auxiliary one; dropout 0.1 once on every state.
    pub fn new(relations: usize, entities: usize) -> Self {
        Self {
            relations,
            entities: Some(entities),
            one_dropout: true,
            dropout: 0.1,
        }
    }
}

impl HeadConfig for RelationHeadConfig {
    fn check(&self) -> Result<()> {
        check_classes("relations", self.relations)?;
        if let Some(entities) = self.entities {
            check_classes("entities", entities)?;
        }
        check_dropout(self.dropout)
    }
}

/// `W₁ [S; /S] + W₂ [O; /O]`: one linear map of four states, whose subject part is computed once a row
/// (PL-Marker, section 3.3). The auxiliary head gives each object an entity class.
#[derive(Module, Debug)]
pub struct RelationHead {
    /// `W₁`, `2 * hidden -> relations`, with the bias.
    pub subject: Linear,
    /// `W₂`, `2 * hidden -> relations`.
    pub object: Linear,
    /// The auxiliary head, `2 * hidden -> entities`.
    pub entity: Option<Linear>,
    /// Whether dropout acts once on every state.
    #[module(skip)]
    pub one_dropout: bool,
    /// Dropout probability.
    #[module(skip)]
    pub dropout: f64,
}

/// The scores of a batch's objects, row after row.
#[derive(Debug, Clone)]
pub struct RelationScores {
    /// `[objects, relations]`.
    pub relations: Tensor<2>,
    /// `[objects, entities]`, where the model has the auxiliary head.
    pub entities: Option<Tensor<2>>,
}

impl Head for RelationHead {
    type Config = RelationHeadConfig;

    const NAME: &'static str = "ForMarkerRelations";
    const KEYS: &'static [&'static [KeyRule<'static>]] = &[&[
        KeyRule::linear("re_classifier_m1", "head.subject"),
        KeyRule::linear("re_classifier_m2", "head.object"),
        KeyRule::linear("ner_classifier", "head.entity"),
    ]];

    fn new(config: &RelationHeadConfig, encoder: &EncoderConfig, device: &Device) -> Self {
        let width = 2 * encoder.hidden_size;
        let classes = config.relations;
        Self {
            subject: zero_linear(width, classes, true, device),
            object: zero_linear(width, classes, false, device),
            entity: config
                .entities
                .map(|entities| zero_linear(width, entities, true, device)),
            one_dropout: config.one_dropout,
            dropout: config.dropout,
        }
    }
}

impl RelationHead {
    /// The scores of every object of `rows`.
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) for a group that is no pair,
    /// [`Error::Place`](crate::Error::Place) for a solid marker outside of its text,
    /// [`Error::Empty`](crate::Error::Empty) without objects.
    pub fn forward(
        &self,
        states: MarkerStates,
        rows: &[&SubjectRow],
        dropout: &DropoutContext,
    ) -> Result<RelationScores> {
        let (mut starts, mut ends, mut row_of) = (Vec::new(), Vec::new(), Vec::new());
        for (row, one) in rows.iter().enumerate() {
            for (group, object) in one.row.groups.iter().enumerate() {
                let what = || format!("markers of group {group} of row {row}");
                same_size(what(), object.markers.len(), 2)?;
                starts.push((row, group, 0));
                ends.push((row, group, 1));
                row_of.push(row as i64);
            }
        }
        let solid = |end: usize| -> Vec<(usize, usize)> {
            let place = |(row, one): (usize, &&SubjectRow)| (row, one.subject[end]);
            rows.iter().enumerate().map(place).collect()
        };
        let states = if self.one_dropout {
            states.dropped(FEATURE_SITE, self.dropout)
        } else {
            states
        };
        let mut objects = Tensor::cat(
            vec![states.markers_at(&starts)?, states.markers_at(&ends)?],
            1,
        );
        let mut subjects = Tensor::cat(
            vec![states.text_at(&solid(0))?, states.text_at(&solid(1))?],
            1,
        );
        let row_of = Tensor::<1, Int>::from_data(row_of.as_slice(), &subjects.device());
        if !self.one_dropout {
            // On the feature of the pair: every pair has a mask of its own for the subject too.
            let width = subjects.dims()[1];
            let pairs = Tensor::cat(vec![subjects.select(0, row_of.clone()), objects], 1);
            let pairs = drop_features(pairs, dropout, self.dropout);
            subjects = pairs.clone().narrow(1, 0, width);
            objects = pairs.narrow(1, width, width);
        }
        let mut from_subject = apply(&self.subject, subjects);
        if self.one_dropout {
            from_subject = from_subject.select(0, row_of);
        }
        Ok(RelationScores {
            relations: from_subject + apply(&self.object, objects.clone()),
            entities: self.entity.as_ref().map(|entity| apply(entity, objects)),
        })
    }
}
