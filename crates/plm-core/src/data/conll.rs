use std::io::{BufRead, Write};
use std::path::Path;

use super::Lines;
use crate::{Error, Result};

/// A column, counted from the left or from the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Column {
    /// From the left, from 0.
    First(usize),
    /// From the right, from 0: `Last(0)` is the last column.
    Last(usize),
}

impl Column {
    fn pick<'a>(self, fields: &[&'a str]) -> Option<&'a str> {
        match self {
            Self::First(index) => fields.get(index).copied(),
            Self::Last(index) => fields.iter().rev().nth(index).copied(),
        }
    }
}

/// How a file with one token per line is laid out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConllFormat {
    /// What separates columns; `None` for any run of spaces and tabs.
    pub separator: Option<char>,
    /// Where the token stands.
    pub token: Column,
    /// Where the tag stands.
    pub tag: Column,
    /// A line that starts with this begins a document and is no token; `None` for no such line.
    pub document: Option<String>,
    /// A line that starts with this is skipped; `None` for no such line.
    pub comment: Option<String>,
}

impl ConllFormat {
    /// CoNLL-2003: columns separated by spaces or tabs, the token first, the tag last,
    /// `-DOCSTART-` before documents.
    pub fn conll2003() -> Self {
        Self {
            separator: None,
            token: Column::First(0),
            tag: Column::Last(0),
            document: Some("-DOCSTART-".to_owned()),
            comment: None,
        }
    }

    /// Token, tab, tag. Tokens may hold spaces.
    pub fn tab_separated() -> Self {
        Self {
            separator: Some('\t'),
            ..Self::conll2003()
        }
    }

    /// With the tag in another column.
    #[must_use]
    pub fn with_tag(mut self, tag: Column) -> Self {
        self.tag = tag;
        self
    }

    /// With the token in another column.
    #[must_use]
    pub fn with_token(mut self, token: Column) -> Self {
        self.token = token;
        self
    }

    /// With comments that start with `mark`.
    #[must_use]
    pub fn with_comment(mut self, mark: impl Into<String>) -> Self {
        self.comment = Some(mark.into());
        self
    }

    fn is_document(&self, line: &str) -> bool {
        self.document
            .as_ref()
            .is_some_and(|mark| line.starts_with(mark))
    }

    fn is_comment(&self, line: &str) -> bool {
        self.comment
            .as_ref()
            .is_some_and(|mark| line.starts_with(mark))
    }
}

/// A sentence with one tag per token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaggedSentence {
    /// The number of the line of its first token, from 1; 0 where it was not read.
    pub line: usize,
    /// Which document it belongs to: how many begin before it in the file.
    pub document: usize,
    /// Its tokens.
    pub tokens: Vec<String>,
    /// Their tags.
    pub tags: Vec<String>,
}

/// The sentences of a file with one token per line. Blank lines end sentences; several count as
/// one. After an error, reading goes on with the next sentence.
#[derive(Debug)]
pub struct ConllReader<R> {
    lines: Lines<R>,
    format: ConllFormat,
    document: usize,
}

impl<R: BufRead> ConllReader<R> {
    /// The sentences in `lines`.
    pub fn new(lines: Lines<R>, format: ConllFormat) -> Self {
        Self {
            lines,
            format,
            document: 0,
        }
    }

    /// How many documents have begun in what was read so far.
    pub fn documents(&self) -> usize {
        self.document
    }

    /// The token and tag of a line, or why there are none.
    fn columns(&self, text: &str) -> Result<(String, String), String> {
        let fields: Vec<&str> = match self.format.separator {
            Some(separator) => text.split(separator).collect(),
            None => text.split_ascii_whitespace().collect(),
        };
        let pick = |column: Column, what| {
            column
                .pick(&fields)
                .filter(|field| !field.is_empty())
                .map(str::to_owned)
                .ok_or_else(|| format!("no {what} in {column:?} of {} columns", fields.len()))
        };
        if fields.len() < 2 {
            return Err(format!(
                "{} column, a token and a tag are needed",
                fields.len()
            ));
        }
        Ok((
            pick(self.format.token, "token")?,
            pick(self.format.tag, "tag")?,
        ))
    }

    /// Skips to the next blank line.
    fn skip_sentence(&mut self) {
        for line in self.lines.by_ref() {
            if line.is_ok_and(|line| line.text.trim_ascii().is_empty()) {
                break;
            }
        }
    }
}

impl<R: BufRead> Iterator for ConllReader<R> {
    type Item = Result<TaggedSentence>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut sentence = TaggedSentence::default();
        while let Some(line) = self.lines.next() {
            let line = match line {
                Ok(line) => line,
                Err(error) => {
                    self.skip_sentence();
                    return Some(Err(error));
                }
            };
            let blank = line.text.trim_ascii().is_empty();
            let document = self.format.is_document(&line.text);
            if blank || document {
                let done = !sentence.tokens.is_empty();
                // A sentence right before the mark still belongs to the document before.
                sentence.document = self.document;
                self.document += usize::from(document);
                if done {
                    return Some(Ok(sentence));
                }
                continue;
            }
            if self.format.is_comment(&line.text) {
                continue;
            }
            match self.columns(&line.text) {
                Ok((token, tag)) => {
                    if sentence.tokens.is_empty() {
                        sentence.line = line.number;
                    }
                    sentence.tokens.push(token);
                    sentence.tags.push(tag);
                }
                Err(reason) => {
                    let error = self.lines.error(line.number, reason);
                    self.skip_sentence();
                    return Some(Err(error));
                }
            }
        }
        sentence.document = self.document;
        (!sentence.tokens.is_empty()).then_some(Ok(sentence))
    }
}

/// Writes `sentences` as token, separator (a space where the format takes any), tag, with the
/// format's mark before each new document, so that a reader of the same format with default
/// columns gives them back.
///
/// # Errors
/// [`Error::Line`] with the number of the sentence (from 1) where it has no token, another number
/// of tags than tokens, a document number below the one before, or a token or tag that could not
/// be read back. [`Error::Io`] where writing fails.
pub fn write_conll<'a>(
    mut writer: impl Write,
    origin: impl AsRef<Path>,
    format: &ConllFormat,
    sentences: impl IntoIterator<Item = &'a TaggedSentence>,
) -> Result<()> {
    let origin = origin.as_ref();
    let separator = format.separator.unwrap_or(' ');
    let mut document = 0;
    for (index, sentence) in sentences.into_iter().enumerate() {
        let text = render(format, separator, document, sentence)
            .and_then(|text| match text.starts_with('\u{feff}') {
                true if index == 0 => Err("would start with a byte-order mark".to_owned()),
                _ => Ok(text),
            })
            .map_err(|reason| Error::line(origin, index + 1, reason))?;
        document = sentence.document;
        writer
            .write_all(text.as_bytes())
            .map_err(|e| Error::io(origin, e))?;
    }
    writer.flush().map_err(|e| Error::io(origin, e))
}

fn render(
    format: &ConllFormat,
    separator: char,
    document: usize,
    sentence: &TaggedSentence,
) -> Result<String, String> {
    let TaggedSentence { tokens, tags, .. } = sentence;
    if tokens.is_empty() || tokens.len() != tags.len() {
        return Err(format!("{} tokens with {} tags", tokens.len(), tags.len()));
    }
    let Some(new) = sentence.document.checked_sub(document) else {
        return Err(format!("document {} after {document}", sentence.document));
    };
    let mut text = String::new();
    match &format.document {
        Some(mark) => (0..new).for_each(|_| text.push_str(&format!("{mark}\n\n"))),
        None if new > 0 => return Err("the format has no mark for documents".to_owned()),
        None => {}
    }
    for (token, tag) in tokens.iter().zip(tags) {
        for field in [token, tag] {
            let splits = match format.separator {
                Some(separator) => field.contains(separator),
                None => field.contains(|c: char| c.is_ascii_whitespace()),
            };
            if splits || field.is_empty() || field.contains(['\n', '\r']) {
                return Err(format!("{field:?} cannot be read back"));
            }
        }
        let line = format!("{token}{separator}{tag}");
        if format.is_document(&line) || format.is_comment(&line) || line.trim_ascii().is_empty() {
            return Err(format!("{line:?} would not be read as a token"));
        }
        text.push_str(&line);
        text.push('\n');
    }
    text.push('\n');
    Ok(text)
}
