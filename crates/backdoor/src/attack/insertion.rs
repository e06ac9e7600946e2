//! What an attack does to one text.

use plm_core::rng::StreamRng;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::trigger::refuse;
use super::{Position, Trigger, WordChoice};
use crate::words::Unit;
use crate::{Error, Result};

/// How edits change a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// A piece is put before another.
    Insert,
    /// A piece takes the place of another.
    Replace,
}

/// One change of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    /// The place, counted in the text as the edits before left it.
    pub(crate) at: usize,
    /// The word or the sentence.
    pub(crate) text: String,
}

/// How a sample was made from a clean one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// Index of the clean sample.
    pub(crate) source: usize,
    /// Whether the label becomes the target class.
    pub(crate) poisoned: bool,
    /// What changes the text, one after another.
    pub(crate) edits: Vec<Edit>,
}

impl Entry {
    /// `text`, that of the clean sample, after the edits.
    pub(crate) fn apply(&self, text: &str, unit: Unit, operation: Operation) -> Result<String> {
        self.edits
            .iter()
            .try_fold(text.to_owned(), |text, edit| match operation {
                Operation::Insert => unit.insert(&text, edit.at, &edit.text),
                Operation::Replace => unit.replace(&text, edit.at, &edit.text),
            })
    }
}

/// `trigger` can be inserted by `choice` at `position`.
pub(super) fn check(trigger: &Trigger, choice: WordChoice, position: Position) -> Result<()> {
    trigger.check()?;
    position.check()?;
    if let (Trigger::Words(words), Unit::Sentence) = (trigger, position.unit()) {
        return Err(refuse(
            &words[0],
            "is a word, which between sentences would melt into its neighbors; choose a position \
             between words",
        ));
    }
    match choice {
        WordChoice::Random { count: 0 } => Err(Error::Setting {
            name: "words",
            value: "0 at random".to_owned(),
            limit: "must be 1 at least",
        }),
        WordChoice::All | WordChoice::Random { .. } => Ok(()),
    }
}

/// Places for `pieces`, which go into `text` one after another.
pub(super) fn draw<'a>(
    text: &str,
    pieces: impl IntoIterator<Item = &'a String>,
    position: Position,
    rng: &mut StreamRng,
) -> Vec<Edit> {
    let unit = position.unit();
    let mut count = unit.count(text);
    pieces
        .into_iter()
        .map(|piece| {
            let at = position.draw(count, rng);
            count += unit.count(piece);
            Edit {
                at,
                text: piece.clone(),
            }
        })
        .collect()
}

/// The edits that put `trigger` into `text`.
pub(super) fn draw_trigger(
    text: &str,
    trigger: &Trigger,
    choice: WordChoice,
    position: Position,
    rng: &mut StreamRng,
) -> Vec<Edit> {
    let pieces = trigger.pieces();
    match (trigger, choice) {
        (Trigger::Words(words), WordChoice::Random { count }) => {
            let drawn: Vec<&String> = (0..count)
                .map(|_| &words[rng.random_range(0..words.len())])
                .collect();
            draw(text, drawn, position, rng)
        }
        _ => draw(text, pieces, position, rng),
    }
}

/// Whether `edits` are some that [`draw_trigger`] could draw, apart from their places.
pub(super) fn is_trigger(edits: &[Edit], trigger: &Trigger, choice: WordChoice) -> bool {
    let pieces = trigger.pieces();
    match (trigger, choice) {
        (Trigger::Words(words), WordChoice::Random { count }) => {
            edits.len() == count && edits.iter().all(|edit| words.contains(&edit.text))
        }
        _ => edits.iter().map(|edit| &edit.text).eq(pieces),
    }
}
