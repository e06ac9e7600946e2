//! Data that a few numbers and a seed describe.

mod hidden_trees;
mod reverse_copy;
mod sir_tree;
mod trees;

pub use hidden_trees::HiddenTrees;
pub use reverse_copy::ReverseCopy;
pub use sir_tree::SirTreeConfig;
pub use trees::{Tree, balanced_tree, prufer_tree, random_tree};
