//! LitBank (Bamman et al. 2019, Sims et al. 2019): events and entities of novels.

use std::io::{BufRead, Read};
use std::path::Path;

use plm_core::data::{ConllFormat, ConllReader, Lines};

use super::document::{Event, EventDocument, EventSentence, TokenSpan, TriggerMention};
use super::report::ReadReport;
use super::segment::{SentenceSplit, TextLayout, Tokenization};
use super::standoff::{StandoffFile, gather, read_text};
use crate::{Error, Result};

/// The one type of LitBank's events.
const EVENT: &str = "EVENT";

/// Reads document `id` from LitBank's brat files: the text, which errors call `origin`, the events
/// and, where wanted, the entities. A line is a sentence and tokens stand between spaces; the two
/// annotation files number their items each on its own.
///
/// # Errors
/// As [`read_standoff`](super::read_standoff).
pub fn read_litbank<R: BufRead>(
    id: &str,
    text: impl Read,
    origin: impl AsRef<Path>,
    events: Lines<R>,
    entities: Option<Lines<R>>,
) -> Result<(EventDocument, ReadReport)> {
    let text = read_text(text, origin.as_ref())?;
    let mut files = vec![StandoffFile::read(events, &[EVENT.to_owned()])?];
    if let Some(entities) = entities {
        files.push(StandoffFile::read(entities, &[])?);
    }
    let layout = TextLayout::new(Tokenization::Whitespace, SentenceSplit::Lines);
    gather(id, &text, origin.as_ref(), &files, layout)
}

/// Reads document `id` from LitBank's table of events: a token, a tab and `EVENT` or `O` on a
/// line, blank lines between sentences.
///
/// # Errors
/// [`plm_core::Error::Line`] where a line has no such columns, [`plm_core::Error::Io`] where
/// reading fails.
pub fn read_litbank_tsv<R: BufRead>(
    id: &str,
    lines: Lines<R>,
) -> Result<(EventDocument, ReadReport)> {
    let origin = lines.origin().to_path_buf();
    let mut document = EventDocument {
        id: id.to_owned(),
        ..EventDocument::default()
    };
    let format = ConllFormat {
        document: None,
        ..ConllFormat::tab_separated()
    };
    for sentence in ConllReader::new(lines, format) {
        let sentence = sentence?;
        let number = document.sentences.len();
        for (at, tag) in sentence.tags.iter().enumerate() {
            match tag.as_str() {
                "O" => {}
                EVENT => {
                    let name = document.events.len().to_string();
                    document.events.push(Event {
                        id: name.clone(),
                        event_type: EVENT.to_owned(),
                        mentions: vec![TriggerMention {
                            id: name,
                            span: TokenSpan::new(number, at, at + 1),
                        }],
                        ..Event::default()
                    });
                }
                other => {
                    let reason = format!("token {at}: `{other}` is neither {EVENT} nor O");
                    return Err(Error::line(origin, sentence.line, reason));
                }
            }
        }
        document.sentences.push(EventSentence {
            tokens: sentence.tokens,
            ..EventSentence::default()
        });
    }
    let mut report = ReadReport::default();
    report.count(&document);
    Ok((document, report))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "CHAP .\nMary closed the door .\n";

    #[test]
    fn both_forms_say_the_same() {
        let events = "T1\tEVENT 12 18\tclosed\n#1\tAnnotatorNotes T1\tsee\n";
        let entities = "T1\tPER 7 11\tMary\nT2\tFAC 19 27\tthe door\n";
        let lines = |text: &'static str| Lines::new(text.as_bytes(), "m.ann");
        let (brat, report) = read_litbank(
            "m",
            TEXT.as_bytes(),
            "m.txt",
            lines(events),
            Some(lines(entities)),
        )
        .unwrap();
        brat.validate().unwrap();
        assert_eq!(report.entities, 2);
        assert_eq!(brat.entities[1].mentions[0].span, TokenSpan::new(1, 2, 4));
        let table = "CHAP\tO\n.\tO\n\nMary\tO\nclosed\tEVENT\nthe\tO\ndoor\tO\n.\tO\n";
        let (tsv, _) = read_litbank_tsv("m", lines(table)).unwrap();
        let spans = |document: &EventDocument| -> Vec<TokenSpan> {
            let events = document.events.iter();
            events.map(|event| event.mentions[0].span).collect()
        };
        assert_eq!(spans(&tsv), [TokenSpan::new(1, 1, 2)]);
        assert_eq!(spans(&brat), spans(&tsv));
        let tokens = |document: &EventDocument| -> Vec<Vec<String>> {
            let sentences = document.sentences.iter();
            sentences.map(|sentence| sentence.tokens.clone()).collect()
        };
        assert_eq!(tokens(&brat), tokens(&tsv));
    }

    #[test]
    fn other_tags_are_errors() {
        let lines = Lines::new(&b"a\tO\nb\tEVNT\n"[..], "m.tsv");
        let error = read_litbank_tsv("m", lines).unwrap_err().to_string();
        assert_eq!(error, "m.tsv:1: token 1: `EVNT` is neither EVENT nor O");
    }
}
