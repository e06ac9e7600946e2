//! The first stage: entities.

use std::path::Path;

use burn::tensor::Device;
use plm_core::check::same_size;
use plm_core::models::{EncoderModel, Pretrained};
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::entity_reader::Reader;
use super::markers::{headed_with_markers, marker_ids};
use super::read::check_length;
use super::report::{DataReport, StageReport};
use super::settings::stage_encoder;
use super::stage_file::{STAGE_FILE, read, save};
use super::{Computation, EntityModel, EntitySettings, Proposals};
use crate::Result;
use crate::data::Document;
use crate::heads::Head;
use crate::labels::LabelSet;
use crate::markers::MarkerInit;
use crate::metrics::entity_scores;
use crate::model::{Headed, MarkerNer, RowClassifier};
use crate::train::{FitSettings, Labeled, fit};
use crate::window::TruncationReport;

/// What is saved beside the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    pub(super) labels: LabelSet,
    pub(super) settings: EntitySettings,
    markers: Vec<String>,
}

/// An entity model with its labels, settings and markers: from documents to entities.
#[derive(Debug, Clone)]
pub struct EntityStage<M = MarkerNer> {
    model: Pretrained<M>,
    plan: Plan,
    ids: Vec<u32>,
}

impl<H: Head> EntityStage<Headed<H>>
where
    Headed<H>: EntityModel,
{
    /// Puts a new head on `base`, and markers that begin as `init` says; a model without markers needs
    /// none. [`published_entity_init`](crate::markers::published_entity_init) is PL-Marker's.
    ///
    /// # Errors
    /// As [`Self::new`] and [`initialize_markers`](crate::model::initialize_markers).
    pub fn create(
        base: Pretrained<EncoderModel>,
        head: &H::Config,
        labels: LabelSet,
        settings: EntitySettings,
        init: &[MarkerInit],
        seed: Seed,
    ) -> Result<Self> {
        let count = Headed::<H>::MARKERS;
        let (model, markers) = headed_with_markers(base, head, count, init, seed)?;
        Self::new(model, labels, settings, markers)
    }

    /// Takes a model whose marker tokens are `markers`.
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) where the head has not the classes of the labels or there
    /// are more or fewer markers than [`EntityModel::MARKERS`], [`Error::Marker`](crate::Error::Marker)
    /// for a token that the vocabulary does not have, [`Error::Setting`](crate::Error::Setting) for a
    /// setting out of its limits.
    pub fn new(
        model: Pretrained<Headed<H>>,
        labels: LabelSet,
        settings: EntitySettings,
        markers: Vec<String>,
    ) -> Result<Self> {
        settings.check()?;
        check_length(&settings.window, &model.model.encoder.config)?;
        let classes = Headed::<H>::head_classes(&labels);
        same_size("classes of the entity head", model.model.classes(), classes)?;
        let ids = marker_ids(model.tokenizer()?, &markers, Headed::<H>::MARKERS)?;
        let plan = Plan {
            labels,
            settings,
            markers,
        };
        Ok(Self { model, plan, ids })
    }

    /// Reads what [`Self::save`] wrote.
    ///
    /// # Errors
    /// As [`Self::new`] and [`Pretrained::load`].
    pub fn load(dir: impl AsRef<Path>, device: &Device) -> Result<Self> {
        let dir = dir.as_ref();
        let plan: Plan = read(&dir.join(STAGE_FILE))?;
        let model = Pretrained::load(dir, device)?;
        Self::new(model, plan.labels, plan.settings, plan.markers)
    }
}

impl<M: EntityModel> EntityStage<M> {
    /// The model.
    pub fn model(&self) -> &Pretrained<M> {
        &self.model
    }

    /// The entity types.
    pub fn labels(&self) -> &LabelSet {
        &self.plan.labels
    }

    /// The marker tokens.
    pub fn markers(&self) -> &[String] {
        &self.plan.markers
    }

    /// The settings.
    pub fn settings(&self) -> &EntitySettings {
        &self.plan.settings
    }

    /// Writes a Hugging Face directory with `extraction.json` for labels, settings and marker tokens.
    ///
    /// # Errors
    /// As [`Pretrained::save`].
    pub fn save(&self, dir: impl AsRef<Path>) -> Result<()> {
        save(dir.as_ref(), &self.model, &self.plan)
    }

    /// The training examples of the gold entities of `documents`. With [`Candidates::Proposed`] they ask about
    /// the predicted entities of the documents, and the report counts the gold ones that were not proposed.
    ///
    /// [`Candidates::Proposed`]: super::Candidates::Proposed
    ///
    /// # Errors
    /// [`plm_core::Error::Invalid`] for an unknown type, [`Error::Empty`](crate::Error::Empty) for a document
    /// without the proposals that are wanted; those of the tokenizer.
    pub fn examples(&self, documents: &[Document]) -> Result<(Vec<Labeled<M::Row>>, DataReport)> {
        let reader = Reader::of(&self.plan, &self.ids, self.model.tokenizer()?);
        reader.examples::<M>(documents)
    }

    /// Trains on the gold entities of `documents`. With `dev` the model with the best F1 there is
    /// returned, without it the last one.
    ///
    /// # Errors
    /// As [`Self::examples`] and [`fit`]; [`Error::Setting`](crate::Error::Setting) for a mask that is not
    /// that of the stage's settings.
    pub fn train(
        self,
        documents: &[Document],
        dev: Option<&[Document]>,
        settings: &FitSettings,
        computation: &Computation,
    ) -> Result<(Self, StageReport)> {
        let settings = FitSettings {
            encoder: stage_encoder(self.plan.settings.ablation, settings.encoder)?,
            ..settings.clone()
        };
        let (examples, data) = self.examples(documents)?;
        let Self { model, plan, ids } = self;
        let reader = Reader::of(&plan, &ids, model.tokenizer()?);
        let mut score = |model: &M| {
            let dev = dev.unwrap_or_default();
            let mut predicted = dev.to_vec();
            reader.predict(model, &mut predicted, computation)?;
            Ok(entity_scores(dev, &predicted)?.micro.scores.f1)
        };
        let start = model.model.clone();
        let (trained, run) = match dev {
            Some(_) => fit(start, &examples, &settings, Some(&mut score), None)?,
            None => fit(start, &examples, &settings, None, None)?,
        };
        let model = Pretrained {
            model: trained,
            ..model
        };
        Ok((Self { model, plan, ids }, StageReport { data, run }))
    }

    /// Replaces the predicted entities of `documents`, and says which spans it could not look at.
    /// Predicted relations are dropped: they were of other entities.
    ///
    /// # Errors
    /// Those of the tokenizer and of [`predict`](crate::model::predict);
    /// [`Error::Setting`](crate::Error::Setting) for no documents at a time and for a mask that is not that
    /// of the stage's settings; [`Error::Empty`](crate::Error::Empty) for a document without the proposals
    /// that are wanted.
    pub fn predict(
        &self,
        documents: &mut [Document],
        computation: &Computation,
    ) -> Result<TruncationReport> {
        let reader = Reader::of(&self.plan, &self.ids, self.model.tokenizer()?);
        reader.predict(&self.model.model, documents, computation)
    }

    /// Replaces the predicted entities of `documents` by spans for a stage with [`Candidates::Proposed`] to
    /// decide on, and says which spans it could not look at: the most probable entities, each with the type
    /// that is the most probable and the probability that it is an entity at all. They may overlap; the
    /// threshold of the stage's settings says nothing about them. Of a tagger they are those of
    /// [`tag_candidates`](crate::decode::tag_candidates). Predicted relations are dropped.
    ///
    /// [`Candidates::Proposed`]: super::Candidates::Proposed
    ///
    /// # Errors
    /// As [`Self::predict`], and [`Error::Setting`](crate::Error::Setting) for `proposals` out of their
    /// limits.
    pub fn propose(
        &self,
        documents: &mut [Document],
        proposals: &Proposals,
        computation: &Computation,
    ) -> Result<TruncationReport> {
        let reader = Reader::of(&self.plan, &self.ids, self.model.tokenizer()?);
        reader.propose(&self.model.model, documents, proposals, computation)
    }
}
