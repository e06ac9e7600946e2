//! The ways to find entities.

use std::time::Instant;

use anyhow::Result;
use plm_core::rng::Seed;
use plm_ie_markers::data::Document;
use plm_ie_markers::heads::{NerFeature, NerHeadConfig, SpanConcatConfig, TaggerConfig};
use plm_ie_markers::markers::{MarkerInit, published_entity_init};
use plm_ie_markers::metrics::entity_scores;
use plm_ie_markers::model::{MarkerNer, SequenceTagger, SpanConcatNer};
use plm_ie_markers::pipeline::{EntityModel, EntitySettings, EntityStage};

use super::lab::{Lab, Part, count};
use super::losses::Losses;
use super::study::{Problem, listed};

/// A model of entities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// Markers and token states.
    PlMarker,
    /// Marker states alone, as SpanMarker.
    Levitated,
    /// Markers that begin as random numbers.
    RandomMarkers,
    /// First and last token, without markers.
    TokenConcat,
    /// Tags of words.
    Tagger,
}

impl Way {
    pub(super) const ALL: [Self; 5] = [
        Self::PlMarker,
        Self::Levitated,
        Self::RandomMarkers,
        Self::TokenConcat,
        Self::Tagger,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PlMarker => "plmarker",
            Self::Levitated => "levitated",
            Self::RandomMarkers => "random_markers",
            Self::TokenConcat => "token_concat",
            Self::Tagger => "tagger",
        }
    }

    /// The ways that `names` lists, with commas between them.
    pub(super) fn list(names: &str) -> Result<Vec<Self>> {
        listed(names, &Self::ALL, Self::name, "find entities")
    }
}

/// What a model of entities did.
pub(super) struct Found {
    /// The test documents with its entities.
    pub(super) predicted: Vec<Document>,
    pub(super) f1: f64,
    /// Test sentences a second, tokenization and decoding included.
    pub(super) speed: f64,
    /// Seconds of training.
    pub(super) seconds: f64,
    /// What it does not see.
    pub(super) losses: Losses,
}

/// Trains and tries a model.
pub(super) fn run(lab: &Lab, way: Way, problem: &Problem, seed: Seed) -> Result<Found> {
    let labels = problem.labels.clone();
    let (base, settings) = (lab.base(), lab.entities.clone());
    let classes = labels.classes();
    match way {
        Way::PlMarker | Way::Levitated | Way::RandomMarkers => {
            let feature = match way {
                Way::Levitated => NerFeature::Levitated,
                _ => NerFeature::PlMarker,
            };
            let head = NerHeadConfig {
                feature,
                ..NerHeadConfig::new(classes)
            };
            let init = match way {
                Way::RandomMarkers => [MarkerInit::Random, MarkerInit::Random],
                _ => published_entity_init(),
            };
            let stage: EntityStage<MarkerNer> =
                EntityStage::create(base, &head, labels, settings, &init, seed)?;
            tried(lab, stage, problem, seed)
        }
        Way::TokenConcat => {
            let head = SpanConcatConfig::new(classes);
            // A span costs two rows of a table, so that a window's spans all fit in a row.
            let settings = EntitySettings {
                limit: usize::MAX,
                ..settings
            };
            let stage: EntityStage<SpanConcatNer> =
                EntityStage::create(base, &head, labels, settings, &[], seed)?;
            tried(lab, stage, problem, seed)
        }
        Way::Tagger => {
            let head = TaggerConfig::new(SequenceTagger::head_classes(&labels));
            let stage: EntityStage<SequenceTagger> =
                EntityStage::create(base, &head, labels, settings, &[], seed)?;
            tried(lab, stage, problem, seed)
        }
    }
}

fn tried<M: EntityModel>(
    lab: &Lab,
    stage: EntityStage<M>,
    problem: &Problem,
    seed: Seed,
) -> Result<Found> {
    let (examples, _) = stage.examples(&problem.train)?;
    let fit = lab.fit(Part::Entities, examples.len(), &problem.train, seed);
    let (stage, report) = stage.train(&problem.train, None, &fit, &lab.computation)?;
    let (_, test) = stage.examples(&problem.test)?;
    let mut predicted = problem.test.clone();
    let clock = Instant::now();
    let cut = stage.predict(&mut predicted, &lab.computation)?;
    let seconds = clock.elapsed().as_secs_f64();
    Ok(Found {
        f1: entity_scores(&problem.test, &predicted)?.micro.scores.f1,
        predicted,
        speed: count(&problem.test) as f64 / seconds,
        seconds: report.run.seconds,
        losses: Losses {
            train: report.data,
            test,
            predictions: vec![("spans", cut)],
        },
    })
}
