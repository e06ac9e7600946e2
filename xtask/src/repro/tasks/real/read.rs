use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use plm_core::data::{
    GlueReader, JsonLines, LabeledLines, Lines, Row, Table, TableFormat, Target, TextEncoding,
    open, read_json,
};
use plm_core::{Error, Result};
use serde_json::{Map, Value};

use super::source::{Columns, Format, Others, Source};
use plm_prompt::Example;

/// The most bytes of a file that is read as a whole.
const WHOLE_FILE_LIMIT: usize = 64 << 20;

/// An example as it stands in a file.
struct Raw {
    /// The number of its line, where the file goes line by line.
    line: Option<usize>,
    text: String,
    pair: Option<String>,
    label: String,
}

/// The texts of `file` in `folder` with their labels.
pub(super) fn labeled_texts(
    format: Format,
    folder: &Path,
    file: &str,
) -> Result<Vec<(String, String)>> {
    let raws = raws(format, &path_of(format, folder, file), file)?;
    Ok(raws.into_iter().map(|raw| (raw.text, raw.label)).collect())
}

/// Where `file`, which may be a section, lies.
fn path_of(format: Format, folder: &Path, file: &str) -> PathBuf {
    match format {
        Format::Sections(whole) => folder.join(whole),
        _ => folder.join(file),
    }
}

/// The examples of `source` in `files` of `folder`.
pub(super) fn examples(source: &Source, folder: &Path, files: &[&str]) -> Result<Vec<Example>> {
    let mut examples = Vec::new();
    for &file in files {
        let path = path_of(source.format, folder, file);
        for raw in raws(source.format, &path, file)? {
            examples.extend(classed(source, &path, raw)?);
        }
    }
    Ok(examples)
}

/// `raw` with its class; nothing where its label is none and is to be skipped, or a text is blank.
fn classed(source: &Source, path: &Path, raw: Raw) -> Result<Option<Example>> {
    let blank = |text: &String| text.trim().is_empty();
    if blank(&raw.text) || raw.pair.as_ref().is_some_and(blank) {
        return Ok(None);
    }
    let known = || source.labels.iter().map(|(label, _)| *label);
    match known().position(|label| label == raw.label) {
        Some(label) => Ok(Some(Example {
            text: raw.text,
            pair: raw.pair,
            label,
        })),
        None if source.others == Others::Skip => Ok(None),
        None => {
            let known: Vec<&str> = known().collect();
            let reason = format!("label `{}` is not one of {known:?}", raw.label);
            Err(match raw.line {
                Some(line) => Error::line(path, line, reason),
                None => Error::format(path, reason),
            })
        }
    }
}

/// The examples in the file `path`, or in its section `name`.
fn raws(format: Format, path: &Path, name: &str) -> Result<Vec<Raw>> {
    let reader = open(path)?;
    if path.extension().is_some_and(|extension| extension == "gz") {
        raws_in(
            format,
            BufReader::new(MultiGzDecoder::new(reader)),
            path,
            name,
        )
    } else {
        raws_in(format, reader, path, name)
    }
}

fn raws_in(format: Format, reader: impl BufRead, path: &Path, name: &str) -> Result<Vec<Raw>> {
    match format {
        Format::Labeled(encoding) => labeled(reader, path, encoding),
        Format::Glue(task) => GlueReader::labeled(reader, path, task)?
            .map(|example| {
                let example = example?;
                let Some(Target::Class(class)) = example.target else {
                    return Err(Error::line(path, example.line, "has no class"));
                };
                Ok(Raw {
                    line: Some(example.line),
                    text: example.text,
                    pair: example.pair,
                    label: task.labels()[class].to_owned(),
                })
            })
            .collect(),
        Format::Named(format, Columns { text, pair, label }) => {
            let table = Table::new(reader, path, format)?;
            let columns = Columns {
                text: table.column(text)?,
                pair: pair.map(|name| table.column(name)).transpose()?,
                label: table.column(label)?,
            };
            rows(table, columns)
        }
        Format::Numbered(format, columns) => numbered(reader, path, format, columns),
        Format::Json(text, pair) => json(reader, path, text, pair),
        Format::Sections(_) => section(reader, path, name),
    }
}

fn labeled(reader: impl BufRead, path: &Path, encoding: TextEncoding) -> Result<Vec<Raw>> {
    let lines = Lines::new(reader, path).with_encoding(encoding);
    LabeledLines::new(lines)
        .map(|line| {
            line.map(|line| Raw {
                line: Some(line.line),
                text: line.text,
                pair: None,
                label: line.label,
            })
        })
        .collect()
}

fn numbered(
    reader: impl BufRead,
    path: &Path,
    format: TableFormat,
    columns: Columns<usize>,
) -> Result<Vec<Raw>> {
    rows(
        Table::new(reader, path, format.with_header(false))?,
        columns,
    )
}

fn rows(table: Table<impl BufRead>, columns: Columns<usize>) -> Result<Vec<Raw>> {
    let origin = table.origin().to_owned();
    table
        .map(|row| {
            let Row { line, fields } = row?;
            if fields.len() <= columns.last() {
                let reason = format!("has no column {}", columns.last() + 1);
                return Err(Error::line(&origin, line, reason));
            }
            Ok(Raw {
                line: Some(line),
                text: fields[columns.text].clone(),
                pair: columns.pair.map(|column| fields[column].clone()),
                label: fields[columns.label].clone(),
            })
        })
        .collect()
}

fn json(reader: impl BufRead, path: &Path, text: &[&str], pair: Option<&str>) -> Result<Vec<Raw>> {
    let mut lines = JsonLines::<_, Map<String, Value>>::new(reader, path);
    let mut raws = Vec::new();
    while let Some(object) = lines.next() {
        let (object, line) = (object?, lines.line());
        let field = |name: &str| match object.get(name) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(value @ (Value::Bool(_) | Value::Number(_))) => Ok(value.to_string()),
            _ => Err(Error::line(
                path,
                line,
                format!("has no text or number `{name}`"),
            )),
        };
        let texts: Vec<String> = text.iter().map(|name| field(name)).collect::<Result<_>>()?;
        raws.push(Raw {
            line: Some(line),
            text: texts.join(" : "),
            pair: pair.map(field).transpose()?,
            label: field("label")?,
        });
    }
    Ok(raws)
}

/// The examples of section `name` in the file `path`.
fn section(reader: impl BufRead, path: &Path, name: &str) -> Result<Vec<Raw>> {
    let mut sections: BTreeMap<String, Vec<(String, String)>> =
        read_json(reader, path, WHOLE_FILE_LIMIT)?;
    let found = sections.remove(name);
    let found = found.ok_or_else(|| Error::format(path, format!("has no section `{name}`")))?;
    let raw = |(text, label)| Raw {
        line: None,
        text,
        pair: None,
        label,
    };
    Ok(found.into_iter().map(raw).collect())
}
