//! How well entities and relations are found.
//!
//! | measure | right where |
//! |---|---|
//! | Ent | span and type of an entity match |
//! | Rel | both spans and the relation match |
//! | Rel+ | the types of both entities match as well |
//!
//! All are micro scores over sets whose items belong to a sentence of a document. Gold annotations that
//! lie in no sentence are missed by every model and count in recall; [`Evaluation`] tells how many there
//! are. What a reader leaves out does not count: its report has it.

mod evaluation;
mod keys;
mod reach;

pub use evaluation::{Evaluation, LabeledScores, entity_scores, evaluate};
pub use keys::SymmetricCounting;
pub use reach::{Reach, reach};
