//! The pre-trained encoder, and how models are trained on it and read documents.

use std::path::Path;

use anyhow::{Result, ensure};
use plm_core::models::{EncoderModel, Pretrained};
use plm_core::rng::Seed;
use plm_core::text::BatchBy;
use plm_ie_markers::data::Document;
use plm_ie_markers::encode::MarkerEncoder;
use plm_ie_markers::model::load_base;
use plm_ie_markers::pipeline::{Computation, EndTypes, EntitySettings, RelationSettings};
use plm_ie_markers::train::FitSettings;
use plm_ie_markers::window::WindowSettings;

use crate::repro::Context;

/// What a recipe has where no setting says otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defaults {
    /// Tokens of a window.
    pub(super) length: usize,
    /// Words of a candidate.
    pub(super) width: usize,
    /// Spans of a row.
    pub(super) limit: usize,
    /// Objects or pairs of a row.
    pub(super) objects: usize,
    /// Sentences of a step of models of entities and of relations, on average: a step takes the rows of so
    /// many, so that all models take as many steps of as many sentences.
    pub(super) sentences: [usize; 2],
    pub(super) epochs: u64,
    pub(super) lr: f64,
    /// Of the head; the encoder's where it is 0.
    pub(super) head_lr: f64,
    /// Epochs of models of relations, where no setting gives epochs.
    pub(super) relation_epochs: u64,
}

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Entities,
    Relations,
}

/// An encoder with a recipe.
#[derive(Debug, Clone)]
pub(super) struct Lab {
    base: Pretrained<EncoderModel>,
    pub(super) entities: EntitySettings,
    pub(super) relations: RelationSettings,
    sentences: [usize; 2],
    relation_epochs: u64,
    fit: FitSettings,
    pub(super) computation: Computation,
}

impl Lab {
    /// The encoder in `folder`.
    pub(super) fn load(context: &Context, folder: &Path, defaults: Defaults) -> Result<Self> {
        let settings = &context.settings;
        let device = plm_core::device::parse(&context.device)?;
        let base = load_base(folder, &device)?;
        let length: usize = settings.get("length", defaults.length)?;
        let window = WindowSettings::new(length).with_overlap(length / 4);
        let window = match settings.get("context", true)? {
            true => window,
            false => window.with_context(0),
        };
        let head_lr: f64 = settings.get("head_lr", defaults.head_lr)?;
        Ok(Self {
            base,
            entities: EntitySettings {
                window,
                width: settings.get("width", defaults.width)?,
                limit: settings.get("spans", defaults.limit)?,
                ..EntitySettings::new(length)
            },
            relations: RelationSettings {
                window,
                limit: settings.get("objects", defaults.objects)?,
                end_types: EndTypes::Given,
                ..RelationSettings::new(length)
            },
            sentences: [
                settings.get("batch", defaults.sentences[0])?,
                settings.get("relation_batch", defaults.sentences[1])?,
            ],
            relation_epochs: settings.get("relation_epochs", defaults.relation_epochs)?,
            fit: FitSettings {
                epochs: settings.get("epochs", defaults.epochs)?,
                lr: settings.get("lr", defaults.lr)?,
                head_lr: (head_lr > 0.0).then_some(head_lr),
                encoder: MarkerEncoder::Factorized,
                ..FitSettings::default()
            },
            computation: Computation {
                batch: BatchBy::Count(16),
                ..Computation::default()
            },
        })
    }

    /// The first `count` layers; all where it is 0.
    pub(super) fn with_layers(mut self, count: usize) -> Result<Self> {
        let there = self.layers();
        ensure!(count <= there, "layers={count}: the encoder has {there}");
        if count > 0 {
            let base = &mut self.base;
            base.model.layers.truncate(count);
            base.model.config.num_hidden_layers = count;
            base.config.set("num_hidden_layers", count);
        }
        Ok(self)
    }

    /// Layers of the encoder.
    pub(super) fn layers(&self) -> usize {
        self.base.model.layers.len()
    }

    /// The encoder.
    pub(super) fn base(&self) -> Pretrained<EncoderModel> {
        self.base.clone()
    }

    /// Epochs of models of entities and of relations.
    pub(super) fn epochs(&self) -> [u64; 2] {
        [self.fit.epochs, self.relation_epochs]
    }

    /// The training of a model of `part` that has `rows` training rows of the sentences of `train`.
    pub(super) fn fit(
        &self,
        part: Part,
        rows: usize,
        train: &[Document],
        seed: Seed,
    ) -> FitSettings {
        let (epochs, sentences) = match part {
            Part::Entities => (self.fit.epochs, self.sentences[0]),
            Part::Relations => (self.relation_epochs, self.sentences[1]),
        };
        let rows = (sentences * rows) as f64 / count(train).max(1) as f64;
        FitSettings {
            epochs,
            batch_size: (rows.round() as usize).max(1),
            seed: seed.child("fit"),
            ..self.fit.clone()
        }
    }
}

/// Sentences of `documents`.
pub(super) fn count(documents: &[Document]) -> usize {
    documents.iter().map(|one| one.sentences.len()).sum()
}
