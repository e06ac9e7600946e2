//! The ways to find relations.

use std::time::Instant;

use anyhow::Result;
use plm_core::rng::Seed;
use plm_ie_markers::data::{Document, Source};
use plm_ie_markers::heads::{
    LevitatedPairConfig, LevitatedPairFeature, RelationHeadConfig, SolidPairConfig, TokenPairConfig,
};
use plm_ie_markers::markers::published_relation_init;
use plm_ie_markers::metrics::{Evaluation, SymmetricCounting, evaluate};
use plm_ie_markers::model::{
    LevitatedPairRelations, MarkerRelations, SolidPairRelations, TokenPairRelations,
};
use plm_ie_markers::pipeline::{RelationModel, RelationSettings, RelationStage};
use plm_ie_markers::window::TruncationReport;

use super::lab::{Lab, Part, count};
use super::losses::Losses;
use super::study::{Problem, listed};

/// Which ways know the types of entities.
pub(super) const TYPES_NOTE: &str = "`typed_markers`, solid pairs and `levitated_pair` get the type of each entity with its markers, which \
     is the gold type where entities are gold; `plmarker` and `token_concat` get spans only, so that \
     `typed_markers` is the one to compare with `solid_pair`. `levitated_pair` learns from one pair a row and \
     packs them in prediction, as PURE does. All ways learn inverse classes, read both directions of a pair \
     together and drop relations that overlap better ones, as PL-Marker does; `solid_pair_plain` alone decides \
     each direction by itself and drops none, as PURE does.";

/// Tokens of a row of levitated pairs in prediction, and of its text: PURE's.
const PURE_ROW: [usize; 2] = [250, 100];

/// A model of relations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// A subject between solid markers, objects with levitated ones, an auxiliary head for types.
    PlMarker,
    /// The same without the auxiliary head.
    NoEntityHead,
    /// The first with markers for each type: it knows the types as the ways of PURE do.
    TypedMarkers,
    /// Both ends between solid markers of their types: PURE's full model, with PL-Marker's inverse classes.
    SolidPair,
    /// The same as PURE has it: each direction by itself, and nothing is suppressed.
    SolidPairPlain,
    /// Four levitated markers of types, the start markers' states: PURE's approximation.
    LevitatedPair,
    /// Four levitated markers, all states.
    LevitatedStates,
    /// First and last tokens of both ends, without markers.
    TokenConcat,
}

impl Way {
    pub(super) const ALL: [Self; 8] = [
        Self::PlMarker,
        Self::NoEntityHead,
        Self::TypedMarkers,
        Self::SolidPair,
        Self::SolidPairPlain,
        Self::LevitatedPair,
        Self::LevitatedStates,
        Self::TokenConcat,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PlMarker => "plmarker",
            Self::NoEntityHead => "no_entity_head",
            Self::TypedMarkers => "typed_markers",
            Self::SolidPair => "solid_pair",
            Self::SolidPairPlain => "solid_pair_plain",
            Self::LevitatedPair => "levitated_pair",
            Self::LevitatedStates => "levitated_states",
            Self::TokenConcat => "token_concat",
        }
    }

    /// The ways that `names` lists, with commas between them.
    pub(super) fn list(names: &str) -> Result<Vec<Self>> {
        listed(names, &Self::ALL, Self::name, "find relations")
    }
}

/// What a model of relations did.
pub(super) struct Found {
    /// The test documents with its relations between the entities that were found.
    pub(super) predicted: Vec<Document>,
    /// F1 between gold entities.
    pub(super) gold: f64,
    /// F1 between the entities that were found.
    pub(super) whole: f64,
    /// The same, where the types of both ends must be right.
    pub(super) typed: f64,
    /// The last two where symmetric relations count once.
    pub(super) once: [f64; 2],
    /// Test sentences a second between gold entities, tokenization and decoding included.
    pub(super) speed: f64,
    /// Seconds of training.
    pub(super) seconds: f64,
    /// What it does not see.
    pub(super) losses: Losses,
}

/// Trains and tries a model. `entities` are the test documents with the entities that were found.
pub(super) fn run(
    lab: &Lab,
    way: Way,
    problem: &Problem,
    entities: &[Document],
    seed: Seed,
) -> Result<Found> {
    let plain = way == Way::SolidPairPlain;
    let (labels, space) = (problem.labels.clone(), problem.space.clone());
    let space = match plain {
        true => space.without_inverses(),
        false => space,
    };
    let base = lab.base();
    let init = published_relation_init();
    let untyped = [
        Way::PlMarker,
        Way::NoEntityHead,
        Way::LevitatedStates,
        Way::TokenConcat,
    ];
    let settings = RelationSettings {
        typed_markers: !untyped.contains(&way),
        suppress: !plain,
        ..lab.relations.clone()
    };
    match way {
        Way::PlMarker | Way::NoEntityHead | Way::TypedMarkers => {
            let mut head = RelationHeadConfig::new(space.classes(), labels.classes());
            if way == Way::NoEntityHead {
                head.entities = None;
            }
            let stage: RelationStage<MarkerRelations> =
                RelationStage::create(base, &head, labels, space, settings, &init, seed)?;
            tried(lab, stage, problem, entities, seed)
        }
        Way::SolidPair | Way::SolidPairPlain => {
            let head = SolidPairConfig::new(space.classes());
            let stage: RelationStage<SolidPairRelations> =
                RelationStage::create(base, &head, labels, space, settings, &init, seed)?;
            tried(lab, stage, problem, entities, seed)
        }
        Way::LevitatedPair | Way::LevitatedStates => {
            let head = LevitatedPairConfig {
                feature: match way {
                    Way::LevitatedPair => LevitatedPairFeature::Starts,
                    _ => LevitatedPairFeature::All,
                },
                ..LevitatedPairConfig::new(space.classes())
            };
            let settings = match way {
                Way::LevitatedPair => one_pair_a_row(settings),
                _ => settings,
            };
            let stage: RelationStage<LevitatedPairRelations> =
                RelationStage::create(base, &head, labels, space, settings, &init, seed)?;
            tried(lab, stage, problem, entities, seed)
        }
        Way::TokenConcat => {
            let head = TokenPairConfig::new(space.classes());
            // A pair costs four rows of a table, so that a sentence's pairs all fit in a row.
            let settings = RelationSettings {
                limit: usize::MAX,
                ..settings
            };
            let stage: RelationStage<TokenPairRelations> =
                RelationStage::create(base, &head, labels, space, settings, &init, seed)?;
            tried(lab, stage, problem, entities, seed)
        }
    }
}

/// PURE's rows of levitated pairs: one pair in training, in prediction what fits. Windows that are larger than
/// PURE's have as much room for markers.
fn one_pair_a_row(settings: RelationSettings) -> RelationSettings {
    let [row, text] = PURE_ROW;
    let room = row - text;
    RelationSettings {
        training_limit: Some(1),
        budget: Some(row.max(settings.window.max_length + room)),
        ..settings
    }
}

fn tried<M: RelationModel>(
    lab: &Lab,
    stage: RelationStage<M>,
    problem: &Problem,
    entities: &[Document],
    seed: Seed,
) -> Result<Found> {
    let (examples, _) = stage.examples(&problem.train)?;
    let fit = lab.fit(Part::Relations, examples.len(), &problem.train, seed);
    let (stage, report) = stage.train(&problem.train, None, &fit, &lab.computation)?;
    let (_, test) = stage.examples(&problem.test)?;
    let losses = Losses {
        train: report.data,
        test,
        predictions: Vec::new(),
    };
    let seconds = report.run.seconds;
    judged(problem, entities, losses, seconds, |documents, source| {
        Ok(stage.predict(documents, source, &lab.computation)?)
    })
}

fn judged(
    problem: &Problem,
    entities: &[Document],
    mut losses: Losses,
    seconds: f64,
    predict: impl Fn(&mut [Document], Source) -> Result<TruncationReport>,
) -> Result<Found> {
    let scores = |predicted: &[Document], counting| -> Result<Evaluation> {
        Ok(evaluate(
            &problem.test,
            predicted,
            &problem.space,
            counting,
        )?)
    };
    let mut between_gold = problem.test.clone();
    let clock = Instant::now();
    let cut = predict(&mut between_gold, Source::Gold)?;
    let speed = count(&problem.test) as f64 / clock.elapsed().as_secs_f64();
    let mut predicted = entities.to_vec();
    losses.predictions.push(("pairs of gold entities", cut));
    let cut = predict(&mut predicted, Source::Predicted)?;
    losses.predictions.push(("pairs of found entities", cut));
    let whole = scores(&predicted, SymmetricCounting::Double)?;
    let once = scores(&predicted, SymmetricCounting::Once)?;
    let between_gold = scores(&between_gold, SymmetricCounting::Double)?;
    Ok(Found {
        predicted,
        gold: between_gold.relations.micro.scores.f1,
        whole: whole.relations.micro.scores.f1,
        typed: whole.typed_relations.micro.scores.f1,
        once: [once.relations, once.typed_relations].map(|one| one.micro.scores.f1),
        speed,
        seconds,
        losses,
    })
}
