//! Gathering examples and watching their ids.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};

use super::Corpus;
use crate::{Error, Example, Result};

/// Examples on their way into a corpus.
pub(super) struct Collector {
    origin: PathBuf,
    /// What the examples' numbers count.
    place: &'static str,
    examples: Vec<Example>,
    /// The number of the example with each id.
    numbers: HashMap<u64, usize>,
}

/// The parts of an example as a file gives them.
pub(super) struct Parts {
    pub(super) id: Option<String>,
    pub(super) text: String,
    pub(super) pair: Option<String>,
    pub(super) label: Option<String>,
}

impl Collector {
    /// For the examples of `origin`.
    pub(super) fn new(origin: impl AsRef<Path>, place: &'static str) -> Self {
        Self {
            origin: origin.as_ref().to_path_buf(),
            place,
            examples: Vec::new(),
            numbers: HashMap::new(),
        }
    }

    /// Takes in the example at `number`.
    pub(super) fn push(&mut self, number: usize, example: Example) -> Result<()> {
        match self.numbers.entry(example.id) {
            Entry::Vacant(free) => free.insert(number),
            Entry::Occupied(taken) => {
                return Err(Error::DuplicateId {
                    path: self.origin.clone(),
                    place: self.place,
                    id: example.name,
                    first: *taken.get(),
                    second: number,
                });
            }
        };
        self.examples.push(example);
        Ok(())
    }

    /// Takes in the example of `parts` at `number`, under its default name where it has no id.
    pub(super) fn push_parts(&mut self, number: usize, parts: Parts) -> Result<()> {
        let Parts {
            id,
            text,
            pair,
            label,
        } = parts;
        let mut example = Example {
            id: 0,
            name: String::new(),
            text,
            pair,
            label,
        };
        let name = id.unwrap_or_else(|| {
            let row = self.examples.len() + 1;
            format!("{row}-{:016x}", example.text_hash())
        });
        example = example.with_name(name);
        self.push(number, example)
    }

    /// The corpus.
    pub(super) fn finish(self) -> Corpus {
        Corpus {
            examples: self.examples,
        }
    }
}
