//! How well entities and relations are found.
//!
//! | measure | right where |
//! |---|---|
//! | Ent | span and type of an entity match |
//! | Rel | both spans and the relation match |
//! | Rel+ | the types of both entities match as well |
//!
//! All are micro scores over sets whose items belong to a sentence of a document. They count what
//! lies within sentences; [`Evaluation`] tells how many gold annotations do not.

mod evaluation;
mod keys;
mod reach;

pub use evaluation::{Evaluation, LabeledScores, entity_scores, evaluate};
pub use keys::SymmetricCounting;
pub use reach::{Reach, reach};
