//! Few-shot tasks from public data sets.
//!
//! Each task is one row of a table: where its files lie, how they are read, and which label words
//! stand for which of their labels.

mod read;
mod sample;
mod source;
mod sources;
#[cfg(test)]
mod tests;
mod whole;

pub(in crate::repro) use whole::{LabeledText, WholeSet};

use std::collections::BTreeSet;
use std::path::Path;

use plm_core::rng::Seed;

use crate::repro::tasks::Shots;
use plm_prompt::Task;
use source::Source;

/// The tasks whose data sets are in `store`, one folder per data set, and what is missing: data
/// sets that are not there, and tasks of which a class has too few examples for `shots`.
///
/// Examples are drawn by `seed`. Without a test file the test examples are drawn from those that
/// are left after training and development.
///
/// # Errors
/// Where a file cannot be read or a line of it is malformed; the error names file and line.
pub(in crate::repro) fn real(
    store: &Path,
    seed: Seed,
    shots: Shots,
) -> anyhow::Result<(Vec<Task>, Vec<String>)> {
    let mut tasks = Vec::new();
    let mut missing = BTreeSet::new();
    for source in sources::all() {
        if !store.join(source.asset).is_dir() {
            missing.insert(source.asset.to_owned());
            continue;
        }
        match task(source, store, seed.child(source.name), shots)? {
            Ok(task) => tasks.push(task),
            Err(shortage) => {
                missing.insert(format!("{}: {shortage}", source.name));
            }
        }
    }
    Ok((tasks, missing.into_iter().collect()))
}

/// The task of `source`, or why its examples do not suffice.
fn task(
    source: &Source,
    store: &Path,
    seed: Seed,
    shots: Shots,
) -> anyhow::Result<Result<Task, plm_core::Error>> {
    let folder = store.join(source.asset);
    let pool = read::examples(source, &folder, source.train)?;
    let held = read::examples(source, &folder, source.test)?;
    let parts = sample::parts(&pool, held, source.labels.len(), seed, shots);
    Ok(parts.map(|[train, dev, test]| Task {
        name: source.name.to_owned(),
        kind: source.kind.to_owned(),
        label_words: source
            .labels
            .iter()
            .map(|(_, word)| (*word).to_owned())
            .collect(),
        train,
        dev,
        test,
    }))
}
