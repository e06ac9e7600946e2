//! Writes OntoNotes' `*_gold_conll` files.

use std::cmp::Reverse;
use std::io::Write as _;
use std::path::Path;

use plm_core::files::write_atomic;

use super::super::check::{name, note_left_out};
use super::super::{Document, Entity, Finding, ReadReport, Sentence, Source, WordSpan};
use super::{SKIPPED, header_name, plain};
use crate::{Error, Result};

fn unwritable(place: &str, reason: String) -> Error {
    Error::Unwritable {
        document: place.to_owned(),
        reason,
    }
}

/// What the lines of a document say of it: its header, its name and its part.
struct Head<'n> {
    header: String,
    name: &'n str,
    part: u32,
}

impl<'n> Head<'n> {
    fn of(id: &'n str) -> Result<Self> {
        let (header, name, part) = match id.rsplit_once('#') {
            Some((name, part)) => (format!(" ({name}); part {part}"), name, part),
            None => (format!(" ({id});"), id, ""),
        };
        if header_name(&header) != id || id.contains(['\n', '\r']) || id.starts_with(SKIPPED) {
            let reason = "a file would not give this name back, or have no entities; rename it";
            return Err(unwritable(id, reason.to_owned()));
        }
        // The header has the name; a line that begins with `#` would be no word.
        let bare = name.is_empty() || name.starts_with('#') || name.contains(char::is_whitespace);
        Ok(Self {
            header,
            name: if bare { "-" } else { name },
            part: part.parse().unwrap_or(0),
        })
    }
}

/// Whether the two share words and none lies in the other.
fn cross(one: WordSpan, other: WordSpan) -> bool {
    let within = |a: WordSpan, b: WordSpan| b.start <= a.start && a.end <= b.end;
    one.overlaps(other) && !within(one, other) && !within(other, one)
}

/// The named-entity column of a sentence.
fn column(
    sentence: &Sentence,
    source: Source,
    place: &str,
    report: &mut ReadReport,
) -> Result<Vec<String>> {
    let words = sentence.words.len();
    let mut entities = sentence.entities_from(source);
    for Entity { span, label } in entities.iter().copied() {
        if !span.is_within(words) {
            return Err(unwritable(
                place,
                format!("entity {span} reaches beyond it"),
            ));
        }
        let bracket = |letter: char| letter.is_whitespace() || "()*".contains(letter);
        if label.is_empty() || label.contains(bracket) {
            let reason = format!("label {label:?} is empty or has a bracket, * or white space");
            return Err(unwritable(place, format!("{reason}; rename it")));
        }
    }
    entities.sort_by_key(|entity| (Reverse(entity.span.width()), entity.span));
    let mut kept: Vec<&Entity> = Vec::new();
    for entity in entities {
        if kept.iter().any(|other| cross(other.span, entity.span)) {
            let place = format!("{place}, {} {}", entity.span, entity.label);
            report.note(Finding::OverlapNotWritten, place);
        } else {
            kept.push(entity);
        }
    }
    // Of entities with the same words the last opens first: it closes last, and so is read last.
    kept.reverse();
    kept.sort_by_key(|entity| (entity.span.start, Reverse(entity.span.end)));
    let mut cells = vec![(String::new(), String::new()); words];
    for entity in kept {
        let opened = &mut cells[entity.span.start].0;
        opened.push('(');
        opened.push_str(&entity.label);
        cells[entity.span.end].1.push(')');
    }
    let cells = cells.into_iter().map(|(opened, closed)| {
        let alone = opened.is_empty() || closed.is_empty();
        let star = if alone { "*" } else { "" };
        format!("{opened}{star}{closed}")
    });
    Ok(cells.collect())
}

/// The lines of `documents`, and what they leave out.
fn lines(documents: &[Document], source: Source) -> Result<(String, ReadReport)> {
    let mut report = ReadReport::default();
    let mut text = String::new();
    for (index, document) in documents.iter().enumerate() {
        let id = name(document, index);
        let head = Head::of(&id)?;
        text += &format!("#begin document{}\n", head.header);
        note_left_out(document, &id, source, &mut report);
        for (at, sentence) in document.sentences.iter().enumerate() {
            let place = format!("{id}, sentence {at}");
            for relation in sentence.relations_from(source) {
                let place = format!("{place}, {}", relation.label);
                report.note(Finding::RelationNotWritten, place);
            }
            if sentence.words.is_empty() {
                report.note(Finding::EmptySentence, place);
                continue;
            }
            let cells = column(sentence, source, &place, &mut report)?;
            for (number, (word, cell)) in sentence.words.iter().zip(cells).enumerate() {
                let blank = |letter: char| letter.is_ascii_whitespace();
                if word.is_empty() || word.contains(blank) || plain(word) != word.as_str() {
                    let reason =
                        format!("a file would not give the word {word:?} back; replace it");
                    return Err(unwritable(&place, reason));
                }
                let Head { name, part, .. } = head;
                text += &format!("{name} {part} {number} {word} - * - - - - {cell} -\n");
            }
            text.push('\n');
        }
        text += "#end document\n";
        report.count_document(document);
    }
    Ok((text, report))
}

/// Writes `documents` with the entities from `source` to `path`, whole or not at all, as a `*_gold_conll`
/// file that [`read_onto_notes`](super::read_onto_notes) reads; columns of which documents say nothing hold
/// `-` or `*`. A name `document#part` becomes the header of a part. What brackets cannot say is reported: of
/// entities that cross, the longest is kept, and of those the first; empty sentences, events, clusters and what
/// fits into no sentence are left out; relations are not written.
///
/// # Errors
/// [`Error::Unwritable`] for a name, a word or a label that would not be read back, for an entity beyond
/// its sentence, and for documents `pt/…`, which have no entities in OntoNotes; where writing fails.
pub fn write_onto_notes(
    path: impl AsRef<Path>,
    documents: &[Document],
    source: Source,
) -> Result<ReadReport> {
    let (text, report) = lines(documents, source)?;
    write_atomic(path.as_ref(), |writer| writer.write_all(text.as_bytes()))?;
    Ok(report)
}

#[cfg(test)]
mod tests {
    use plm_core::data::Lines;
    use proptest::prelude::*;

    use super::super::super::check::tests::beyond_sentences;
    use super::super::super::{Corpus, ReadOptions, RelationMention, read_onto_notes};
    use super::*;

    fn entity(start: usize, end: usize, label: &str) -> Entity {
        Entity {
            span: WordSpan::new(start, end),
            label: label.to_owned(),
        }
    }

    fn read(text: &str) -> Corpus {
        read_onto_notes(Lines::new(text.as_bytes(), "f"), &ReadOptions::default()).unwrap()
    }

    #[test]
    fn brackets_nest_and_come_back() {
        let mut first = Sentence::new(["The", "(", "Senate", "of", "Rome"]);
        first.entities = vec![
            entity(0, 2, "ORG"),
            entity(0, 0, "DATE"),
            entity(2, 2, "X"),
            entity(2, 4, "CROSSING"),
            entity(4, 4, "GPE"),
            entity(4, 4, "LOC"),
        ];
        first.relations = vec![RelationMention {
            subject: WordSpan::new(0, 2),
            object: WordSpan::new(4, 4),
            label: "in".to_owned(),
        }];
        let second = Sentence::new(["ok"]);
        let documents = [
            Document::new("bc/x/00/x_0000#001", vec![first, Sentence::default()]),
            Document::new("two words", vec![second]),
        ];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f.gold_conll");
        let report = write_onto_notes(&path, &documents, Source::Gold).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let wanted = "#begin document (bc/x/00/x_0000); part 001\n\
            bc/x/00/x_0000 1 0 The - * - - - - (ORG(DATE) -\n\
            bc/x/00/x_0000 1 1 ( - * - - - - * -\n\
            bc/x/00/x_0000 1 2 Senate - * - - - - (X)) -\n\
            bc/x/00/x_0000 1 3 of - * - - - - * -\n\
            bc/x/00/x_0000 1 4 Rome - * - - - - (LOC(GPE)) -\n\n\
            #end document\n\
            #begin document (two words);\n\
            - 0 0 ok - * - - - - * -\n\n\
            #end document\n";
        assert_eq!(text, wanted);
        let places = report.places(Finding::OverlapNotWritten);
        assert_eq!(places, ["bc/x/00/x_0000#001, sentence 0, [2, 4] CROSSING"]);
        assert_eq!(report.count(Finding::EmptySentence), 1);
        assert_eq!(report.count(Finding::RelationNotWritten), 1);
        let again = read(&text).documents;
        let mut expected = documents[0].sentences[0].entities.clone();
        expected.remove(3);
        assert_eq!(again[0].sentences[0].entities, expected);
        assert_eq!(again[0].sentences.len(), 1);
        let names: Vec<_> = again.iter().map(|one| one.id.as_deref()).collect();
        assert_eq!(names, [Some("bc/x/00/x_0000#001"), Some("two words")]);
    }

    #[test]
    fn what_brackets_cannot_hold_is_reported() {
        let documents = [beyond_sentences()];
        let (_, report) = lines(&documents, Source::Gold).unwrap();
        let places = |finding| report.places(finding).join("|");
        assert_eq!(places(Finding::EntityOutsideSentence), "d, sentence 0, X");
        assert_eq!(places(Finding::Cluster), "d, cluster 0");
        assert_eq!(places(Finding::Event), "d, sentence 1, E");
        let (_, report) = lines(&documents, Source::Predicted).unwrap();
        assert!(report.is_clean(), "{report}");
    }

    #[test]
    fn what_would_not_come_back_is_refused() {
        let error = |id: &str, word: &str, end: usize, label: &str| {
            let mut sentence = Sentence::new([word]);
            sentence.entities = vec![entity(0, end, label)];
            let documents = [Document::new(id, vec![sentence])];
            lines(&documents, Source::Gold).unwrap_err().to_string()
        };
        assert!(error("pt/x#000", "a", 0, "X").contains("rename it"));
        assert!(error("x)", "a", 0, "X").contains("this name"));
        assert!(error("x\ny", "a", 0, "X").contains("this name"));
        assert!(error("d", "a", 1, "X").contains("[0, 1] reaches beyond"));
        assert!(error("d", "a", 0, "X*").contains("\"X*\""));
        assert!(error("d", "a", 0, "").contains("is empty"));
        for word in ["", "a b", "/."] {
            assert!(error("d", word, 0, "X").contains("the word"), "{word:?}");
        }
    }

    proptest! {
        #[test]
        fn entities_that_nest_come_back(
            spans in prop::collection::vec((0_usize..6, 0_usize..6, "[A-C]"), 0..9),
        ) {
            let mut sentence = Sentence::new(["a", "b", "c", "d", "e", "f"]);
            let spans = spans.iter().filter(|(start, end, _)| start <= end);
            sentence.entities = spans.map(|(start, end, label)| entity(*start, *end, label)).collect();
            let count = sentence.entities.len();
            let documents = [Document::new("d", vec![sentence])];
            let (text, report) = lines(&documents, Source::Gold).unwrap();
            let corpus = read(&text);
            prop_assert_eq!(corpus.report.count(Finding::UnbalancedBracket), 0);
            let lost = report.count(Finding::OverlapNotWritten);
            prop_assert_eq!(corpus.report.entities + lost, count);
            let (again, report) = lines(&corpus.documents, Source::Gold).unwrap();
            prop_assert_eq!(again, text);
            prop_assert!(report.is_clean());
        }
    }
}
