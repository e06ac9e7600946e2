//! What was found in a text.

use serde::Serialize;

use crate::data::{CharIndex, CharSpan, Document, WordSpan};
use crate::{Error, Result};

/// An entity of a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExtractedEntity {
    /// Its characters in the text.
    pub span: CharSpan,
    /// Those characters.
    pub text: String,
    /// Its type.
    pub label: String,
    /// Its probability.
    pub probability: f64,
    /// Its sentence, from 0.
    pub sentence: usize,
    /// Its words in the sentence.
    pub words: WordSpan,
}

/// A relation of two entities of a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExtractedRelation {
    /// Its subject's place in [`Extraction::entities`].
    pub subject: usize,
    /// Its object's place.
    pub object: usize,
    /// Its label.
    pub label: String,
    /// Its probability: the geometric mean of both directions.
    pub probability: f64,
    /// The types of subject and object that the relation model went by.
    pub types: Option<(String, String)>,
}

/// The entities and relations of a text.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Extraction {
    /// The entities, by sentence and words.
    pub entities: Vec<ExtractedEntity>,
    /// The relations between them.
    pub relations: Vec<ExtractedRelation>,
}

impl Extraction {
    /// The predicted entities and relations of `document` by characters of its text. Relations between
    /// spans that are no predicted entities have no place here.
    ///
    /// # Errors
    /// [`Error::Empty`] where the document has no text or no offsets: [`Document::join_words`] makes
    /// them of the words; [`Error::Span`] for a span beyond its sentence or text.
    pub fn of(document: &Document) -> Result<Self> {
        let missing = || Error::Empty {
            what: "text with the offsets of its words",
            fix: "call `Document::join_words`",
        };
        let text = CharIndex::new(document.text.as_deref().ok_or_else(missing)?);
        let mut extraction = Self::default();
        for (number, sentence) in document.sentences.iter().enumerate() {
            let offsets = sentence.offsets.as_deref().ok_or_else(missing)?;
            let first = extraction.entities.len();
            for predicted in &sentence.predicted_entities {
                let words = predicted.entity.span;
                let beyond = || Error::Span {
                    start: words.start,
                    end: words.end,
                    reason: format!("is no part of the text of sentence {number}"),
                };
                let (start, end) = offsets
                    .get(words.start)
                    .zip(offsets.get(words.end))
                    .ok_or_else(beyond)?;
                let span = CharSpan::new(start.start, end.end);
                extraction.entities.push(ExtractedEntity {
                    span,
                    text: text.part(span).ok_or_else(beyond)?.to_owned(),
                    label: predicted.entity.label.clone(),
                    probability: predicted.score.map_or(1.0, |score| score.probability),
                    sentence: number,
                    words,
                });
            }
            let place = |span: WordSpan| {
                let own = extraction.entities[first..].iter();
                let at = own.clone().position(|entity| entity.words == span)?;
                Some(first + at)
            };
            for predicted in &sentence.predicted_relations {
                let relation = &predicted.relation;
                let ends = place(relation.subject).zip(place(relation.object));
                let Some((subject, object)) = ends else {
                    continue;
                };
                extraction.relations.push(ExtractedRelation {
                    subject,
                    object,
                    label: relation.label.clone(),
                    probability: predicted.score.map_or(1.0, |score| score.probability),
                    types: predicted.types.clone(),
                });
            }
        }
        Ok(extraction)
    }
}
