//! The classes of the heads: entity types and directed relations.

mod label_set;
mod pair;
mod relation_space;
mod targets;

#[cfg(test)]
mod tests;

pub use label_set::{LabelSet, NIL};
pub use pair::{DirectedRelation, Direction};
pub use relation_space::RelationSpace;
pub use targets::RelationTargets;
