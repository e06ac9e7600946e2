//! The second stage: relations of the entities that the first has found.

use std::path::Path;

use burn::tensor::Device;
use plm_core::check::same_size;
use plm_core::models::{EncoderModel, Pretrained};
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::markers::{headed_with_markers, marker_ids, pair_marker_count, pair_markers};
use super::read::check_length;
use super::relation_reader::Reader;
use super::report::{DataReport, StageReport};
use super::settings::stage_encoder;
use super::stage_file::{STAGE_FILE, read, save};
use super::{Computation, EndTypes, RelationModel, RelationSettings};
use crate::data::{Document, Source};
use crate::heads::Head;
use crate::labels::{LabelSet, RelationSpace};
use crate::markers::MarkerInit;
use crate::metrics::{SymmetricCounting, evaluate};
use crate::model::{Headed, MarkerRelations};
use crate::pack::PairMarkers;
use crate::train::{FitSettings, Learner, fit};
use crate::window::TruncationReport;
use crate::{Error, Result};

/// What is saved beside the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    pub(super) labels: LabelSet,
    pub(super) relations: RelationSpace,
    pub(super) settings: RelationSettings,
    markers: Vec<String>,
}

/// A relation model with its labels, settings and markers: from documents with entities to relations.
#[derive(Debug, Clone)]
pub struct RelationStage<M = MarkerRelations> {
    model: Pretrained<M>,
    plan: Plan,
    markers: PairMarkers,
}

/// The entities of a development set between which relations are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Development<'d> {
    /// The documents.
    pub documents: &'d [Document],
    /// Which entities. PL-Marker selects on gold ones, whatever the entity model finds.
    pub entities: Source,
    /// How symmetric relations count in F1.
    pub counting: SymmetricCounting,
}

impl<H: Head> RelationStage<Headed<H>>
where
    Headed<H>: RelationModel,
{
    /// Puts a new head on `base`, and markers that begin as `init` says.
    /// [`published_relation_init`](crate::markers::published_relation_init) is PL-Marker's.
    ///
    /// # Errors
    /// As [`Self::new`] and [`initialize_markers`](crate::model::initialize_markers).
    pub fn create(
        base: Pretrained<EncoderModel>,
        head: &H::Config,
        labels: LabelSet,
        relations: RelationSpace,
        settings: RelationSettings,
        init: &[MarkerInit],
        seed: Seed,
    ) -> Result<Self> {
        let count = pair_marker_count(labels.types().len(), settings.typed_markers);
        let (model, markers) = headed_with_markers(base, head, count, init, seed)?;
        Self::new(model, labels, relations, settings, markers)
    }

    /// Takes a model whose marker tokens are `markers`: `[S]`, `[/S]`, `[O]`, `[/O]`, and for typed
    /// markers the same of each type of `labels`, in order.
    ///
    /// # Errors
    /// [`Error::Size`] where the heads have not the classes of the labels or there are more or fewer
    /// markers, [`Error::Marker`] for a token that the vocabulary does not have, [`Error::Setting`] for
    /// a setting out of its limits and for end types of an auxiliary head that the model lacks.
    pub fn new(
        model: Pretrained<Headed<H>>,
        labels: LabelSet,
        relations: RelationSpace,
        mut settings: RelationSettings,
        markers: Vec<String>,
    ) -> Result<Self> {
        settings.window.solid_markers = Headed::<H>::SOLID_MARKERS;
        settings.check()?;
        check_length(&settings.window, &model.model.encoder.config)?;
        let classes = model.model.relation_classes();
        same_size("classes of the relation head", classes, relations.classes())?;
        match model.model.entity_classes() {
            Some(found) => same_size("classes of the auxiliary head", found, labels.classes())?,
            None if settings.end_types == EndTypes::Auxiliary => {
                return Err(Error::Setting {
                    name: "end_types",
                    value: "auxiliary".to_owned(),
                    limit: "needs a model with an auxiliary entity head",
                });
            }
            None => {}
        }
        let count = pair_marker_count(labels.types().len(), settings.typed_markers);
        let ids = marker_ids(model.tokenizer()?, &markers, count)?;
        let plan = Plan {
            labels,
            relations,
            settings,
            markers,
        };
        let markers = pair_markers(&ids)?;
        Ok(Self {
            model,
            plan,
            markers,
        })
    }

    /// Reads what [`Self::save`] wrote.
    ///
    /// # Errors
    /// As [`Self::new`] and [`Pretrained::load`].
    pub fn load(dir: impl AsRef<Path>, device: &Device) -> Result<Self> {
        let dir = dir.as_ref();
        let plan: Plan = read(&dir.join(STAGE_FILE))?;
        let model = Pretrained::load(dir, device)?;
        let Plan {
            labels,
            relations,
            settings,
            markers,
        } = plan;
        Self::new(model, labels, relations, settings, markers)
    }
}

impl<M: RelationModel> RelationStage<M> {
    /// The model.
    pub fn model(&self) -> &Pretrained<M> {
        &self.model
    }

    /// The entity types.
    pub fn labels(&self) -> &LabelSet {
        &self.plan.labels
    }

    /// The relations.
    pub fn relations(&self) -> &RelationSpace {
        &self.plan.relations
    }

    /// The marker tokens.
    pub fn markers(&self) -> &[String] {
        &self.plan.markers
    }

    /// The settings.
    pub fn settings(&self) -> &RelationSettings {
        &self.plan.settings
    }

    /// Writes a Hugging Face directory with `extraction.json` for labels, settings and marker tokens.
    ///
    /// # Errors
    /// As [`Pretrained::save`].
    pub fn save(&self, dir: impl AsRef<Path>) -> Result<()> {
        save(dir.as_ref(), &self.model, &self.plan)
    }

    fn reader(&self) -> Result<Reader<'_>> {
        Ok(Reader {
            plan: &self.plan,
            markers: &self.markers,
            tokenizer: self.model.tokenizer()?,
        })
    }

    /// The training examples of the gold entities and relations of `documents`: every ordered pair of
    /// entities of a sentence that a window holds, without relation where it has none. A pair in
    /// several windows of a long sentence is in the examples of each.
    ///
    /// # Errors
    /// [`plm_core::Error::Invalid`] for an unknown type or relation; those of the tokenizer.
    pub fn examples(
        &self,
        documents: &[Document],
    ) -> Result<(Vec<<M as Learner>::Example>, DataReport)> {
        self.reader()?.examples(&self.model.model, documents)
    }

    /// Trains on the gold entities and relations of `documents`. With `dev` the model with the best F1
    /// of relations and the types of their ends (Rel+) there is returned, without it the last one. On
    /// gold entities with given types that is the F1 of relations.
    ///
    /// # Errors
    /// As [`Self::examples`] and [`fit`]; [`Error::Setting`] for a mask that is not that of the stage's
    /// settings.
    pub fn train(
        self,
        documents: &[Document],
        dev: Option<Development<'_>>,
        settings: &FitSettings,
        computation: &Computation,
    ) -> Result<(Self, StageReport)> {
        let settings = FitSettings {
            encoder: stage_encoder(self.plan.settings.ablation, settings.encoder)?,
            ..settings.clone()
        };
        let (examples, data) = self.examples(documents)?;
        let start = self.model.model.clone();
        let (trained, run) = match dev {
            None => fit(start, &examples, &settings, None, None)?,
            Some(dev) => {
                let reader = self.reader()?;
                let mut score = |model: &M| {
                    let mut predicted = dev.documents.to_vec();
                    reader.predict(model, &mut predicted, dev.entities, computation)?;
                    let space = &self.plan.relations;
                    let scores = evaluate(dev.documents, &predicted, space, dev.counting)?;
                    Ok(scores.typed_relations.micro.scores.f1)
                };
                fit(start, &examples, &settings, Some(&mut score), None)?
            }
        };
        let mut stage = self;
        stage.model.model = trained;
        Ok((stage, StageReport { data, run }))
    }

    /// Replaces the predicted relations of `documents` by those between their `entities`, and says
    /// which pairs it could not look at. Where entities share their words, the first counts.
    ///
    /// # Errors
    /// [`plm_core::Error::Invalid`] for a type that typed markers do not know; those of the tokenizer
    /// and of the model; [`Error::Setting`] for no documents at a time and for a mask that is not that of the
    /// stage's settings.
    pub fn predict(
        &self,
        documents: &mut [Document],
        entities: Source,
        computation: &Computation,
    ) -> Result<TruncationReport> {
        let model = &self.model.model;
        self.reader()?
            .predict(model, documents, entities, computation)
    }
}
