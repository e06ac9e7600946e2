//! What a relation model asks about a sentence.

use plm_core::models::PretrainedModel;

use super::{Computation, RelationSettings};
use crate::Result;
use crate::layout::{MarkerRow, PairRow, SubjectRow, TokenPairRow};
use crate::model::{
    LevitatedPairRelations, MarkerRelations, RelationPrediction, RowClassifier, SolidPairRelations,
    TokenPairRelations, predict, predict_relations,
};
use crate::pack::{
    Objects, PairMarkers, PairRows, SubjectPacking, TypedSpan, levitated_pair_rows, ordered_pairs,
    pairs_within, solid_pair_rows, subject_rows, token_pair_rows,
};
use crate::train::{Labeled, LabeledRelations, Learner};
use crate::window::{SentenceWindows, Window};

/// A target of a relation model: two entities, by their places in the sentence's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntityPair {
    /// The subject; none in rows without one, which teach the types of objects, and no relation.
    pub subject: Option<usize>,
    /// The object.
    pub object: usize,
}

/// A row of a relation model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationRow<R> {
    /// The window that it is made of, by its place in the sentence's.
    pub window: usize,
    /// The row.
    pub row: R,
    /// Its targets.
    pub pairs: Vec<EntityPair>,
}

/// What the rows are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Training: rows without a subject, which teach the types of objects, are among them, and rows may hold
    /// fewer pairs ([`RelationSettings::training_limit`]).
    Train,
    /// Prediction.
    Predict,
}

/// A model that finds the relations of the entities of a sentence.
pub trait RelationModel: Learner + PretrainedModel {
    /// What it takes.
    type Row;

    /// Solid markers in a row's text.
    const SOLID_MARKERS: usize;

    /// Number of relation classes.
    fn relation_classes(&self) -> usize;

    /// Number of entity classes of the auxiliary head, where there is one.
    fn entity_classes(&self) -> Option<usize>;

    /// The rows of a sentence with these entities. Every ordered pair is a target in each window that
    /// holds both, or only in the one that decides about it.
    ///
    /// # Errors
    /// As [`subject_rows`] and [`solid_pair_rows`].
    fn rows(
        &self,
        windows: &SentenceWindows,
        entities: &[TypedSpan],
        markers: &PairMarkers,
        settings: &RelationSettings,
        purpose: Purpose,
    ) -> Result<Vec<RelationRow<Self::Row>>>;

    /// A training example: the relation class of every target and the entity class of its object.
    fn example(row: Self::Row, relations: Vec<usize>, entities: Vec<usize>) -> Self::Example;

    /// The log-probabilities of every target of every row.
    ///
    /// # Errors
    /// As [`predict`].
    fn log_probabilities(
        &self,
        rows: &[Self::Row],
        computation: &Computation,
    ) -> Result<Vec<RelationPrediction>>;
}

impl RelationModel for MarkerRelations {
    type Row = SubjectRow;

    const SOLID_MARKERS: usize = 2;

    fn relation_classes(&self) -> usize {
        self.relations()
    }

    fn entity_classes(&self) -> Option<usize> {
        self.entities()
    }

    fn rows(
        &self,
        windows: &SentenceWindows,
        entities: &[TypedSpan],
        markers: &PairMarkers,
        settings: &RelationSettings,
        purpose: Purpose,
    ) -> Result<Vec<RelationRow<SubjectRow>>> {
        let typed = self.entities().is_some();
        let packing = SubjectPacking {
            limit: settings.limit_of(purpose),
            objects: match typed {
                true => Objects::WithSubject,
                false => Objects::WithoutSubject,
            },
            dummy: typed && purpose == Purpose::Train,
        };
        let mut rows = Vec::new();
        for (at, window) in windows.windows.iter().enumerate() {
            let (subject, object) = (&markers.subject, &markers.object);
            let own = subject_rows(window, entities, subject, object, &packing)?;
            rows.extend(own.rows.into_iter().map(|targets| {
                let subject = targets.subject;
                let objects = targets.objects.into_iter();
                RelationRow {
                    window: at,
                    row: targets.row,
                    pairs: objects
                        .map(|object| EntityPair { subject, object })
                        .collect(),
                }
            }));
        }
        Ok(rows)
    }

    fn example(row: SubjectRow, relations: Vec<usize>, entities: Vec<usize>) -> LabeledRelations {
        LabeledRelations {
            row,
            relations,
            entities,
        }
    }

    fn log_probabilities(
        &self,
        rows: &[SubjectRow],
        computation: &Computation,
    ) -> Result<Vec<RelationPrediction>> {
        predict_relations(self, rows, computation.encoder, computation.batch)
    }
}

/// The ordered pairs that each window decides about.
fn decided_pairs(windows: &SentenceWindows, entities: &[TypedSpan]) -> Vec<Vec<[usize; 2]>> {
    let mut pairs = vec![Vec::new(); windows.windows.len()];
    for pair in ordered_pairs(entities.len()) {
        let [subject, object] = pair.map(|entity| entities[entity].span);
        if let Some(window) = windows.pair_decider(subject, object) {
            pairs[window].push(pair);
        }
    }
    pairs
}

/// The rows that `pack` makes of the pairs which each window decides about.
fn pair_rows<R>(
    windows: &SentenceWindows,
    entities: &[TypedSpan],
    pack: impl Fn(&Window, &[[usize; 2]]) -> Result<PairRows<R>>,
) -> Result<Vec<RelationRow<R>>> {
    let mut rows = Vec::new();
    let decided = decided_pairs(windows, entities).into_iter();
    for (window, pairs) in decided.enumerate() {
        let pair = |&at: &usize| {
            let [subject, object] = pairs[at];
            let subject = Some(subject);
            EntityPair { subject, object }
        };
        let packed = pack(&windows.windows[window], &pairs)?;
        rows.extend(packed.rows.into_iter().map(|packed| RelationRow {
            window,
            pairs: packed.targets.iter().map(pair).collect(),
            row: packed.row,
        }));
    }
    Ok(rows)
}

/// A model that gives one class to every pair of a row: all but PL-Marker's.
pub(crate) trait PairClassifier: RowClassifier + PretrainedModel {
    /// See [`RelationModel::SOLID_MARKERS`].
    const SOLID_MARKERS: usize;

    /// Pairs of a row at most, beside a text of `text` tokens.
    fn limit(settings: &RelationSettings, purpose: Purpose, _text: usize) -> usize {
        settings.limit_of(purpose)
    }

    /// The rows of `pairs` in `window`.
    fn pack(
        window: &Window,
        entities: &[TypedSpan],
        pairs: &[[usize; 2]],
        markers: &PairMarkers,
        limit: usize,
    ) -> Result<PairRows<<Self as RowClassifier>::Row>>;
}

impl PairClassifier for SolidPairRelations {
    const SOLID_MARKERS: usize = 4;

    fn pack(
        window: &Window,
        entities: &[TypedSpan],
        pairs: &[[usize; 2]],
        markers: &PairMarkers,
        _limit: usize,
    ) -> Result<PairRows<PairRow>> {
        solid_pair_rows(window, entities, pairs, markers)
    }
}

impl PairClassifier for LevitatedPairRelations {
    const SOLID_MARKERS: usize = 0;

    fn limit(settings: &RelationSettings, purpose: Purpose, text: usize) -> usize {
        match (purpose, settings.budget) {
            (Purpose::Predict, Some(budget)) => pairs_within(budget, text),
            _ => settings.limit_of(purpose),
        }
    }

    fn pack(
        window: &Window,
        entities: &[TypedSpan],
        pairs: &[[usize; 2]],
        markers: &PairMarkers,
        limit: usize,
    ) -> Result<PairRows<MarkerRow>> {
        levitated_pair_rows(window, entities, pairs, markers, limit)
    }
}

impl PairClassifier for TokenPairRelations {
    const SOLID_MARKERS: usize = 0;

    fn pack(
        window: &Window,
        entities: &[TypedSpan],
        pairs: &[[usize; 2]],
        _markers: &PairMarkers,
        limit: usize,
    ) -> Result<PairRows<TokenPairRow>> {
        token_pair_rows(window, entities, pairs, limit)
    }
}

impl<M: PairClassifier> RelationModel for M {
    type Row = <M as RowClassifier>::Row;

    const SOLID_MARKERS: usize = <M as PairClassifier>::SOLID_MARKERS;

    fn relation_classes(&self) -> usize {
        self.classes()
    }

    fn entity_classes(&self) -> Option<usize> {
        None
    }

    fn rows(
        &self,
        windows: &SentenceWindows,
        entities: &[TypedSpan],
        markers: &PairMarkers,
        settings: &RelationSettings,
        purpose: Purpose,
    ) -> Result<Vec<RelationRow<<M as RowClassifier>::Row>>> {
        pair_rows(windows, entities, |window, pairs| {
            let limit = M::limit(settings, purpose, window.tokens.len());
            M::pack(window, entities, pairs, markers, limit)
        })
    }

    fn example(
        row: <M as RowClassifier>::Row,
        labels: Vec<usize>,
        _entities: Vec<usize>,
    ) -> Labeled<<M as RowClassifier>::Row> {
        Labeled { row, labels }
    }

    fn log_probabilities(
        &self,
        rows: &[<M as RowClassifier>::Row],
        computation: &Computation,
    ) -> Result<Vec<RelationPrediction>> {
        let found = predict(self, rows, computation.encoder, computation.batch)?;
        let found = found.into_iter().map(|relations| RelationPrediction {
            relations,
            entities: Vec::new(),
        });
        Ok(found.collect())
    }
}
