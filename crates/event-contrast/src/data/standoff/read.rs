//! Reading a text with its standoff files.

use std::io::{BufRead, Read};
use std::path::Path;

use plm_core::data::Lines;
use serde::{Deserialize, Serialize};

use super::super::document::EventDocument;
use super::super::places::Places;
use super::super::report::ReadReport;
use super::super::segment::{SentenceSplit, TextLayout, Tokenization};
use super::annotation::{Annotation, read_annotations};
use super::gather::{Gathered, Names};
use crate::{Error, Result};

/// The longest text that is read: 64 MiB.
const TEXT_LIMIT: u64 = 64 << 20;

/// How a text and its standoff files are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandoffLayout {
    /// How the text becomes sentences of tokens.
    pub text: TextLayout,
    /// Types of text-bound annotations that are events although no `E` line names them.
    pub triggers: Vec<String>,
}

impl Default for StandoffLayout {
    /// Raw text: letters and digits together, sentences by marks; triggers have `E` lines.
    fn default() -> Self {
        Self {
            text: TextLayout::new(Tokenization::Words, SentenceSplit::Marks),
            triggers: Vec::new(),
        }
    }
}

/// Annotations and the types of theirs that are events by themselves.
pub(in crate::data) struct StandoffFile {
    pub(super) annotations: Vec<Annotation>,
    pub(super) triggers: Vec<String>,
}

impl StandoffFile {
    /// The annotations in `lines`, among which `triggers` are events by themselves.
    pub(in crate::data) fn read<R: BufRead>(lines: Lines<R>, triggers: &[String]) -> Result<Self> {
        Ok(Self {
            annotations: read_annotations(lines)?,
            triggers: triggers.to_vec(),
        })
    }
}

/// Reads document `id`: its text, which errors call `origin`, and the lines of its annotation
/// files, which share their names (as a1 and a2 do).
///
/// Text-bound annotations that an event names as its trigger, or whose type is one of
/// [`StandoffLayout::triggers`], are triggers; all others are entities. Each `E` line is an event,
/// also where several share a trigger; its arguments are entities, events and the spans
/// of triggers. `Equiv` joins
/// entities, `M` and `A` lines mark events, `R` lines are relations. Spans with gaps are widened
/// and counted.
///
/// # Errors
/// [`plm_core::Error::Line`] where a line is none of the format's, [`plm_core::Error::Format`]
/// where the text is not UTF-8 or longer than 64 MiB, or a name is given in two files,
/// [`plm_core::Error::Io`] where reading fails.
pub fn read_standoff<R: BufRead>(
    id: &str,
    text: impl Read,
    origin: impl AsRef<Path>,
    annotations: impl IntoIterator<Item = Lines<R>>,
    layout: &StandoffLayout,
) -> Result<(EventDocument, ReadReport)> {
    let text = read_text(text, origin.as_ref())?;
    let mut file = StandoffFile {
        annotations: Vec::new(),
        triggers: layout.triggers.clone(),
    };
    for lines in annotations {
        file.annotations.extend(read_annotations(lines)?);
    }
    gather(id, &text, origin.as_ref(), &[file], layout.text)
}

/// Reads document `id` of a BioNLP shared task (Nédellec et al. 2013): its text, which errors call
/// `origin`, the given entities (a1) and the events (a2), which test sets do not have.
///
/// # Errors
/// As [`read_standoff`].
pub fn read_bionlp<R: BufRead>(
    id: &str,
    text: impl Read,
    origin: impl AsRef<Path>,
    a1: Lines<R>,
    a2: Option<Lines<R>>,
) -> Result<(EventDocument, ReadReport)> {
    let files = std::iter::once(a1).chain(a2);
    read_standoff(id, text, origin, files, &StandoffLayout::default())
}

/// The document of `text` with `files`, each with names of its own.
///
/// # Errors
/// [`plm_core::Error::Format`] where a name is given twice in a file.
pub(in crate::data) fn gather(
    id: &str,
    text: &str,
    origin: &Path,
    files: &[StandoffFile],
    layout: TextLayout,
) -> Result<(EventDocument, ReadReport)> {
    let all = files.iter().flat_map(|file| &file.annotations);
    let spans: Vec<(usize, usize)> = all
        .filter_map(|annotation| match annotation {
            Annotation::TextBound { spans, .. } => Some(spans),
            _ => None,
        })
        .flatten()
        .copied()
        .collect();
    let mut report = ReadReport::default();
    let mut places = Places::new(id, text, layout, spans, &mut report);
    let mut gathered = Gathered::default();
    for file in files {
        let names = Names::new(file)
            .map_err(|name| Error::format(origin, format!("`{name}` has two annotations")))?;
        gathered.add(file, &names, &mut places);
    }
    let document = gathered.document(id, &mut places);
    report.count(&document);
    Ok((document, report))
}

/// All of `reader`, which must be UTF-8.
pub(in crate::data) fn read_text(reader: impl Read, origin: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    reader
        .take(TEXT_LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::io(origin, error))?;
    if bytes.len() as u64 > TEXT_LIMIT {
        let reason = format!("longer than {TEXT_LIMIT} bytes");
        return Err(Error::format(origin, reason));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let byte = error.as_bytes()[at];
        Error::format(origin, format!("not UTF-8: byte 0x{byte:02x} at {at}"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::document::{Filler, TokenSpan};
    use super::super::super::report::Loss;
    use super::*;

    const TEXT: &str = "BMP-6 induced Smad1/5. It did not fall.\n";
    const A1: &str = "T1\tProtein 0 5\tBMP-6\nT2\tProtein 14 19\tSmad1\nT3\tProtein 20 21\t5\n\
                      *\tEquiv T2 T3\n";
    const A2: &str = "T4\tPositive_regulation 6 13\tinduced\nT5\tNegative_regulation 34 38\tfall\n\
                      T6\tPhosphorylation 10 13;14 16\tced Sm\nT7\tEntity 21 25\t. It\n\
                      E1\tPositive_regulation:T4 Theme:E2 Cause:T1\nE2\tPhosphorylation:T6 \
                      Theme:T2\nE3\tNegative_regulation:T5 Theme:T9 Site:T7\nM1\tNegation E3\n\
                      R1\tCoreference Subject:T1 Object:T4\n#1\tNote T1\tx\nM2\tNegation E8\n";

    fn lines(text: &str) -> Lines<&[u8]> {
        Lines::new(text.as_bytes(), "d.ann")
    }

    #[test]
    fn events_within_events() {
        let (document, report) =
            read_bionlp("d", TEXT.as_bytes(), "d.txt", lines(A1), Some(lines(A2))).unwrap();
        document.validate().unwrap();
        assert_eq!(document.sentences.len(), 2);
        assert_eq!(document.entities.len(), 2);
        let smad = document.spans(Filler::Entity(1));
        assert_eq!(smad.len(), 2);
        let [first, second, third] = &document.events[..] else {
            panic!("{:?}", document.events)
        };
        let first_trigger = TokenSpan::new(0, 3, 5);
        let fillers = |event: &super::super::super::document::Event| -> Vec<Filler> {
            event.arguments.iter().map(|a| a.filler).collect()
        };
        assert_eq!(fillers(first), [Filler::Event(1), Filler::Entity(0)]);
        assert_eq!(fillers(second), [Filler::Entity(1)]);
        assert_eq!(first.mentions[0].span, first_trigger);
        assert_eq!(third.modifications, ["Negation"]);
        assert!(third.arguments.is_empty());
        let trigger = Filler::Span(first_trigger);
        assert_eq!(document.relations[0].arguments[1].filler, trigger);
        // T9 and E8 are not there, T7 runs over the end of a sentence.
        assert_eq!(report.lost(Loss::UnknownReference), 3);
        assert_eq!(report.lost(Loss::CrossSentenceSpan), 1);
        assert_eq!(report.lost(Loss::DiscontinuousSpan), 1);
        assert_eq!(report.lost(Loss::Note), 1);
    }

    #[test]
    fn a_test_document_has_entities_alone() {
        let (document, _) = read_bionlp("d", TEXT.as_bytes(), "d.txt", lines(A1), None).unwrap();
        assert!(document.events.is_empty());
        assert_eq!(document.entities.len(), 2);
    }

    #[test]
    fn bad_text_and_repeated_names() {
        let error = read_bionlp("d", &b"a\xff"[..], "d.txt", lines(A1), None).unwrap_err();
        assert_eq!(error.to_string(), "d.txt: not UTF-8: byte 0xff at 1");
        let error =
            read_bionlp("d", TEXT.as_bytes(), "d.txt", lines(A1), Some(lines(A1))).unwrap_err();
        assert_eq!(error.to_string(), "d.txt: `T1` has two annotations");
    }
}
