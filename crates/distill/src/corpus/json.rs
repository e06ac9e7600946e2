//! Examples as JSON lines.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::path::Path;

use plm_core::data::JsonLines;
use serde::de::{self, Deserializer, IgnoredAny, Visitor};
use serde::{Deserialize, Serialize};

use super::collect::{Collector, Parts};
use super::{Corpus, Example};
use crate::Result;

/// One line as it is read.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: Option<Word>,
    #[serde(default, alias = "sentence")]
    text: Option<String>,
    #[serde(default)]
    text_b: Option<String>,
    #[serde(default)]
    label: Option<Word>,
    #[serde(flatten)]
    other: BTreeMap<String, IgnoredAny>,
}

/// One line as it is written.
#[derive(Serialize)]
struct WrittenLine<'a> {
    id: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text_b: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aug_of: Option<&'a str>,
}

/// A string, or an integer as its decimal digits.
struct Word(String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;

        impl Visitor<'_> for Digits {
            type Value = Word;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string or an integer of 64 bits")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Word, E> {
                Ok(Word(text.to_owned()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Word, E> {
                Ok(Word(number.to_string()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Word, E> {
                Ok(Word(number.to_string()))
            }
        }

        deserializer.deserialize_any(Digits)
    }
}

/// The corpus in `reader`.
pub(super) fn read(reader: impl BufRead, origin: &Path) -> Result<Corpus> {
    let mut lines = JsonLines::<_, Line>::new(reader, origin);
    let mut collector = Collector::new(origin, "line");
    while let Some(line) = lines.next() {
        let line = line?;
        let Some(text) = line.text else {
            let reason = format!(
                "has no `text` or `sentence`; its other keys are {:?}",
                line.other.keys().collect::<Vec<_>>()
            );
            return Err(plm_core::Error::line(origin, lines.line(), reason).into());
        };
        let parts = Parts {
            id: line.id.map(|word| word.0),
            text,
            pair: line.text_b,
            label: line.label.map(|word| word.0),
        };
        collector.push_parts(lines.line(), parts)?;
    }
    Ok(collector.finish())
}

/// Writes `examples` to `writer`, one a line, with the name of the example that one was made from.
pub(super) fn write<'a>(
    writer: &mut impl Write,
    examples: impl IntoIterator<Item = (&'a Example, Option<&'a str>)>,
) -> io::Result<()> {
    for (example, aug_of) in examples {
        let line = WrittenLine {
            id: &example.name,
            text: &example.text,
            text_b: example.pair.as_deref(),
            label: example.label.as_deref(),
            aug_of,
        };
        serde_json::to_writer(&mut *writer, &line)?;
        writer.write_all(b"\n")?;
    }
    Ok(())
}
