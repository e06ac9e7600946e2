//! Reads texts with standoff annotations.

use std::collections::HashMap;
use std::io::{BufRead, Read};
use std::path::Path;

use plm_core::data::{EntityMention, Lines, Relation, open};

use super::super::{
    Aside, CharSpan, Corpus, Document, Entity, Finding, ReadOptions, ReadReport, RelationMention,
    Segmentation,
};
use super::align::{Alignment, Covered, WordIndex};
use super::annotations::{self, Annotations, TextBound};
use crate::Result;

/// How texts with standoff annotations are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BratOptions {
    /// How the text becomes sentences of words.
    pub segmentation: Segmentation,
    /// What happens to annotations that begin or end within a word.
    pub alignment: Alignment,
    /// What all readers share.
    pub read: ReadOptions,
}

/// The document `name` of `text`, annotated by the lines of its `.ann` file, added to `corpus`.
///
/// Entities (`T`) and binary relations (`R`) are read. Offsets count characters. An entity in several
/// pieces with nothing but white space between them is one piece; other such entities, entities that
/// are not aligned with words, relations without two read entities, events, attributes, notes and
/// all else are reported, each with its id. Entities across sentences and relations between
/// sentences are kept aside and reported.
///
/// # Errors
/// The first line that is no annotation, unless `options` leave it out. Where reading fails.
pub fn read_brat<R: BufRead>(
    name: &str,
    text: &str,
    lines: Lines<R>,
    options: &BratOptions,
    corpus: &mut Corpus,
) -> Result<()> {
    let annotations = annotations::read(lines, name, &options.read, corpus)?;
    let mut document = Document::from_text(name, text, options.segmentation);
    document.layers.entities = true;
    document.layers.relations = true;
    let report = &mut corpus.report;
    let words = WordIndex::new(&document);
    let mut found: HashMap<&str, Covered> = HashMap::new();
    let characters: Vec<char> = text.chars().collect();
    for entity in &annotations.entities {
        let place = format!("{name}, {} {}", entity.id, entity.label);
        if let Some(covered) = align(entity, &characters, &words, options, &place, report) {
            found.insert(&entity.id, covered);
        }
    }
    let starts = document.sentence_starts();
    add_entities(&mut document, &annotations, &found, &starts, report);
    add_relations(&mut document, &annotations, &found, &starts, report);
    corpus.push(document, &options.read);
    Ok(())
}

/// The words of `entity`, or none where it is left out, which is reported.
fn align(
    entity: &TextBound,
    characters: &[char],
    words: &WordIndex,
    options: &BratOptions,
    place: &str,
    report: &mut ReadReport,
) -> Option<Covered> {
    let between = |pair: &[CharSpan]| {
        let gap = characters.get(pair[0].end..pair[1].start);
        gap.is_some_and(|gap| gap.iter().all(|c| c.is_whitespace()))
    };
    if !entity.fragments.windows(2).all(between) {
        report.note(Finding::Discontinuous, place);
        return None;
    }
    let (first, last) = (entity.fragments.first()?, entity.fragments.last()?);
    let span = CharSpan::new(first.start, last.end);
    let covered = words.covered(span).filter(|_| span.end <= characters.len());
    let Some(covered) = covered else {
        report.note(Finding::Unaligned, place);
        return None;
    };
    let actual = characters[span.start..span.end].iter();
    let ours = actual.filter(|c| !c.is_whitespace());
    if !ours.eq(entity
        .text
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<Vec<_>>()
        .iter())
    {
        report.note(Finding::TextMismatch, place);
    }
    match (covered.exact, options.alignment) {
        (true, _) => Some(covered),
        (false, Alignment::Widen) => {
            report.note(Finding::Widened, place);
            Some(covered)
        }
        (false, Alignment::Exact) => {
            report.note(Finding::Unaligned, place);
            None
        }
    }
}

fn add_entities(
    document: &mut Document,
    annotations: &Annotations,
    found: &HashMap<&str, Covered>,
    starts: &[usize],
    report: &mut ReadReport,
) {
    for entity in &annotations.entities {
        let Some(covered) = found.get(entity.id.as_str()) else {
            continue;
        };
        let label = entity.label.clone();
        if let Some((sentence, span)) = covered.within() {
            let entities = &mut document.sentences[sentence].entities;
            entities.push(Entity { span, label });
            continue;
        }
        let name = document.id.as_deref().unwrap_or_default();
        let place = format!("{name}, {} {label}", entity.id);
        report.note(Finding::EntityOutsideSentence, place);
        let (start, end) = in_document(*covered, starts);
        document.outside.entities.push(Aside {
            sentence: covered.first.0,
            at: usize::MAX,
            item: EntityMention { start, end, label },
        });
    }
}

fn add_relations(
    document: &mut Document,
    annotations: &Annotations,
    found: &HashMap<&str, Covered>,
    starts: &[usize],
    report: &mut ReadReport,
) {
    let name = document.id.clone().unwrap_or_default();
    for relation in &annotations.relations {
        let place = format!("{name}, {} {}", relation.id, relation.label);
        let ends = [&relation.subject, &relation.object].map(|id| found.get(id.as_str()));
        let [Some(&subject), Some(&object)] = ends else {
            report.note(Finding::UnreadRelation, place);
            continue;
        };
        let label = relation.label.clone();
        match (subject.within(), object.within()) {
            (Some((sentence, subject)), Some((other, object))) if sentence == other => {
                document.sentences[sentence]
                    .relations
                    .push(RelationMention {
                        subject,
                        object,
                        label,
                    });
            }
            _ => {
                report.note(Finding::CrossSentenceRelation, place);
                document.outside.relations.push(Aside {
                    sentence: subject.first.0,
                    at: usize::MAX,
                    item: Relation {
                        subject: in_document(subject, starts),
                        object: in_document(object, starts),
                        label,
                    },
                });
            }
        }
    }
}

/// First and last word, counted through the document.
fn in_document(covered: Covered, starts: &[usize]) -> (usize, usize) {
    let word = |(sentence, place): (usize, usize)| starts[sentence] + place;
    (word(covered.first), word(covered.last))
}

/// The longest text that is read: 64 MiB.
const TEXT_LIMIT: u64 = 64 << 20;

/// [`read_brat`] of a text file and the `.ann` file beside it, named after the file.
///
/// # Errors
/// As [`read_brat`]; where the text cannot be read, is not UTF-8 or has more than 64 MiB.
pub fn read_brat_files(
    text: impl AsRef<Path>,
    options: &BratOptions,
    corpus: &mut Corpus,
) -> Result<()> {
    let path = text.as_ref();
    let mut bytes = Vec::new();
    let reader = open(path)?;
    let length = reader.take(TEXT_LIMIT + 1).read_to_end(&mut bytes);
    if length.map_err(|error| plm_core::Error::io(path, error))? as u64 > TEXT_LIMIT {
        let reason = format!("longer than {TEXT_LIMIT} bytes; split it");
        return Err(plm_core::Error::format(path, reason).into());
    }
    let text = String::from_utf8(bytes)
        .map_err(|error| plm_core::Error::format(path, error.to_string()))?;
    let annotations = path.with_extension("ann");
    let lines = Lines::new(open(&annotations)?, &annotations);
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    read_brat(&name, &text, lines, options, corpus)
}
