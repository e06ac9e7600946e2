//! PENMAN notation: rooted, labeled, directed graphs written as trees.
//!
//! The notation of the Penman project (Kasper 1989; Matthiessen and Bateman 1991) in the form that
//! AMR uses (Banarescu et al. 2013):
//!
//! ```text
//! Node      = '(' Variable ('/' Concept Alignment?)? Branch* ')'
//! Branch    = Role Alignment? (Node | Atom Alignment?)
//! Atom      = Symbol | String           a symbol that a node of the graph has as its variable is
//!                                       that node, any other atom is a constant
//! Variable  = Symbol                    Concept = Symbol | String
//! Symbol    = one or more characters other than white space and " ( ) / : ~
//! String    = '"' characters, \ before one keeps it '"', on one line
//! Role      = ':' and as many characters of a symbol as there are, none included
//! Alignment = '~' (letter '.'?)? number (',' number)*
//! ```
//!
//! `#` where a token could start begins a comment that runs to the end of the line; graphs are parted
//! by blank lines, though a graph may also follow another at once. Lines `# ::key value` are
//! [`Metadata`].
//!
//! A [`Tree`] is what is written, a [`Graph`] is what it means: the triples, with the ends of inverse
//! roles (`:ARG0-of`) exchanged after a [`RoleModel`]. [`Graph::to_tree`] finds a tree for any
//! connected graph. Nothing here recurses, so the depth of a graph is bounded by memory alone.
//!
//! ```
//! use plm_event_contrast::penman::{Graph, RoleModel, Style};
//!
//! # fn main() -> plm_event_contrast::Result<()> {
//! let model = RoleModel::amr();
//! let graph = Graph::parse("(d / dog :ARG0-of (b / bark-01 :polarity -))", &model)?;
//! let edge = graph.edges().next().unwrap();
//! assert_eq!((edge.source, edge.role), ("b", ":ARG0"));
//! let text = graph.with_top("b")?.to_tree(&model)?.to_penman(Style::OneLine);
//! assert_eq!(text, "(b / bark-01 :ARG0 (d / dog) :polarity -)");
//! # Ok(())
//! # }
//! ```

mod alignment;
mod blocks;
mod entry;
mod fault;
mod graph;
mod interpret;
mod layout;
mod lexer;
mod metadata;
mod parse;
mod piece;
mod reader;
mod roles;
#[cfg(test)]
mod tests;
mod tree;
mod triple;
mod walk;
mod write;

pub use alignment::Alignment;
pub use blocks::{Block, Blocks, Place};
pub use entry::Entry;
pub use fault::Fault;
pub use graph::Graph;
pub use metadata::Metadata;
pub use reader::{ReadBlock, Reader, Strictness};
pub use roles::RoleModel;
pub use tree::{Branch, BranchTarget, Node, Tree};
pub use triple::{Target, Triple};
pub use write::Style;

pub(crate) use interpret::triples_of_branches;
pub(crate) use walk::Step;
