//! The settings of the papers, where the data is to be had.
//!
//! All nouns of WordNet, and the parts of the real tier, which here have the authors' epochs, steps, layers,
//! vocabulary and longest sequences unless the user gives others, and all of their graphs whose files are in
//! the store.

use anyhow::Result;

use super::parts::{self, Part};
use super::{exact, graph, hierarchy, kg, translation};
use crate::repro::{Context, Outcome};

const PARTS: &[Part] = &[
    ("exact", exact::check),
    ("tree", hierarchy::paper),
    ("graph", graph::real),
    ("kg", kg::real),
    ("translation", translation::real),
];

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    parts::run(context, PARTS)
}
