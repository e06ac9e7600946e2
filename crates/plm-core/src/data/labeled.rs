use std::io::BufRead;

use super::Lines;
use crate::{Error, Result};

/// A label and the text after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabeledLine {
    /// The number of the line, from 1.
    pub line: usize,
    /// The label.
    pub label: String,
    /// The text, without spaces around it; empty where the line ends with the space.
    pub text: String,
}

/// Lines of the form `LABEL text`, the label up to the first space or tab, as in the sentence
/// classification sets of Kim (2014). Blank lines are skipped.
#[derive(Debug)]
pub struct LabeledLines<R>(Lines<R>);

impl<R: BufRead> LabeledLines<R> {
    /// The labeled texts in `lines`.
    pub fn new(lines: Lines<R>) -> Self {
        Self(lines)
    }

    fn split(&self, line: super::Line) -> Result<LabeledLine, Error> {
        let Some((label, text)) = line.text.trim_start().split_once([' ', '\t']) else {
            return Err(self.0.error(line.number, "no space after the label"));
        };
        Ok(LabeledLine {
            line: line.number,
            label: label.to_owned(),
            text: text.trim().to_owned(),
        })
    }
}

impl<R: BufRead> Iterator for LabeledLines<R> {
    type Item = Result<LabeledLine>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.0.next()? {
                Ok(line) if line.text.trim().is_empty() => {}
                Ok(line) => return Some(self.split(line)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
