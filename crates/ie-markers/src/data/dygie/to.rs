//! From the numbers of a sentence to those of a file, which count through the document.

use plm_core::data::{DygieDocument, EntityMention, Relation};

use super::super::{Aside, Document, Sentence, Source, WordSpan};
use super::extra;
use crate::{Error, Result};

impl Document {
    /// What a line of DyGIE JSON says about the document: gold annotations, those kept aside in
    /// their old places, predictions (`predicted_ner`, `predicted_relations`, with the raw score and
    /// the probability behind the label as DyGIE++ appends them, with 12 significant digits and at most
    /// 20 decimals), coreference, events and all other
    /// keys. The text and the words' offsets go to `_text` and `_offsets`, types that the relation
    /// model gave to `_predicted_relation_types`; DyGIE++ ignores such keys.
    ///
    /// # Errors
    /// [`Error::Unwritable`] for a span beyond its sentence, whose numbers would be those of another
    /// one's words, and where an annotation kept aside belongs to a sentence that is no longer there;
    /// [`Error::NotFinite`] for a score.
    pub fn to_dygie(&self) -> Result<DygieDocument> {
        self.check_spans()?;
        let mut other = self.other.clone();
        extra::add_predictions(self, &mut other)?;
        extra::add_text(self, &mut other)?;
        let words = self.sentences.iter().map(|s| s.words.clone());
        Ok(DygieDocument {
            doc_key: self.id.clone(),
            sentences: words.collect(),
            ner: self.layer(self.layers.entities, &self.outside.entities, entities)?,
            relations: self.layer(self.layers.relations, &self.outside.relations, relations)?,
            events: self.events.clone(),
            clusters: self.clusters.clone(),
            other,
        })
    }

    /// All spans of sentences are of their own words.
    fn check_spans(&self) -> Result<()> {
        for (number, sentence) in self.sentences.iter().enumerate() {
            let words = sentence.words.len();
            let beyond = |source| {
                let entities = sentence.entities_from(source).into_iter();
                let relations = sentence.relations_from(source).into_iter();
                let ends = relations.flat_map(|relation| [relation.subject, relation.object]);
                let mut spans = entities.map(|entity| entity.span).chain(ends);
                spans.find(|span| !span.is_within(words))
            };
            let span = [Source::Gold, Source::Predicted]
                .into_iter()
                .find_map(beyond);
            if let Some(span) = span {
                return Err(self.unwritable(format!(
                    "sentence {number} has no words {span}, it has {words}; keep what crosses \
                     sentences in `Document::outside`"
                )));
            }
        }
        Ok(())
    }

    /// The error for a document that DyGIE JSON cannot hold.
    fn unwritable(&self, reason: String) -> Error {
        Error::Unwritable {
            document: self.id.clone().unwrap_or_else(|| "a document".to_owned()),
            reason,
        }
    }

    /// The lists of one layer; none where nobody annotated it and it is empty.
    fn layer<T: Clone>(
        &self,
        annotated: bool,
        aside: &[Aside<T>],
        list: impl Fn(&Sentence, usize) -> Vec<T>,
    ) -> Result<Option<Vec<Vec<T>>>> {
        let sentences = self.sentences.iter().zip(self.sentence_starts());
        let mut lists: Vec<Vec<T>> = sentences.map(|(s, first)| list(s, first)).collect();
        if !annotated && aside.is_empty() && lists.iter().all(Vec::is_empty) {
            return Ok(None);
        }
        let mut aside: Vec<&Aside<T>> = aside.iter().collect();
        aside.sort_by_key(|aside| (aside.sentence, aside.at));
        for aside in aside {
            let Some(list) = lists.get_mut(aside.sentence) else {
                return Err(self.unwritable(format!(
                    "an annotation is kept aside for sentence {}, there are {}; move it",
                    aside.sentence,
                    self.sentences.len()
                )));
            };
            list.insert(aside.at.min(list.len()), aside.item.clone());
        }
        Ok(Some(lists))
    }
}

fn entities(sentence: &Sentence, first: usize) -> Vec<EntityMention> {
    let entities = sentence.entities.iter();
    entities
        .map(|entity| EntityMention {
            start: entity.span.start + first,
            end: entity.span.end + first,
            label: entity.label.clone(),
        })
        .collect()
}

fn relations(sentence: &Sentence, first: usize) -> Vec<Relation> {
    let shift = |span: WordSpan| (span.start + first, span.end + first);
    let relations = sentence.relations.iter();
    relations
        .map(|relation| Relation {
            subject: shift(relation.subject),
            object: shift(relation.object),
            label: relation.label.clone(),
        })
        .collect()
}
