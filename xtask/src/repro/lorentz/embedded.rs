//! The tier that needs nothing but the repository.

use anyhow::Result;

use super::parts::{self, Part};
use super::{exact, graph, kg, probing, translation, tree};
use crate::repro::{Context, Outcome};

const PARTS: &[Part] = &[
    ("exact", exact::check),
    ("tree", tree::embedded),
    ("graph", graph::embedded),
    ("kg", kg::embedded),
    ("translation", translation::embedded),
    ("probing", probing::embedded),
];

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    parts::run(context, PARTS)
}
