//! The tables of tasks.

mod emotion;
mod intent;
mod offense;
mod pairs;
mod science;
mod sentence;

use super::source::Source;

/// All tasks.
pub(super) fn all() -> impl Iterator<Item = &'static Source> {
    [
        sentence::SOURCES,
        offense::SOURCES,
        emotion::SOURCES,
        intent::SOURCES,
        pairs::SOURCES,
        science::SOURCES,
    ]
    .into_iter()
    .flatten()
}
