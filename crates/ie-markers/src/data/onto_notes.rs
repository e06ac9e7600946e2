//! OntoNotes as the `*_gold_conll` files of the CoNLL-2012 shared task.

mod write;

use std::io::BufRead;

use plm_core::data::{Line, Lines};

use super::{Corpus, Document, Entity, Finding, ReadOptions, ReadReport, Sentence, WordSpan};
use crate::{Error, Result};

pub use write::write_onto_notes;

/// How the names of documents without named entities begin.
const SKIPPED: &str = "pt/";

/// Columns, from 0.
const DOCUMENT: usize = 0;
const WORD: usize = 3;
const ENTITY: usize = 10;

/// Words as text has them: the corpus writes `/.` and `/?` for marks of disfluent speech.
fn plain(word: &str) -> &str {
    match word {
        "/." => ".",
        "/?" => "?",
        _ => word,
    }
}

/// A sentence while its lines are read.
#[derive(Default)]
struct Lists {
    line: usize,
    words: Vec<String>,
    entities: Vec<Entity>,
    open: Vec<(usize, String)>,
    unbalanced: usize,
}

impl Lists {
    fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Adds a word and the brackets of its named-entity column, such as `(ORG`, `*`, `*)` or `(X)`.
    fn add(&mut self, word: &str, brackets: &str) {
        let at = self.words.len();
        self.words.push(plain(word).to_owned());
        let mut rest = brackets;
        while let Some(first) = rest.chars().next() {
            let after = &rest[first.len_utf8()..];
            rest = after;
            match first {
                '(' => {
                    let end = after.find(['(', ')', '*']).unwrap_or(after.len());
                    self.open.push((at, after[..end].to_owned()));
                    rest = &after[end..];
                }
                ')' => match self.open.pop() {
                    Some((start, label)) => self.entities.push(Entity {
                        span: WordSpan::new(start, at),
                        label,
                    }),
                    None => self.unbalanced += 1,
                },
                _ => {}
            }
        }
    }

    fn finish(self, name: &str, report: &mut ReadReport) -> Sentence {
        for _ in 0..self.unbalanced + self.open.len() {
            let place = format!("{name}, sentence at line {}", self.line);
            report.note(Finding::UnbalancedBracket, place);
        }
        let mut entities = self.entities;
        entities.sort_by_key(|e| (e.span.start, std::cmp::Reverse(e.span.end)));
        Sentence {
            words: self.words,
            entities,
            ..Sentence::default()
        }
    }
}

/// The documents of a `*_gold_conll` file; nested entities are kept. A document is a part, named
/// `document#part`. Documents whose name starts with `pt/` have no named entities and are left out
/// and reported.
///
/// # Errors
/// The first line with too few columns, unless `options` leave its sentence out. Where reading
/// fails.
pub fn read_onto_notes<R: BufRead>(lines: Lines<R>, options: &ReadOptions) -> Result<Corpus> {
    let origin = lines.origin().to_path_buf();
    let mut corpus = Corpus::default();
    let mut document: Option<Document> = None;
    let mut lists = Lists::default();
    let mut skipping = false;
    for line in lines {
        let line = corpus.accept(line.map_err(Error::from), options)?;
        let Some(Line { number, text }) = line else {
            lists = Lists::default();
            skipping = true;
            continue;
        };
        let begins = text.strip_prefix("#begin document");
        if begins.is_some() || text.starts_with("#end document") || text.trim().is_empty() {
            skipping = false;
            close_sentence(&mut lists, &mut document, &mut corpus.report);
            if !text.trim().is_empty() {
                close_document(document.take(), &mut corpus, options);
            }
            if let Some(header) = begins {
                document = Some(new_document(header_name(header)));
            }
            continue;
        }
        if skipping || text.starts_with('#') {
            continue;
        }
        let columns: Vec<&str> = text.split_ascii_whitespace().collect();
        let found = match (columns.get(WORD), columns.get(ENTITY)) {
            (Some(&word), Some(&brackets)) => Ok((columns[DOCUMENT], word, brackets)),
            _ => {
                let reason = format!("{} columns, {} are needed", columns.len(), ENTITY + 1);
                Err(plm_core::Error::line(&origin, number, reason).into())
            }
        };
        let Some((name, word, brackets)) = corpus.accept(found, options)? else {
            lists = Lists::default();
            skipping = true;
            continue;
        };
        document.get_or_insert_with(|| new_document(name.to_owned()));
        if lists.is_empty() {
            lists.line = number;
        }
        lists.add(word, brackets);
    }
    close_sentence(&mut lists, &mut document, &mut corpus.report);
    close_document(document, &mut corpus, options);
    Ok(corpus)
}

fn new_document(name: String) -> Document {
    let mut document = Document::new(name, Vec::new());
    document.layers.entities = true;
    document
}

/// ` (bc/cctv/00/cctv_0000); part 000` as `bc/cctv/00/cctv_0000#000`.
fn header_name(header: &str) -> String {
    let header = header.trim();
    let inner = header.strip_prefix('(').unwrap_or(header);
    match inner.rsplit_once("); part ") {
        Some((name, part)) => format!("{name}#{part}"),
        None => inner.trim_end_matches([')', ';']).to_owned(),
    }
}

fn close_sentence(lists: &mut Lists, document: &mut Option<Document>, report: &mut ReadReport) {
    let lists = std::mem::take(lists);
    if let Some(document) = document.as_mut().filter(|_| !lists.is_empty()) {
        let name = document.id.clone().unwrap_or_default();
        let sentence = lists.finish(&name, report);
        document.sentences.push(sentence);
    }
}

fn close_document(document: Option<Document>, corpus: &mut Corpus, options: &ReadOptions) {
    let Some(document) = document else { return };
    match &document.id {
        Some(name) if name.starts_with(SKIPPED) => {
            corpus.report.note(Finding::SkippedDocument, name.as_str());
        }
        _ => corpus.push(document, options),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(word: &str, brackets: &str) -> String {
        format!("bc/x 0 0 {word} NN (TOP* - - - speaker {brackets} (ARG0*) -\n")
    }

    fn read(text: &[u8], skip: bool) -> Result<Corpus> {
        let options = ReadOptions {
            skip_unreadable: skip,
            restore_brackets: true,
        };
        read_onto_notes(Lines::new(text, "f"), &options)
    }

    #[test]
    fn brackets_words_and_documents() {
        let mut text = "#begin document (bc/x/00/x_0000); part 001\n".to_owned();
        for (word, brackets) in [
            ("The", "(ORG(GPE*)"),
            ("-LRB-", "*"),
            ("Senate", "(X)*)"),
            ("/.", "(A)(B)"),
        ] {
            text += &row(word, brackets);
        }
        text += &format!("\n\n{}#end document\n", row("ok", "*)"));
        text += "#begin document (pt/nt/40/nt_4001); part 000\n";
        text += &format!("{}\n#end document\n", row("In", "*"));
        text += &row("/?", "(OPEN*");
        let corpus = read(text.as_bytes(), false).unwrap();
        let [one, two] = corpus.documents.as_slice() else {
            panic!("{} documents", corpus.documents.len());
        };
        assert_eq!(one.id.as_deref(), Some("bc/x/00/x_0000#001"));
        assert_eq!(one.sentences[0].words, ["The", "(", "Senate", "."]);
        let entities = one.sentences[0].entities.iter();
        let entities: Vec<_> = entities
            .map(|e| format!("{} {}", e.span, e.label))
            .collect();
        assert_eq!(
            entities,
            [
                "[0, 2] ORG",
                "[0, 0] GPE",
                "[2, 2] X",
                "[3, 3] A",
                "[3, 3] B"
            ]
        );
        assert_eq!(two.id.as_deref(), Some("bc/x"));
        assert_eq!(two.sentences[0].words, ["?"]);
        assert_eq!(
            corpus.report.places(Finding::SkippedDocument),
            ["pt/nt/40/nt_4001#000"]
        );
        assert_eq!(corpus.report.count(Finding::UnbalancedBracket), 2);
        assert_eq!(corpus.report.count(Finding::SeveralTypes), 1);
    }

    #[test]
    fn short_lines_stop_or_take_their_sentence_along() {
        let text = format!(
            "{}short line\n{}\n{}",
            row("a", "*"),
            row("b", "*"),
            row("c", "(X)")
        );
        let error = read(text.as_bytes(), false).unwrap_err().to_string();
        assert_eq!(error, "f:2: 2 columns, 11 are needed");
        let corpus = read(text.as_bytes(), true).unwrap();
        assert_eq!(corpus.documents[0].sentences.len(), 1);
        assert_eq!((corpus.report.words, corpus.report.entities), (1, 1));
        assert_eq!(corpus.report.count(Finding::UnreadLine), 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            bytes in prop::collection::vec(any::<u8>(), 0..99),
            rows in prop::collection::vec("[()*A]{1,5}", 0..6),
        ) {
            let mut text: Vec<u8> = rows.iter().flat_map(|b| row("w", b).into_bytes()).collect();
            text.extend(bytes);
            let corpus = read(&text, true).unwrap();
            for sentence in corpus.documents.iter().flat_map(|d| &d.sentences) {
                let inside = |e: &Entity| e.span.is_within(sentence.words.len());
                prop_assert!(sentence.entities.iter().all(inside));
            }
        }
    }
}
