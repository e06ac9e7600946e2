//! The tier on public data.

use anyhow::Result;

use super::parts::{self, Part};
use super::{exact, graph, hierarchy, kg, translation};
use crate::repro::{Context, Outcome};

const PARTS: &[Part] = &[
    ("exact", exact::check),
    ("tree", hierarchy::real),
    ("graph", graph::real),
    ("kg", kg::real),
    ("translation", translation::real),
];

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    parts::run(context, PARTS)
}
