//! Readers and writers of the field's data formats.
//!
//! Every reader takes any [`BufRead`](std::io::BufRead) (so callers decompress) and the path or
//! name that its errors give beside the line. Lines are read one at a time and are limited in
//! length, so a reader's memory is bounded whatever the input. Readers are iterators: an item is
//! an example or the [`Error`](crate::Error) of one line, after which reading goes on with the
//! next line. `collect::<Result<Vec<_>>>()` is strict; who wants to skip bad lines filters, and
//! counts.

mod conll;
mod dygie;
mod glue;
mod jsonl;
mod labeled;
mod labels;
mod lines;
mod paragraphs;
mod split;
mod table;
mod table_write;
mod tags;
#[cfg(test)]
mod tests;

pub use conll::{Column, ConllFormat, ConllReader, TaggedSentence, write_conll};
pub use dygie::{DygieDocument, DygieEvent, EntityMention, EventArgument, Relation};
pub use dygie::{read_dygie, write_dygie};
pub use glue::{Example, GlueReader, GlueTask, Target};
pub use jsonl::{JsonLines, read_json, write_json_lines};
pub use labeled::{LabeledLine, LabeledLines};
pub use labels::Labels;
pub use lines::{Line, Lines, TextEncoding, open};
pub use paragraphs::Paragraphs;
pub use split::{k_shot, k_shot_parts, train_dev};
pub use table::{Row, Table, TableFormat};
pub use table_write::TableWriter;
pub use tags::{TagReading, TagScheme, TagSpan, spans_to_tags, tags_to_spans};
