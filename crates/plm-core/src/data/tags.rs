use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How tags on tokens mark spans (Ramshaw and Marcus 1995 and successors).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TagScheme {
    /// `I-` inside; `B-` only where a span follows another of its label.
    Iob1,
    /// `B-` at the first token, `I-` at the others. Also called BIO.
    Iob2,
    /// `S-` at lone tokens; else `B-` first, `E-` last, `I-` between. Also called IOBES.
    Bioes,
}

/// What happens to tags that do not follow the scheme. The same as seqeval's two modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TagReading {
    /// As conlleval: a span begins wherever a tag can begin one, whatever the scheme.
    #[default]
    Lenient,
    /// Only spans that follow the scheme count; a prefix that the scheme has not is an error.
    Strict,
}

/// A labeled span of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TagSpan {
    /// Its first token.
    pub start: usize,
    /// The token after its last.
    pub end: usize,
    /// Its label.
    pub label: String,
}

impl TagSpan {
    /// The span of tokens `start..end`.
    pub fn new(start: usize, end: usize, label: impl Into<String>) -> Self {
        Self {
            start,
            end,
            label: label.into(),
        }
    }
}

impl fmt::Display for TagSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}..{}]", self.label, self.start, self.end)
    }
}

/// A tag taken apart: prefix `O`, `B`, `I`, `E` or `S`, and label.
type Tag<'a> = (u8, &'a str);

const OUTSIDE: Tag<'static> = (b'O', "");

fn parse<S: AsRef<str>>(tags: &[S]) -> Result<Vec<Tag<'_>>> {
    tags.iter()
        .enumerate()
        .map(|(index, tag)| {
            let tag = tag.as_ref();
            match tag.split_once('-') {
                Some((prefix @ ("B" | "I" | "E" | "S"), label)) if !label.is_empty() => {
                    Ok((prefix.as_bytes()[0], label))
                }
                None if tag == "O" => Ok(OUTSIDE),
                _ => Err(Error::invalid(
                    format!("tag {index}"),
                    format!("`{tag}` is neither O nor one of B-, I-, E-, S- with a label"),
                )),
            }
        })
        .collect()
}

/// The spans that `tags` mark, in order.
///
/// # Errors
/// [`Error::Invalid`] naming the token where a tag is neither `O` nor a prefix with a label, or,
/// if strict, has a prefix that `scheme` has not.
pub fn tags_to_spans<S: AsRef<str>>(
    tags: &[S],
    scheme: TagScheme,
    reading: TagReading,
) -> Result<Vec<TagSpan>> {
    let mut parsed = parse(tags)?;
    parsed.push(OUTSIDE);
    match reading {
        TagReading::Lenient => Ok(lenient(&parsed)),
        TagReading::Strict => {
            let allowed: &[u8] = match scheme {
                TagScheme::Iob1 | TagScheme::Iob2 => b"OBI",
                TagScheme::Bioes => b"OBIES",
            };
            if let Some(index) = parsed.iter().position(|(p, _)| !allowed.contains(p)) {
                return Err(Error::invalid(
                    format!("tag {index}"),
                    format!("`{}` is not a tag of {scheme:?}", tags[index].as_ref()),
                ));
            }
            Ok(strict(&parsed, scheme))
        }
    }
}

/// conlleval's rules, as in seqeval's `get_entities`. `tags` ends with `O`.
fn lenient(tags: &[Tag<'_>]) -> Vec<TagSpan> {
    let mut spans = Vec::new();
    let mut previous = OUTSIDE;
    let mut start = 0;
    for (index, &tag) in tags.iter().enumerate() {
        let changed = previous.1 != tag.1;
        let ends = match (previous.0, tag.0) {
            (b'E' | b'S', _) => true,
            (b'B' | b'I', b'B' | b'S' | b'O') => true,
            (b'O', _) => false,
            _ => changed,
        };
        let starts = match (previous.0, tag.0) {
            (_, b'B' | b'S') => true,
            (b'E' | b'S' | b'O', b'E' | b'I') => true,
            (_, b'O') => false,
            _ => changed,
        };
        if ends {
            spans.push(TagSpan::new(start, index, previous.1));
        }
        if starts {
            start = index;
        }
        previous = tag;
    }
    spans
}

/// seqeval's rules for one scheme. `tags` ends with `O`.
fn strict(tags: &[Tag<'_>], scheme: TagScheme) -> Vec<TagSpan> {
    let mut spans = Vec::new();
    let mut index = 0;
    let mut previous = OUTSIDE;
    while index < tags.len() {
        let tag = tags[index];
        if !begins(previous, tag, scheme) {
            index += 1;
            previous = tag;
            continue;
        }
        let mut end = index + 1;
        // The closing `O` is inside of nothing, so `end` stays within `tags`.
        while end < tags.len() && goes_on(tags[end - 1], tags[end], scheme) {
            end += 1;
        }
        if end < tags.len() && finishes(tags[end - 1], tags[end], scheme) {
            spans.push(TagSpan::new(index, end, tag.1));
        }
        index = end;
        previous = tags[end - 1];
    }
    spans
}

fn begins(previous: Tag<'_>, tag: Tag<'_>, scheme: TagScheme) -> bool {
    let same = previous.1 == tag.1;
    match scheme {
        TagScheme::Iob1 => match (previous.0, tag.0) {
            (b'O' | b'B', b'I') => true,
            (b'I', b'I') => !same,
            (b'I' | b'B', b'B') => same,
            _ => false,
        },
        TagScheme::Iob2 => tag.0 == b'B',
        TagScheme::Bioes => matches!(tag.0, b'B' | b'S'),
    }
}

fn goes_on(previous: Tag<'_>, tag: Tag<'_>, scheme: TagScheme) -> bool {
    let inner = match scheme {
        TagScheme::Iob1 | TagScheme::Iob2 => tag.0 == b'I',
        TagScheme::Bioes => matches!(tag.0, b'I' | b'E'),
    };
    matches!(previous.0, b'B' | b'I') && inner && previous.1 == tag.1
}

/// Whether a span whose last token is tagged `previous` is over before `tag`.
fn finishes(previous: Tag<'_>, tag: Tag<'_>, scheme: TagScheme) -> bool {
    let same = previous.1 == tag.1;
    match scheme {
        TagScheme::Iob1 => match (previous.0, tag.0) {
            (b'I', b'B') | (b'B' | b'I', b'O') => true,
            (b'B' | b'I', b'I') => !same,
            (b'B', b'B') => same,
            _ => false,
        },
        TagScheme::Iob2 => match (previous.0, tag.0) {
            (b'B' | b'I', b'O' | b'B') => true,
            (b'B' | b'I', b'I') => !same,
            _ => false,
        },
        TagScheme::Bioes => matches!(previous.0, b'S' | b'E'),
    }
}

/// The tags of `length` tokens that mark `spans` in `scheme`; spans may come in any order.
///
/// # Errors
/// [`Error::Invalid`] where a span is empty or unlabeled, goes beyond the tokens, or overlaps
/// another.
pub fn spans_to_tags(length: usize, spans: &[TagSpan], scheme: TagScheme) -> Result<Vec<String>> {
    let refuse =
        |span: &TagSpan, reason: String| Err(Error::invalid(format!("span {span}"), reason));
    let mut sorted: Vec<&TagSpan> = spans.iter().collect();
    sorted.sort();
    let mut tags = vec!["O".to_owned(); length];
    let mut previous: Option<&TagSpan> = None;
    for span in sorted {
        if span.start >= span.end || span.end > length {
            return refuse(span, format!("is not a span of {length} tokens"));
        }
        if span.label.is_empty() {
            return refuse(span, "has no label".to_owned());
        }
        if let Some(other) = previous.filter(|other| other.end > span.start) {
            return refuse(span, format!("overlaps {other}"));
        }
        let touches = previous.is_some_and(|p| p.end == span.start && p.label == span.label);
        let count = span.end - span.start;
        for (at, tag) in tags[span.start..span.end].iter_mut().enumerate() {
            let (first, last) = (at == 0, at + 1 == count);
            let prefix = match scheme {
                TagScheme::Iob1 if first && touches => 'B',
                TagScheme::Iob2 if first => 'B',
                TagScheme::Iob1 | TagScheme::Iob2 => 'I',
                TagScheme::Bioes => match (first, last) {
                    (true, true) => 'S',
                    (true, false) => 'B',
                    (false, true) => 'E',
                    (false, false) => 'I',
                },
            };
            *tag = format!("{prefix}-{}", span.label);
        }
        previous = Some(span);
    }
    Ok(tags)
}
