//! Documents: sentences of words, their entities and relations.

use serde_json::{Map, Value};

use plm_core::data::{DygieEvent, EntityMention, Relation};

use super::brackets::restore_bracket;
use super::{CharSpan, WordSpan};

/// A named entity of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entity {
    /// Its words, counted from the start of its sentence.
    pub span: WordSpan,
    /// Its type.
    pub label: String,
}

/// A directed relation between two spans of one sentence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelationMention {
    /// The words of its subject, counted from the start of its sentence.
    pub subject: WordSpan,
    /// The words of its object, counted likewise.
    pub object: WordSpan,
    /// Its type.
    pub label: String,
}

/// How sure a model is of a prediction; in files the two numbers that DyGIE++ appends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The logit, or the log-probability where a decision joins several.
    pub raw: f64,
    /// The probability.
    pub probability: f64,
}

/// An entity that a model found.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictedEntity {
    /// The entity.
    pub entity: Entity,
    /// How sure the model is.
    pub score: Option<Score>,
}

/// A relation that a model found.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictedRelation {
    /// The relation.
    pub relation: RelationMention,
    /// Types of subject and object, where the relation model typed them itself; else those of the
    /// predicted entities hold.
    pub types: Option<(String, String)>,
    /// How sure the model is.
    pub score: Option<Score>,
}

/// A sentence. All spans count words from its start.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sentence {
    /// Its words.
    pub words: Vec<String>,
    /// Where each word stands in [`Document::text`], one for each word, where that is known.
    pub offsets: Option<Vec<CharSpan>>,
    /// Gold entities.
    pub entities: Vec<Entity>,
    /// Gold relations.
    pub relations: Vec<RelationMention>,
    /// Entities that a model found.
    pub predicted_entities: Vec<PredictedEntity>,
    /// Relations that a model found.
    pub predicted_relations: Vec<PredictedRelation>,
}

/// Where entities and relations come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// From the annotators.
    Gold,
    /// From a model.
    Predicted,
}

impl Sentence {
    /// A sentence of `words` without annotations.
    pub fn new<S: Into<String>>(words: impl IntoIterator<Item = S>) -> Self {
        Self {
            words: words.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// Its entities from `source`.
    pub fn entities_from(&self, source: Source) -> Vec<&Entity> {
        match source {
            Source::Gold => self.entities.iter().collect(),
            Source::Predicted => self.predicted_entities.iter().map(|p| &p.entity).collect(),
        }
    }

    /// Its relations from `source`.
    pub fn relations_from(&self, source: Source) -> Vec<&RelationMention> {
        match source {
            Source::Gold => self.relations.iter().collect(),
            Source::Predicted => {
                let relations = self.predicted_relations.iter();
                relations.map(|p| &p.relation).collect()
            }
        }
    }
}

/// Which annotations a document has. An annotated document without entities differs from one that
/// nobody annotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layers {
    /// Gold entities.
    pub entities: bool,
    /// Gold relations.
    pub relations: bool,
    /// Predicted entities.
    pub predicted_entities: bool,
    /// Predicted relations.
    pub predicted_relations: bool,
}

/// An annotation that does not fit into the sentence that it is listed under, in the numbers of the
/// file, and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside<T> {
    /// The sentence that it is listed under.
    pub sentence: usize,
    /// Its place in that sentence's list.
    pub at: usize,
    /// The annotation, with words counted through the whole document.
    pub item: T,
}

/// Gold annotations that reach beyond their sentence or the document. No model of single sentences
/// can use them; they are kept to be counted and written back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outside {
    /// Entities.
    pub entities: Vec<Aside<EntityMention>>,
    /// Relations.
    pub relations: Vec<Aside<Relation>>,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// Its name.
    pub id: Option<String>,
    /// Its sentences.
    pub sentences: Vec<Sentence>,
    /// Which annotations it has.
    pub layers: Layers,
    /// The text that the words were taken from, where it is known.
    pub text: Option<String>,
    /// Gold annotations that fit into no sentence.
    pub outside: Outside,
    /// Coreference: the spans of each cluster, with words counted through the document.
    pub clusters: Option<Vec<Vec<(usize, usize)>>>,
    /// The events of each sentence, with words counted through the document.
    pub events: Option<Vec<Vec<DygieEvent>>>,
    /// What else its file said.
    pub other: Map<String, Value>,
}

impl Document {
    /// A document of `sentences` without annotations.
    pub fn new(id: impl Into<String>, sentences: Vec<Sentence>) -> Self {
        Self {
            id: Some(id.into()),
            sentences,
            ..Self::default()
        }
    }

    /// How many words it has.
    pub fn word_count(&self) -> usize {
        self.sentences.iter().map(|s| s.words.len()).sum()
    }

    /// For each sentence, how many words come before it.
    pub fn sentence_starts(&self) -> Vec<usize> {
        let mut start = 0;
        let mut starts = Vec::with_capacity(self.sentences.len());
        for sentence in &self.sentences {
            starts.push(start);
            start += sentence.words.len();
        }
        starts
    }

    /// Puts brackets in the place of their Penn Treebank names (see [`restore_bracket`]); how many
    /// words changed. Offsets stay those of the text.
    pub fn restore_brackets(&mut self) -> usize {
        let mut changed = 0;
        for word in self.sentences.iter_mut().flat_map(|s| &mut s.words) {
            let bracket = restore_bracket(word);
            if bracket != word.as_str() {
                *word = bracket.to_owned();
                changed += 1;
            }
        }
        changed
    }

    /// Makes a text of the words, a space between words and a line for each sentence, and sets the
    /// offsets to it. A text that was there is replaced.
    pub fn join_words(&mut self) {
        let mut text = String::new();
        let mut characters = 0;
        for sentence in &mut self.sentences {
            let mut offsets = Vec::with_capacity(sentence.words.len());
            for (index, word) in sentence.words.iter().enumerate() {
                if index > 0 {
                    text.push(' ');
                    characters += 1;
                }
                let end = characters + word.chars().count();
                offsets.push(CharSpan::new(characters, end));
                text.push_str(word);
                characters = end;
            }
            text.push('\n');
            characters += 1;
            sentence.offsets = Some(offsets);
        }
        self.text = Some(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_restored_and_joined() {
        let sentences = vec![
            Sentence::new(["é", "-LRB-", "b"]),
            Sentence::new(Vec::<String>::new()),
            Sentence::new(["c"]),
        ];
        let mut document = Document::new("d", sentences);
        assert_eq!(document.word_count(), 4);
        assert_eq!(document.sentence_starts(), [0, 3, 3]);
        assert_eq!(document.restore_brackets(), 1);
        document.join_words();
        let text = document.text.clone().unwrap();
        assert_eq!(text, "é ( b\n\nc\n");
        for sentence in &document.sentences {
            for (word, offset) in sentence
                .words
                .iter()
                .zip(sentence.offsets.as_ref().unwrap())
            {
                assert_eq!(offset.of(&text), Some(word.as_str()));
            }
        }
    }
}
