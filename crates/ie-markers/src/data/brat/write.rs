//! Writes texts with standoff annotations.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use plm_core::files::write_atomic;

use super::super::check::{name, note_left_out};
use super::super::{CharSpan, Document, Finding, ReadReport, Sentence, Source, WordSpan};
use crate::{Error, Result};

/// A text and its standoff annotations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BratFiles {
    /// The text.
    pub text: String,
    /// The lines of the `.ann` file.
    pub annotations: String,
}

/// The text of `document` and the annotations from `source`. Where its text or the offsets of some
/// sentence are not known, the text is made of its words ([`Document::join_words`]). Gold
/// annotations that were kept aside, events and clusters are not written and reported, as are relations
/// one of whose ends is no entity.
///
/// # Errors
/// [`Error::Unwritable`] for a label that is empty or has white space, for an entity beyond its
/// sentence, for offsets that do not fit the text or the words.
pub fn brat_files(document: &Document, source: Source) -> Result<(BratFiles, ReadReport)> {
    let known = document.sentences.iter().all(|s| s.offsets.is_some());
    let mut joined;
    let document = match document.text.is_some() && known {
        true => document,
        false => {
            joined = document.clone();
            joined.join_words();
            &joined
        }
    };
    let mut writer = Writer {
        text: document
            .text
            .as_deref()
            .unwrap_or_default()
            .chars()
            .collect(),
        lines: String::new(),
        entities: 0,
        relations: 0,
        report: ReadReport::default(),
    };
    let name = name(document, 0);
    note_left_out(document, &name, source, &mut writer.report);
    for (index, sentence) in document.sentences.iter().enumerate() {
        let place = format!("{name}, sentence {index}");
        writer.sentence(sentence, source, &place)?;
    }
    writer.report.count_document(document);
    let files = BratFiles {
        text: document.text.clone().unwrap_or_default(),
        annotations: writer.lines,
    };
    Ok((files, writer.report))
}

struct Writer {
    text: Vec<char>,
    lines: String,
    entities: usize,
    relations: usize,
    report: ReadReport,
}

impl Writer {
    fn sentence(&mut self, sentence: &Sentence, source: Source, place: &str) -> Result<()> {
        let mut ids: HashMap<WordSpan, usize> = HashMap::new();
        for entity in sentence.entities_from(source) {
            check_label(&entity.label, place)?;
            let (span, text) = self.characters(sentence, entity.span, place)?;
            self.entities += 1;
            ids.entry(entity.span).or_insert(self.entities);
            // Writing to a string does not fail.
            let CharSpan { start, end } = span;
            let _ = writeln!(
                self.lines,
                "T{}\t{} {start} {end}\t{text}",
                self.entities, entity.label
            );
        }
        for relation in sentence.relations_from(source) {
            check_label(&relation.label, place)?;
            let ends = (ids.get(&relation.subject), ids.get(&relation.object));
            let (Some(subject), Some(object)) = ends else {
                let place = format!(
                    "{place}, {} {} {}",
                    relation.subject, relation.object, relation.label
                );
                self.report.note(Finding::RelationNotWritten, place);
                continue;
            };
            self.relations += 1;
            let _ = writeln!(
                self.lines,
                "R{}\t{} Arg1:T{subject} Arg2:T{object}",
                self.relations, relation.label
            );
        }
        Ok(())
    }

    /// The characters of `span` and their text on one line.
    fn characters(
        &self,
        sentence: &Sentence,
        span: WordSpan,
        place: &str,
    ) -> Result<(CharSpan, String)> {
        let refuse = |reason: &str| Error::Unwritable {
            document: place.to_owned(),
            reason: format!("entity {span} {reason}"),
        };
        let offsets = sentence.offsets.as_deref().unwrap_or_default();
        if offsets.len() != sentence.words.len() {
            return Err(refuse(
                "has a sentence with another number of offsets than words",
            ));
        }
        if !span.is_within(offsets.len()) {
            return Err(refuse("reaches beyond its sentence"));
        }
        let characters = CharSpan::new(offsets[span.start].start, offsets[span.end].end);
        let text = self
            .text
            .get(characters.start..characters.end)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| refuse("has no characters in the text"))?;
        let break_to_space = |&c: &char| if c.is_control() { ' ' } else { c };
        Ok((characters, text.iter().map(break_to_space).collect()))
    }
}

fn check_label(label: &str, place: &str) -> Result<()> {
    if !label.is_empty() && !label.contains(char::is_whitespace) {
        return Ok(());
    }
    Err(Error::Unwritable {
        document: place.to_owned(),
        reason: format!("label {label:?} is empty or has white space; rename it"),
    })
}

/// Writes [`brat_files`] to `path` with the extensions `txt` and `ann`, each whole or not at all.
///
/// # Errors
/// As [`brat_files`]; where writing fails.
pub fn write_brat(
    path: impl AsRef<Path>,
    document: &Document,
    source: Source,
) -> Result<ReadReport> {
    let (files, report) = brat_files(document, source)?;
    let name = path.as_ref().as_os_str();
    for (extension, content) in [(".txt", files.text), (".ann", files.annotations)] {
        let mut path = name.to_owned();
        path.push(extension);
        write_atomic(&path, |writer| writer.write_all(content.as_bytes()))?;
    }
    Ok(report)
}
