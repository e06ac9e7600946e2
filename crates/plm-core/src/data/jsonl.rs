use std::io::{BufRead, Read, Write};
use std::marker::PhantomData;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Lines;
use crate::{Error, Result};

/// The values of a JSON lines file: one per line, blank lines skipped.
///
/// ```
/// use plm_core::data::JsonLines;
///
/// #[derive(serde::Deserialize)]
/// struct Review { text: String, label: usize }
///
/// # fn main() -> plm_core::Result<()> {
/// let file = &b"{\"text\": \"good\", \"label\": 1}\n"[..];
/// let reviews: Vec<Review> = JsonLines::new(file, "reviews.jsonl").collect::<Result<_, _>>()?;
/// assert_eq!((reviews[0].text.as_str(), reviews[0].label), ("good", 1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct JsonLines<R, T> {
    lines: Lines<R>,
    number: usize,
    value: PhantomData<fn() -> T>,
}

impl<R: BufRead, T: DeserializeOwned> JsonLines<R, T> {
    /// The values in `reader`, which errors call `origin`.
    pub fn new(reader: R, origin: impl AsRef<Path>) -> Self {
        Self::from_lines(Lines::new(reader, origin))
    }

    /// The values of `lines`, with their encoding and limit.
    pub fn from_lines(lines: Lines<R>) -> Self {
        Self {
            lines,
            number: 0,
            value: PhantomData,
        }
    }

    /// The number of the line of the last item.
    pub fn line(&self) -> usize {
        self.number
    }

    /// An error at the line of the last item.
    pub(super) fn error(&self, reason: impl Into<String>) -> Error {
        self.lines.error(self.number, reason)
    }
}

impl<R: BufRead, T: DeserializeOwned> Iterator for JsonLines<R, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = match self.lines.next()? {
                Ok(line) => line,
                Err(error) => return Some(Err(error)),
            };
            self.number = line.number;
            if line.text.trim().is_empty() {
                continue;
            }
            return Some(
                serde_json::from_str(&line.text)
                    .map_err(|e| self.lines.error(line.number, say(&e))),
            );
        }
    }
}

/// What `error` says, with the column alone: the line is that of the file.
fn say(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = format!(" at line {} column {}", error.line(), error.column());
    format!(
        "column {}: {}",
        error.column(),
        text.strip_suffix(&end).unwrap_or(&text)
    )
}

/// Writes `values` as JSON lines to `writer`, which errors call `origin`.
///
/// # Errors
/// [`Error::Line`] where a value has no JSON form, [`Error::Io`] where writing fails.
pub fn write_json_lines<T: Serialize>(
    mut writer: impl Write,
    origin: impl AsRef<Path>,
    values: impl IntoIterator<Item = T>,
) -> Result<()> {
    let origin = origin.as_ref();
    for (index, value) in values.into_iter().enumerate() {
        let mut text = serde_json::to_string(&value)
            .map_err(|e| Error::line(origin, index + 1, e.to_string()))?;
        text.push('\n');
        writer
            .write_all(text.as_bytes())
            .map_err(|e| Error::io(origin, e))?;
    }
    writer.flush().map_err(|e| Error::io(origin, e))
}

/// Reads one JSON value of at most `limit` bytes from `reader`, which errors call `origin`.
///
/// # Errors
/// [`Error::Line`] where it is not JSON of that type, [`Error::Format`] where it is longer than
/// `limit`, [`Error::Io`] where reading fails.
pub fn read_json<T: DeserializeOwned>(
    reader: impl Read,
    origin: impl AsRef<Path>,
    limit: usize,
) -> Result<T> {
    let origin = origin.as_ref();
    let mut bytes = Vec::new();
    reader
        .take((limit as u64).saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|e| Error::io(origin, e))?;
    if bytes.len() > limit {
        return Err(Error::format(origin, format!("longer than {limit} bytes")));
    }
    serde_json::from_slice(&bytes).map_err(|e| Error::line(origin, e.line(), say(&e)))
}
