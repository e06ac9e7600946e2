//! From the numbers of a file, which count through the document, to those of a sentence.

use std::ops::Range;

use plm_core::check::same_size;
use plm_core::data::{DygieDocument, EntityMention, Relation};

use super::super::check::name;
use super::super::{
    Aside, Document, Entity, Finding, Layers, ReadReport, RelationMention, Sentence, WordSpan,
};
use super::extra;
use crate::Result;

/// Where a span of the document lies.
enum Place {
    /// In one sentence.
    Inside(usize, WordSpan),
    /// In several sentences.
    Across,
    /// It reaches beyond the document.
    Beyond,
    /// It ends before it starts.
    Reversed,
}

fn place(ranges: &[Range<usize>], (start, end): (usize, usize)) -> Place {
    if end < start {
        return Place::Reversed;
    }
    // Empty sentences end where the next one starts, so the first that ends after `start` holds it.
    let sentence = ranges.partition_point(|range| range.end <= start);
    match ranges.get(sentence) {
        Some(range) if end < range.end => Place::Inside(
            sentence,
            WordSpan::new(start - range.start, end - range.start),
        ),
        Some(_) if ranges.last().is_some_and(|last| end < last.end) => Place::Across,
        _ => Place::Beyond,
    }
}

impl Document {
    /// A document of what a line of DyGIE JSON says. What does not fit into its sentence is kept in
    /// [`Document::outside`] and reported; predictions that cannot be read stay in
    /// [`Document::other`] and are reported.
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) where a layer has not one list for each sentence.
    pub fn from_dygie(dygie: DygieDocument, report: &mut ReadReport) -> Result<Self> {
        let ranges = dygie.sentence_ranges();
        let mut document = Self {
            id: dygie.doc_key,
            sentences: dygie.sentences.into_iter().map(Sentence::new).collect(),
            layers: Layers {
                entities: dygie.ner.is_some(),
                relations: dygie.relations.is_some(),
                ..Layers::default()
            },
            clusters: dygie.clusters,
            events: dygie.events,
            other: dygie.other,
            ..Self::default()
        };
        let name = name(&document, report.documents);
        for (key, lists) in [
            ("ner", dygie.ner.as_ref().map(Vec::len)),
            ("relations", dygie.relations.as_ref().map(Vec::len)),
            ("events", document.events.as_ref().map(Vec::len)),
        ] {
            let lists = lists.unwrap_or(ranges.len());
            same_size(format!("{name}: lists of `{key}`"), lists, ranges.len())?;
        }
        for (index, list) in dygie.ner.into_iter().flatten().enumerate() {
            for (at, mention) in list.into_iter().enumerate() {
                document.add_entity(&ranges, &name, (index, at), mention, report);
            }
        }
        for (index, list) in dygie.relations.into_iter().flatten().enumerate() {
            for (at, relation) in list.into_iter().enumerate() {
                document.add_relation(&ranges, &name, (index, at), relation, report);
            }
        }
        for key in extra::take_predictions(&mut document) {
            report.note(Finding::UnreadPredictions, format!("{name}, {key}"));
        }
        if !extra::take_text(&mut document) {
            report.note(Finding::UnreadOffsets, name);
        }
        Ok(document)
    }

    fn add_entity(
        &mut self,
        ranges: &[Range<usize>],
        name: &str,
        (sentence, at): (usize, usize),
        mention: EntityMention,
        report: &mut ReadReport,
    ) {
        let finding = match place(ranges, (mention.start, mention.end)) {
            Place::Inside(found, span) if found == sentence => {
                let label = mention.label;
                self.sentences[sentence]
                    .entities
                    .push(Entity { span, label });
                return;
            }
            Place::Reversed => Finding::ReversedSpan,
            _ => Finding::EntityOutsideSentence,
        };
        let EntityMention { start, end, label } = &mention;
        report.note(
            finding,
            format!("{name}, sentence {sentence}, words {start} to {end} {label}"),
        );
        self.outside.entities.push(Aside {
            sentence,
            at,
            item: mention,
        });
    }

    fn add_relation(
        &mut self,
        ranges: &[Range<usize>],
        name: &str,
        (sentence, at): (usize, usize),
        relation: Relation,
        report: &mut ReadReport,
    ) {
        let ends = (
            place(ranges, relation.subject),
            place(ranges, relation.object),
        );
        let finding = match ends {
            (Place::Inside(a, subject), Place::Inside(b, object)) if a == b => {
                if a == sentence {
                    self.sentences[sentence].relations.push(RelationMention {
                        subject,
                        object,
                        label: relation.label,
                    });
                    return;
                }
                Finding::RelationInOtherSentence
            }
            (Place::Reversed, _) | (_, Place::Reversed) => Finding::ReversedSpan,
            (Place::Beyond, _) | (_, Place::Beyond) => Finding::RelationOutsideDocument,
            _ => Finding::CrossSentenceRelation,
        };
        let ((a, b), (c, d)) = (relation.subject, relation.object);
        report.note(
            finding,
            format!(
                "{name}, sentence {sentence}, words {a} to {b} and {c} to {d} {}",
                relation.label
            ),
        );
        self.outside.relations.push(Aside {
            sentence,
            at,
            item: relation,
        });
    }
}
