//! What models learn from.

use crate::layout::SubjectRow;

/// A row with the class of each of its targets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Labeled<R> {
    /// The row.
    pub row: R,
    /// A class for every target, 0 for none of interest.
    pub labels: Vec<usize>,
}

/// A row of the relation model with its labels.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LabeledRelations {
    /// The row.
    pub row: SubjectRow,
    /// The relation of the subject to every object.
    pub relations: Vec<usize>,
    /// The entity class of every object, for the auxiliary head; not read where the model has none.
    pub entities: Vec<usize>,
}
