//! Lines of fields.

use std::path::Path;

use plm_core::data::{Lines, open};

use crate::{Error, Result};

/// What separates the fields of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Separator {
    /// Any number of blanks.
    #[default]
    Whitespace,
    /// A comma. Quotes enclose fields that hold one (RFC 4180, within a line).
    Comma,
    /// A tab. Quotes as for the comma.
    Tab,
}

impl Separator {
    fn character(self) -> Option<char> {
        match self {
            Self::Whitespace => None,
            Self::Comma => Some(','),
            Self::Tab => Some('\t'),
        }
    }

    /// The fields of `line`, without the blanks around them.
    fn split(self, line: &str) -> Result<Vec<String>, String> {
        let Some(separator) = self.character() else {
            return Ok(line.split_whitespace().map(str::to_owned).collect());
        };
        let mut fields = Vec::new();
        let mut rest = line;
        loop {
            let start = rest.trim_start_matches(|c: char| c.is_whitespace() && c != separator);
            let (field, after) = match start.strip_prefix('"') {
                Some(inside) => unquote(inside)?,
                None => {
                    let end = start.find(separator).unwrap_or(start.len());
                    (start[..end].trim().to_owned(), &start[end..])
                }
            };
            fields.push(field);
            let after = after.trim_start_matches(|c: char| c.is_whitespace() && c != separator);
            if after.is_empty() {
                return Ok(fields);
            }
            rest = after
                .strip_prefix(separator)
                .ok_or("a field goes on after its closing quote")?;
        }
    }

    /// `fields` as a line that [`rows`] reads back.
    pub(super) fn join(self, fields: &[&str]) -> Result<String, String> {
        let mut line = String::new();
        for (index, field) in fields.iter().enumerate() {
            if field.contains(['\n', '\r']) {
                return Err(format!("{field:?} holds a line end"));
            }
            let blank = field.is_empty() || field.contains(char::is_whitespace);
            let Some(separator) = self.character() else {
                if blank || index == 0 && field.starts_with('#') {
                    return Err(format!("{field:?} cannot be written without quotes"));
                }
                line.push_str(if index > 0 { " " } else { "" });
                line.push_str(field);
                continue;
            };
            if index > 0 {
                line.push(separator);
            }
            if blank || field.contains([separator, '"', '#', '\u{feff}']) {
                line.push('"');
                line.push_str(&field.replace('"', "\"\""));
                line.push('"');
            } else {
                line.push_str(field);
            }
        }
        Ok(line)
    }
}

/// What stands before the closing quote, doubled quotes made one, and what stands after.
fn unquote(inside: &str) -> Result<(String, &str), String> {
    let mut field = String::new();
    let mut rest = inside;
    loop {
        let (text, after) = rest.split_once('"').ok_or("a quote is never closed")?;
        field.push_str(text);
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Ok((field, after)),
        }
    }
}

/// Calls `each` with the number and the fields of each line of `path` but the header. Blank lines and
/// those that begin with `#` are skipped.
pub(super) fn rows(
    path: &Path,
    separator: Separator,
    header: bool,
    mut each: impl FnMut(Vec<String>) -> Result<(), String>,
) -> Result<()> {
    let mut skip = header;
    for line in Lines::new(open(path)?, path) {
        let line = line?;
        let text = line.text.trim_start();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if std::mem::take(&mut skip) {
            continue;
        }
        let result = separator.split(&line.text).and_then(&mut each);
        result.map_err(|reason| Error::line(path, line.number, reason))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_every_separator() {
        let split = |separator: Separator, line| separator.split(line).unwrap();
        assert_eq!(split(Separator::Whitespace, " a \t b"), ["a", "b"]);
        assert_eq!(split(Separator::Comma, "a, b c ,"), ["a", "b c", ""]);
        assert_eq!(split(Separator::Tab, "a\t\tb"), ["a", "", "b"]);
        let quoted = r#""a,""b""" , "c""#;
        assert_eq!(split(Separator::Comma, quoted), ["a,\"b\"", "c"]);
        for (line, text) in [
            ("\"a", "never closed"),
            ("\"a\"b", "after its closing quote"),
        ] {
            let error = Separator::Comma.split(line).unwrap_err();
            assert!(error.contains(text), "{error}");
        }
    }

    #[test]
    fn joined_fields_are_split_into_the_same() {
        let fields = ["#x", "a,b", "", " ", "\"", "c\td", "é"];
        for separator in [Separator::Comma, Separator::Tab] {
            let line = separator.join(&fields).unwrap();
            assert!(!line.starts_with('#'));
            assert_eq!(separator.split(&line).unwrap(), fields);
        }
        assert_eq!(Separator::Whitespace.join(&["a", "#b"]).unwrap(), "a #b");
        for field in ["", "a b", "#a", "a\n"] {
            assert!(Separator::Whitespace.join(&[field]).is_err(), "{field:?}");
        }
        assert!(Separator::Comma.join(&["a\rb"]).is_err());
    }
}
