//! Files with one word and its tag per line: CoNLL-2003, Few-NERD and their kin.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::Path;

use plm_core::data::{ConllFormat, ConllReader, Lines, TaggedSentence, write_conll};
use plm_core::files::write_atomic;

use super::check::{name, note_left_out};
use super::{
    Corpus, Document, Entity, Finding, ReadOptions, ReadReport, Sentence, Source, Tagging,
};
use crate::Result;

/// How a file with one word per line is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedFormat {
    /// Its columns and marks.
    pub columns: ConllFormat,
    /// How its tags mark entities.
    pub tagging: Tagging,
    /// Whether every sentence is a document of its own, without context.
    pub sentence_documents: bool,
}

impl TaggedFormat {
    /// CoNLL-2003: the word first, the tag last, `-DOCSTART-` before documents. The original files
    /// have [`Tagging::Iob1`], most copies [`Tagging::Iob2`].
    pub fn conll2003(tagging: Tagging) -> Self {
        Self {
            columns: ConllFormat::conll2003(),
            tagging,
            sentence_documents: false,
        }
    }

    /// Few-NERD: the word, a tab and the bare type; every sentence is a document.
    pub fn few_nerd() -> Self {
        Self {
            columns: ConllFormat {
                document: None,
                ..ConllFormat::tab_separated()
            },
            tagging: Tagging::Io,
            sentence_documents: true,
        }
    }
}

/// The documents of a file with one word per line. They are named after the file's number of the
/// document, or of the sentence where each is a document, from 1.
///
/// Tags that do not follow their scheme are read by conlleval's rules and reported, as are documents without
/// sentences.
///
/// # Errors
/// The first sentence with a line or a tag that cannot be read, unless `options` leave it out. Where
/// reading fails.
pub fn read_tagged<R: BufRead>(
    lines: Lines<R>,
    format: &TaggedFormat,
    options: &ReadOptions,
) -> Result<Corpus> {
    let origin = lines.origin().to_path_buf();
    let mut corpus = Corpus::default();
    let mut open: Option<(usize, Document)> = None;
    let (mut count, mut last) = (0, 0);
    let mut reader = ConllReader::new(lines, format.columns.clone());
    for sentence in reader.by_ref() {
        count += 1;
        let Some(sentence) = corpus.accept(sentence.map_err(Into::into), options)? else {
            continue;
        };
        let tagged = format.tagging.read(&sentence.tags).map_err(|error| {
            plm_core::Error::line(&origin, sentence.line, error.to_string()).into()
        });
        let Some(tagged) = corpus.accept(tagged, options)? else {
            continue;
        };
        if !tagged.on_scheme {
            let place = format!("sentence at line {}", sentence.line);
            corpus.report.note(Finding::OffScheme, place);
        }
        let number = match format.sentence_documents {
            true => count,
            false => sentence.document,
        };
        if let Some((_, document)) = open.take_if(|(open, _)| *open != number) {
            corpus.push(document, options);
        }
        if open.is_none() && !format.sentence_documents {
            note_empty(last + 1..number, &mut corpus.report);
        }
        last = number;
        let (_, document) = open.get_or_insert_with(|| (number, new_document(number)));
        document.sentences.push(Sentence {
            words: sentence.tokens,
            entities: tagged.entities,
            ..Sentence::default()
        });
    }
    if let Some((_, document)) = open {
        corpus.push(document, options);
    }
    if !format.sentence_documents {
        note_empty(last + 1..=reader.documents(), &mut corpus.report);
    }
    Ok(corpus)
}

fn note_empty(documents: impl Iterator<Item = usize>, report: &mut ReadReport) {
    for number in documents {
        report.note(Finding::EmptyDocument, format!("document {number}"));
    }
}

fn new_document(number: usize) -> Document {
    let mut document = Document::new(number.to_string(), Vec::new());
    document.layers.entities = true;
    document
}

/// The sentences of `documents` with the tags of their entities from `source`. What tags cannot say
/// is reported: of entities that overlap, the longest is kept, and of those the first; empty
/// sentences, events, clusters and what fits into no sentence are left out; relations are not written.
///
/// # Errors
/// [`plm_core::Error::Invalid`] for an entity without type or beyond its sentence,
/// [`Error::Label`](crate::Error::Label) for a type that the scheme cannot tell from no entity.
pub fn tag_sentences(
    documents: &[Document],
    tagging: Tagging,
    source: Source,
) -> Result<(Vec<TaggedSentence>, ReadReport)> {
    let mut report = ReadReport::default();
    let mut tagged = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        let id = name(document, index);
        note_left_out(document, &id, source, &mut report);
        for (at, sentence) in document.sentences.iter().enumerate() {
            let place = format!("{id}, sentence {at}");
            if sentence.words.is_empty() {
                report.note(Finding::EmptySentence, place);
                continue;
            }
            for relation in sentence.relations_from(source) {
                report.note(
                    Finding::RelationNotWritten,
                    format!("{place}, {}", relation.label),
                );
            }
            let entities = without_overlaps(sentence.entities_from(source), &place, &mut report);
            if tagging == Tagging::Io {
                note_neighbors(&entities, &place, &mut report);
            }
            tagged.push(TaggedSentence {
                line: 0,
                document: index + 1,
                tokens: sentence.words.clone(),
                tags: tagging.write(sentence.words.len(), &entities)?,
            });
        }
        report.count_document(document);
    }
    Ok((tagged, report))
}

fn without_overlaps<'a>(
    mut entities: Vec<&'a Entity>,
    place: &str,
    report: &mut ReadReport,
) -> Vec<&'a Entity> {
    entities.sort_by_key(|entity| (std::cmp::Reverse(entity.span.width()), entity.span));
    // By their first words: of spans that do not overlap, the last that begins no later than `entity`
    // ends is the only one that can reach into it.
    let mut kept: BTreeMap<(usize, usize), &Entity> = BTreeMap::new();
    for entity in entities {
        let before = kept.range(..=(entity.span.end, usize::MAX)).next_back();
        if before.is_some_and(|(_, other)| other.span.overlaps(entity.span)) {
            report.note(
                Finding::OverlapNotWritten,
                format!("{place}, {} {}", entity.span, entity.label),
            );
        } else {
            kept.insert((entity.span.start, entity.span.end), entity);
        }
    }
    let mut kept: Vec<&Entity> = kept.into_values().collect();
    kept.sort();
    kept
}

fn note_neighbors(entities: &[&Entity], place: &str, report: &mut ReadReport) {
    for pair in entities.windows(2) {
        if pair[0].span.end + 1 == pair[1].span.start && pair[0].label == pair[1].label {
            report.note(
                Finding::NeighborsMerged,
                format!("{place}, {} {}", pair[1].span, pair[1].label),
            );
        }
    }
}

/// Notes the documents that reading the file back would not give: several sentences that are each a document
/// there, or several documents with no mark between them.
fn note_borders(documents: &[Document], format: &TaggedFormat, report: &mut ReadReport) {
    let written = |document: &Document| {
        let sentences = document.sentences.iter();
        sentences.filter(|one| !one.words.is_empty()).count()
    };
    let several = documents.iter().filter(|one| written(one) > 0).count() > 1;
    let joined = several && format.columns.document.is_none();
    for (index, document) in documents.iter().enumerate() {
        let lost = match format.sentence_documents {
            true => written(document) > 1,
            false => joined && written(document) > 0,
        };
        if lost {
            report.note(Finding::BordersNotWritten, name(document, index));
        }
    }
}

/// Writes the sentences of `documents` to `path`, whole or not at all (see [`tag_sentences`]). Documents whose
/// borders the format does not tell are reported.
///
/// # Errors
/// As [`tag_sentences`], and for a word or tag that could not be read back; where writing fails.
pub fn write_tagged(
    path: impl AsRef<Path>,
    documents: &[Document],
    format: &TaggedFormat,
    source: Source,
) -> Result<ReadReport> {
    let path = path.as_ref();
    let (mut sentences, mut report) = tag_sentences(documents, format.tagging, source)?;
    note_borders(documents, format, &mut report);
    if format.columns.document.is_none() {
        for sentence in &mut sentences {
            sentence.document = 0;
        }
    }
    let mut bytes = Vec::new();
    write_conll(&mut bytes, path, &format.columns, &sentences)?;
    write_atomic(path, |writer| writer.write_all(&bytes))?;
    Ok(report)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::WordSpan;
    use super::super::check::tests::beyond_sentences;
    use super::*;

    fn read(text: &[u8], format: &TaggedFormat, skip: bool) -> Result<Corpus> {
        let options = ReadOptions {
            skip_unreadable: skip,
            ..ReadOptions::default()
        };
        read_tagged(Lines::new(text, "f"), format, &options)
    }

    fn spans(document: &Document) -> Vec<String> {
        let sentences = document.sentences.iter();
        let entities = sentences.flat_map(|s| &s.entities);
        entities
            .map(|e| format!("{} {}", e.span, e.label))
            .collect()
    }

    const CONLL: &[u8] = b"-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nsays VB O O\n\n\n\nBonn NNP \
        I-NP I-LOC\nParis NNP I-NP B-LOC\n-DOCSTART- (2)\n\nx X O I-PER\ny X O I-PER\n";

    #[test]
    fn documents_and_sentences_are_told_apart() {
        let corpus = read(CONLL, &TaggedFormat::conll2003(Tagging::Iob1), false).unwrap();
        assert!(corpus.report.is_clean(), "{}", corpus.report);
        let [one, two] = corpus.documents.as_slice() else {
            panic!("{} documents", corpus.documents.len());
        };
        assert_eq!((one.sentences.len(), two.sentences.len()), (2, 1));
        assert_eq!(spans(one), ["[0, 0] ORG", "[0, 0] LOC", "[1, 1] LOC"]);
        assert_eq!(spans(two), ["[0, 1] PER"]);
        assert_eq!(two.id.as_deref(), Some("2"));
        assert!(one.layers.entities && !one.layers.relations);
        let corpus = read(CONLL, &TaggedFormat::conll2003(Tagging::Iob2), false).unwrap();
        assert_eq!(corpus.report.count(Finding::OffScheme), 3);
        assert_eq!(spans(&corpus.documents[0]), spans(one));
    }

    #[test]
    fn documents_without_sentences_are_reported() {
        let text = b"-DOCSTART-\n\n-DOCSTART-\na O\n-DOCSTART-\n-DOCSTART-\n\nb O\n\n-DOCSTART-\n";
        let corpus = read(text, &TaggedFormat::conll2003(Tagging::Iob2), false).unwrap();
        assert_eq!(corpus.documents.len(), 2);
        assert_eq!(
            corpus.report.places(Finding::EmptyDocument),
            ["document 1", "document 3", "document 5"]
        );
    }

    #[test]
    fn few_nerd_types_have_dashes_and_slashes_and_neighbors_merge() {
        let text = b"a b\tart-broadcastprogram\nc\tart-broadcastprogram\nd\tperson-artist/author\n\
            e\tO\n\nf\tO\n";
        let corpus = read(text, &TaggedFormat::few_nerd(), false).unwrap();
        assert_eq!(corpus.documents.len(), 2);
        assert_eq!(
            spans(&corpus.documents[0]),
            ["[0, 1] art-broadcastprogram", "[2, 2] person-artist/author"]
        );
        assert_eq!(corpus.documents[0].sentences[0].words[0], "a b");
        assert_eq!(corpus.documents[1].id.as_deref(), Some("2"));
        assert_eq!(corpus.report.words, 5);
    }

    #[test]
    fn what_cannot_be_read_stops_or_is_left_out_and_reported() {
        let text = b"a O\nb Q-X\n\nc O\nd\n\ne B-X\n";
        let format = TaggedFormat::conll2003(Tagging::Iob2);
        let error = read(text, &format, false).unwrap_err().to_string();
        assert!(
            error.starts_with("f:1: ") && error.contains("Q-X"),
            "{error}"
        );
        let corpus = read(text, &format, true).unwrap();
        assert_eq!(corpus.report.count(Finding::UnreadLine), 2);
        assert_eq!(spans(&corpus.documents[0]), ["[0, 0] X"]);
    }

    #[test]
    fn writing_reports_what_tags_cannot_say() {
        let entity = |start, end, label: &str| Entity {
            span: WordSpan::new(start, end),
            label: label.to_owned(),
        };
        let mut sentence = Sentence::new(["a", "b", "c", "d"]);
        sentence.entities = vec![
            entity(0, 0, "X"),
            entity(0, 1, "X"),
            entity(2, 2, "X"),
            entity(1, 2, "Y"),
        ];
        let documents = [
            Document::new("d", vec![Sentence::default(), sentence]),
            Document::new("e", vec![Sentence::new(["z"])]),
        ];
        let format = TaggedFormat::conll2003(Tagging::Iob2);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f.conll");
        let report = write_tagged(&path, &documents, &format, Source::Gold).unwrap();
        let written = std::fs::read(&path).unwrap();
        let text = "-DOCSTART-\n\na B-X\nb I-X\nc B-X\nd O\n\n-DOCSTART-\n\nz O\n\n";
        assert_eq!(String::from_utf8(written).unwrap(), text);
        assert_eq!(report.count(Finding::EmptySentence), 1);
        assert_eq!(
            report.places(Finding::OverlapNotWritten),
            ["d, sentence 1, [1, 2] Y", "d, sentence 1, [0, 0] X"]
        );
        let report = write_tagged(&path, &documents, &TaggedFormat::few_nerd(), Source::Gold);
        assert_eq!(
            report.unwrap().places(Finding::NeighborsMerged),
            ["d, sentence 1, [2, 2] X"]
        );
        assert_eq!(
            std::fs::read(&path).unwrap(),
            b"a\tX\nb\tX\nc\tX\nd\tO\n\nz\tO\n\n"
        );
    }

    #[test]
    fn writing_reports_what_only_json_lines_hold() {
        let documents = [beyond_sentences()];
        let (_, report) = tag_sentences(&documents, Tagging::Iob2, Source::Gold).unwrap();
        let places = |finding| report.places(finding).join("|");
        assert_eq!(places(Finding::EntityOutsideSentence), "d, sentence 0, X");
        assert_eq!(places(Finding::RelationNotWritten), "d, sentence 1, r");
        assert_eq!(places(Finding::Cluster), "d, cluster 0");
        assert_eq!(places(Finding::Event), "d, sentence 1, E");
        let (_, report) = tag_sentences(&documents, Tagging::Iob2, Source::Predicted).unwrap();
        assert!(report.is_clean(), "{report}");
    }

    #[test]
    fn writing_reports_the_borders_of_documents_that_are_lost() {
        let sentences = |count: usize| vec![Sentence::new(["a"]); count];
        let mut one = Document::new("one", sentences(1));
        one.sentences.push(Sentence::default());
        let documents = [one, Document::new("two", sentences(2))];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let lost = |documents: &[Document], format: &TaggedFormat| {
            let report = write_tagged(&path, documents, format, Source::Gold).unwrap();
            let read = read(&std::fs::read(&path).unwrap(), format, false).unwrap();
            let found: Vec<usize> = read.documents.iter().map(|d| d.sentences.len()).collect();
            (report.places(Finding::BordersNotWritten).to_vec(), found)
        };
        let few_nerd = TaggedFormat::few_nerd();
        assert_eq!(
            lost(&documents, &few_nerd),
            (vec!["two".to_owned()], vec![1; 3])
        );
        let conll = TaggedFormat::conll2003(Tagging::Iob2);
        assert_eq!(lost(&documents, &conll), (Vec::new(), vec![1, 2]));
        let unmarked = TaggedFormat {
            sentence_documents: false,
            ..few_nerd
        };
        let names = vec!["one".to_owned(), "two".to_owned()];
        assert_eq!(lost(&documents, &unmarked), (names, vec![3]));
        assert_eq!(lost(&documents[1..], &unmarked), (Vec::new(), vec![2]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for format in [TaggedFormat::few_nerd(), TaggedFormat::conll2003(Tagging::Bilou)] {
                let corpus = read(&bytes, &format, true).unwrap();
                prop_assert!(corpus.report.words <= bytes.len());
            }
        }

        #[test]
        fn lines_of_tags_come_back(
            tags in prop::collection::vec(prop::collection::vec("O|[BILU]-[XY]", 1..6), 1..5),
        ) {
            let mut text = String::new();
            for sentence in &tags {
                sentence.iter().for_each(|tag| text += &format!("w {tag}\n"));
                text += "\n";
            }
            let format = TaggedFormat::conll2003(Tagging::Bilou);
            let corpus = read(text.as_bytes(), &format, false).unwrap();
            let (written, report) =
                tag_sentences(&corpus.documents, Tagging::Bilou, Source::Gold).unwrap();
            prop_assert!(report.is_clean());
            let mut bytes = Vec::new();
            write_conll(&mut bytes, "f", &format.columns, &written).unwrap();
            let again = read(&bytes, &format, false).unwrap();
            prop_assert!(again.report.is_clean(), "{}", again.report);
            prop_assert_eq!(&again.documents[0].sentences, &corpus.documents[0].sentences);
        }
    }
}
