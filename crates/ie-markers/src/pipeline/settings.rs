//! How models read documents.

use plm_core::text::BatchBy;
use serde::{Deserialize, Serialize};

use super::Purpose;
use crate::decode::Overlaps;
use crate::encode::{MarkerEncoder, MaskAblation};
use crate::error::at_least_one;
use crate::pack::Packing;
use crate::subwords::EmptyWords;
use crate::window::WindowSettings;
use crate::{Error, Result};

/// Which spans an entity model is asked about. A tagger is asked about words in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Candidates {
    /// All of a sentence, up to a width.
    #[default]
    All,
    /// Of these the predicted entities that the documents come with, in training and prediction: what a
    /// cheaper model proposed ([`EntityStage::propose`](super::EntityStage::propose)).
    Proposed,
}

/// Which spans are proposed to another model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proposals {
    /// The least probability that a span is an entity, of whatever type.
    pub threshold: f64,
    /// Spans of a sentence at most: the most probable ones.
    pub limit: usize,
}

impl Default for Proposals {
    /// The 256 most probable spans of a sentence, however probable: what fits into a row of PL-Marker's
    /// scripts.
    fn default() -> Self {
        Self {
            threshold: 0.0,
            limit: 256,
        }
    }
}

impl Proposals {
    pub(super) fn check(&self) -> Result<()> {
        at_least_one("limit", self.limit)?;
        check_threshold(self.threshold)
    }
}

/// How an entity model reads documents; saved with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntitySettings {
    /// What of a document goes with a sentence.
    pub window: WindowSettings,
    /// Words of a candidate at most. A tagger finds longer ones, too.
    pub width: usize,
    /// Which spans of up to so many words are candidates.
    #[serde(default)]
    pub candidates: Candidates,
    /// Spans of a row at most (`max_pair_length` in PL-Marker's code).
    pub limit: usize,
    /// How spans are put into rows.
    pub packing: Packing,
    /// A mask that lets markers see more than PL-Marker's, in training and prediction; none for PL-Marker's.
    /// A span's states then depend on the spans of its row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ablation: Option<MaskAblation>,
    /// Which of the entities that are found may overlap.
    pub overlaps: Overlaps,
    /// The least probability of an entity.
    pub threshold: f64,
    /// What becomes of words of which the tokenizer makes nothing.
    pub empty_words: EmptyWords,
}

impl EntitySettings {
    /// PL-Marker's settings for nested entities: candidates of up to 8 words, 256 in a row, and of
    /// overlapping entities only those of different types. Windows have `max_length` tokens; those of a
    /// long sentence share up to a quarter.
    pub fn new(max_length: usize) -> Self {
        Self {
            window: WindowSettings::new(max_length).with_overlap(max_length / 4),
            width: 8,
            candidates: Candidates::All,
            limit: 256,
            packing: Packing::Natural,
            ablation: None,
            overlaps: Overlaps::OtherTypes,
            threshold: 0.0,
            empty_words: EmptyWords::Flag,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        at_least_one("width", self.width)?;
        at_least_one("limit", self.limit)?;
        check_threshold(self.threshold)?;
        self.window.room().map(|_| ())
    }
}

/// Where the types of a relation's ends come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndTypes {
    /// From the entities that were given (PL-Marker on SciERC).
    #[default]
    Given,
    /// From the auxiliary head of the relation model (PL-Marker on ACE); what it takes for no entity
    /// has no relations. Its log-probabilities are averaged over the subjects beside which an entity
    /// was an object, where PL-Marker's code takes those beside one subject.
    Auxiliary,
}

/// How a relation model reads documents; saved with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelationSettings {
    /// What of a document goes with a sentence. The room for solid markers is set by the model.
    pub window: WindowSettings,
    /// Objects of a row at most; pairs of a row for levitated and token pairs. 32 for ACE05, 40 for ACE04,
    /// 16 for SciERC in PL-Marker's scripts.
    pub limit: usize,
    /// The same in training, where it is another. PURE's approximation learns from one levitated pair a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_limit: Option<usize>,
    /// For levitated pairs in prediction: tokens of text and markers of a row, which holds as many pairs as
    /// fit ([`pairs_within`](crate::pack::pairs_within)), in place of `limit`. PURE's approximation has 250.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<usize>,
    /// Whether every entity type has markers of its own.
    pub typed_markers: bool,
    /// A mask that lets markers see more than PL-Marker's, in training and prediction; none for PL-Marker's.
    /// A pair's states then depend on the pairs of its row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ablation: Option<MaskAblation>,
    /// Where the types of a relation's ends come from.
    pub end_types: EndTypes,
    /// The least probability of a relation: the geometric mean of both directions.
    pub threshold: f64,
    /// Whether, of relations with one label whose subjects and objects overlap, only the best is kept.
    pub suppress: bool,
    /// What becomes of words of which the tokenizer makes nothing.
    pub empty_words: EmptyWords,
}

impl RelationSettings {
    /// PL-Marker's settings: 32 objects in a row, plain markers, suppression of overlapping relations.
    /// Windows have `max_length` tokens; those of a long sentence share up to a quarter.
    pub fn new(max_length: usize) -> Self {
        Self {
            window: WindowSettings::new(max_length).with_overlap(max_length / 4),
            limit: 32,
            training_limit: None,
            budget: None,
            typed_markers: false,
            ablation: None,
            end_types: EndTypes::Given,
            threshold: 0.0,
            suppress: true,
            empty_words: EmptyWords::Flag,
        }
    }

    /// Objects or pairs of a row at most.
    pub(super) fn limit_of(&self, purpose: Purpose) -> usize {
        match purpose {
            Purpose::Train => self.training_limit.unwrap_or(self.limit),
            Purpose::Predict => self.limit,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        at_least_one("limit", self.limit)?;
        at_least_one("training_limit", self.limit_of(Purpose::Train))?;
        at_least_one("budget", self.budget.unwrap_or(1))?;
        check_threshold(self.threshold)?;
        self.window.room().map(|_| ())
    }
}

fn check_threshold(threshold: f64) -> Result<()> {
    if (0.0..=1.0).contains(&threshold) {
        return Ok(());
    }
    Err(Error::Setting {
        name: "threshold",
        value: threshold.to_string(),
        limit: "must be in 0..=1",
    })
}

/// The encoder of a stage whose settings have `ablation`, where `asked` is what training or prediction
/// asks for.
///
/// # Errors
/// [`Error::Setting`] where it asks for a mask that is not the stage's: it would not be saved.
pub(super) fn stage_encoder(
    ablation: Option<MaskAblation>,
    asked: MarkerEncoder,
) -> Result<MarkerEncoder> {
    match (ablation.map(MarkerEncoder::Ablated), asked) {
        (Some(own), MarkerEncoder::Ablated(_)) if own == asked => Ok(own),
        (_, MarkerEncoder::Ablated(other)) => Err(Error::Setting {
            name: "encoder",
            value: format!("{other:?}"),
            limit: "must be no other mask than `ablation` in the settings of the stage, which is saved \
                    with it",
        }),
        (own, _) => Ok(own.unwrap_or(asked)),
    }
}

/// How predictions are computed; none of it changes what is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Computation {
    /// How levitated markers are encoded. A stage with an ablation takes its own mask instead, and one
    /// without refuses [`MarkerEncoder::Ablated`].
    pub encoder: MarkerEncoder,
    /// Size of a batch.
    pub batch: BatchBy,
    /// Documents that are held as rows at a time.
    pub documents: usize,
}

impl Default for Computation {
    /// Batches of 16 rows of up to 64 documents, each text once a batch.
    fn default() -> Self {
        Self {
            encoder: MarkerEncoder::Shared,
            batch: BatchBy::Count(16),
            documents: 64,
        }
    }
}

impl Computation {
    /// The same with the mask of a stage.
    ///
    /// # Errors
    /// As [`stage_encoder`].
    pub(super) fn of_stage(&self, ablation: Option<MaskAblation>) -> Result<Self> {
        Ok(Self {
            encoder: stage_encoder(ablation, self.encoder)?,
            ..*self
        })
    }
}
