//! What becomes of documents on their way to a model.

use std::fmt;

use plm_core::train::TrainReport;
use serde::Serialize;

use crate::window::TruncationReport;

/// What training data hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct DataReport {
    /// Rows.
    pub rows: usize,
    /// Their targets.
    pub targets: usize,
    /// Gold entities or relations within sentences; repetitions count once.
    pub gold: usize,
    /// Those that no target stands for: entities that are too wide, in no window, without tokens at an end,
    /// not proposed or not to be tagged; relations between spans that are no entities, in no window or without tokens,
    /// or whose pair has another.
    pub unused: usize,
    /// What windows lost.
    pub truncation: TruncationReport,
}

impl fmt::Display for DataReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} rows with {} targets; {} of {} gold annotations are not among them; {}",
            self.rows, self.targets, self.unused, self.gold, self.truncation
        )
    }
}

/// A training run.
#[derive(Debug, Clone)]
pub struct StageReport {
    /// What the training data hold.
    pub data: DataReport,
    /// How the run went.
    pub run: TrainReport,
}

/// What no prediction was made about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct PredictionReport {
    /// Of the entity model: the words, and as `entities` the spans of up to the candidates' width, that
    /// are in no window. Words without tokens are counted; no entity begins or ends with one.
    pub entities: TruncationReport,
    /// Of the relation model: the words, the entities and, as `relations`, the pairs of entities that
    /// are in no window or have no tokens.
    pub relations: TruncationReport,
}

impl PredictionReport {
    /// Whether everything was looked at: no word, entity or pair was cut, no word that an entity may begin
    /// or end with has no tokens.
    pub fn is_complete(&self) -> bool {
        let entities = &self.entities;
        entities.empty_words == 0 && entities.cut.is_empty() && self.relations.cut.is_empty()
    }
}

impl fmt::Display for PredictionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "entities: {}\nrelations: {}",
            self.entities, self.relations
        )
    }
}
