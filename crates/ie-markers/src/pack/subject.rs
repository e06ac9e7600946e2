//! Rows of the relation model: one subject each.

use serde::{Deserialize, Serialize};

use super::solid::{shifted_span, surround};
use crate::data::WordSpan;
use crate::error::at_least_one;
use crate::layout::{MarkerGroup, MarkerRow, SubjectRow};
use crate::markers::MarkerSet;
use crate::window::Window;
use crate::{Error, Result};

/// A span and its entity type, where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TypedSpan {
    /// Its words, counted from the start of the sentence.
    pub span: WordSpan,
    /// Its type, which chooses typed markers.
    pub class: Option<usize>,
}

/// Which entities are objects of a subject.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objects {
    /// All entities of the sentence. The subject itself is typed as an object, too, and left out when
    /// relations are decided.
    #[default]
    WithSubject,
    /// All other entities: for the model that does not type objects.
    WithoutSubject,
}

/// How objects are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectPacking {
    /// Objects of a row at most: 32 for ACE05, 40 for ACE04, 16 for SciERC in PL-Marker's scripts.
    pub limit: usize,
    /// Which entities are objects.
    pub objects: Objects,
    /// Whether the sentence gets rows without a subject, too, whose markers stand behind the text: with
    /// them the types of objects are also learned from sentences with a single entity. For training.
    pub dummy: bool,
}

/// A row of the relation model and what it asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectTargets {
    /// The row.
    pub row: SubjectRow,
    /// Its subject, as an index in the entities; none in a row without.
    pub subject: Option<usize>,
    /// The object of each group, as an index in the entities.
    pub objects: Vec<usize>,
}

/// The rows of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubjectRows {
    /// The rows.
    pub rows: Vec<SubjectTargets>,
    /// The entities that the window does not hold or that have no tokens, as indices: they are in no
    /// row, neither as subject nor as object.
    pub skipped: Vec<usize>,
}

/// For each of `entities` as subject, the text of `window` with solid markers around it and levitated
/// markers of its objects (PL-Marker, section 3.3).
///
/// # Errors
/// [`Error::NoRoom`] for a window that was made without room for two solid markers,
/// [`Error::NoSuch`] for an entity type without markers, [`Error::Setting`] for a limit of 0.
pub fn subject_rows(
    window: &Window,
    entities: &[TypedSpan],
    subject_markers: &MarkerSet,
    object_markers: &MarkerSet,
    packing: &SubjectPacking,
) -> Result<SubjectRows> {
    at_least_one("limit", packing.limit)?;
    check_room(window, 2)?;
    let (held, skipped) = held(window, entities);
    let mut rows = SubjectRows {
        rows: Vec::new(),
        skipped,
    };
    for &(subject, place) in &held {
        let markers = subject_markers.of(entities[subject].class)?;
        let (tokens, places) = surround(&window.tokens, &[(markers, place)]);
        let objects = held
            .iter()
            .filter(|&&(object, _)| packing.objects == Objects::WithSubject || object != subject);
        let objects: Vec<_> = objects
            .map(|&(object, own)| (object, shifted_span(own, place)))
            .collect();
        let text = Text {
            tokens,
            subject: places[0],
        };
        rows.push(
            Some(subject),
            &text,
            &objects,
            entities,
            object_markers,
            packing,
        )?;
    }
    if packing.dummy {
        let markers = subject_markers.of(None)?;
        let end = window.tokens.len();
        let mut tokens = window.tokens.clone();
        tokens.extend([markers.start, markers.end]);
        let subject = [end, end + 1];
        rows.push(
            None,
            &Text { tokens, subject },
            &held,
            entities,
            object_markers,
            packing,
        )?;
    }
    Ok(rows)
}

struct Text {
    tokens: Vec<u32>,
    subject: [usize; 2],
}

impl SubjectRows {
    fn push(
        &mut self,
        subject: Option<usize>,
        text: &Text,
        objects: &[(usize, [usize; 2])],
        entities: &[TypedSpan],
        markers: &MarkerSet,
        packing: &SubjectPacking,
    ) -> Result<()> {
        for chunk in objects.chunks(packing.limit) {
            let groups = chunk.iter().map(|&(object, place)| {
                let markers = markers.of(entities[object].class)?;
                Ok(MarkerGroup::span(markers, place))
            });
            let groups = groups.collect::<Result<Vec<_>>>()?;
            self.rows.push(SubjectTargets {
                row: SubjectRow {
                    row: MarkerRow::new(text.tokens.clone(), groups)?,
                    subject: text.subject,
                },
                subject,
                objects: chunk.iter().map(|&(object, _)| object).collect(),
            });
        }
        Ok(())
    }
}

/// The window has room for `markers` more tokens.
pub(super) fn check_room(window: &Window, markers: usize) -> Result<()> {
    if window.room >= markers {
        return Ok(());
    }
    Err(Error::NoRoom {
        sentence: window.sentence,
        markers,
        room: window.room,
    })
}

/// The entities that have tokens in the window, with their first and last token, and the others.
pub(super) fn held(
    window: &Window,
    entities: &[TypedSpan],
) -> (Vec<(usize, [usize; 2])>, Vec<usize>) {
    let (mut held, mut skipped) = (Vec::new(), Vec::new());
    for (at, entity) in entities.iter().enumerate() {
        match window.token_span(entity.span) {
            Some(place) => held.push((at, place)),
            None => skipped.push(at),
        }
    }
    (held, skipped)
}

#[cfg(test)]
mod tests;
