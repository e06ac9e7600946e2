//! The lines of an `.ann` file.

use std::collections::HashMap;
use std::io::BufRead;

use plm_core::data::Lines;

use super::super::{CharSpan, Corpus, Finding, ReadOptions};
use crate::{Error, Result};

/// `T1<tab>Type start end[;start end…]<tab>text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextBound {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) fragments: Vec<CharSpan>,
    pub(super) text: String,
}

/// `R1<tab>Type Arg1:T1 Arg2:T2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BinaryRelation {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) subject: String,
    pub(super) object: String,
}

/// What an `.ann` file says about entities and relations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Annotations {
    pub(super) entities: Vec<TextBound>,
    pub(super) relations: Vec<BinaryRelation>,
}

/// Reads the annotations of the document `name`. Lines of other kinds are reported.
///
/// # Errors
/// The first line that is no annotation, unless `options` leave it out. Where reading fails.
pub(super) fn read<R: BufRead>(
    lines: Lines<R>,
    name: &str,
    options: &ReadOptions,
    corpus: &mut Corpus,
) -> Result<Annotations> {
    let origin = lines.origin().to_path_buf();
    let mut annotations = Annotations::default();
    let mut known: HashMap<String, usize> = HashMap::new();
    for line in lines {
        let Some(line) = corpus.accept(line.map_err(Error::from), options)? else {
            continue;
        };
        if line.text.trim().is_empty() {
            continue;
        }
        let parsed = parse(&line.text).and_then(|parsed| match known.get(parsed.id()) {
            Some(first) => Err(format!("`{}` is already in line {first}", parsed.id())),
            None => Ok(parsed),
        });
        let error = |reason| plm_core::Error::line(&origin, line.number, reason).into();
        let Some(parsed) = corpus.accept(parsed.map_err(error), options)? else {
            continue;
        };
        if !parsed.id().is_empty() {
            known.insert(parsed.id().to_owned(), line.number);
        }
        match parsed {
            Parsed::Entity(entity) => annotations.entities.push(entity),
            Parsed::Relation(relation) => annotations.relations.push(relation),
            Parsed::Other(finding, id) => corpus.report.note(finding, format!("{name}, {id}")),
        }
    }
    Ok(annotations)
}

enum Parsed {
    Entity(TextBound),
    Relation(BinaryRelation),
    Other(Finding, String),
}

impl Parsed {
    /// The id that no other annotation may have.
    fn id(&self) -> &str {
        match self {
            Self::Entity(entity) => &entity.id,
            Self::Relation(relation) => &relation.id,
            Self::Other(..) => "",
        }
    }
}

fn parse(line: &str) -> Result<Parsed, String> {
    let mut columns = line.splitn(3, '\t');
    let id = columns.next().unwrap_or_default().trim();
    let body = columns.next().unwrap_or_default().trim();
    let text = columns.next().unwrap_or_default();
    let other = |finding| Ok(Parsed::Other(finding, id.to_owned()));
    match id.chars().next() {
        Some('T') => entity(id, body, text).map(Parsed::Entity),
        Some('R') => Ok(match relation(id, body) {
            Some(relation) => Parsed::Relation(relation),
            None => Parsed::Other(Finding::UnreadRelation, id.to_owned()),
        }),
        Some('E') => other(Finding::Event),
        Some('A' | 'M') => other(Finding::Attribute),
        Some('N') => other(Finding::Normalization),
        Some('#') => other(Finding::Note),
        Some('*') => other(Finding::Equivalence),
        _ => Err(format!("`{id}` is no kind of annotation")),
    }
}

fn entity(id: &str, body: &str, text: &str) -> Result<TextBound, String> {
    let (label, offsets) = body
        .split_once(char::is_whitespace)
        .ok_or_else(|| format!("`{body}` is not a type and offsets"))?;
    let fragments = offsets.split(';').map(|fragment| {
        let mut ends = fragment.split_ascii_whitespace().map(str::parse);
        match (ends.next(), ends.next(), ends.next()) {
            (Some(Ok(start)), Some(Ok(end)), None) if start < end => Ok(CharSpan { start, end }),
            _ => Err(format!("`{fragment}` is not a start and a later end")),
        }
    });
    let mut fragments: Vec<CharSpan> = fragments.collect::<Result<_, _>>()?;
    fragments.sort();
    Ok(TextBound {
        id: id.to_owned(),
        label: label.to_owned(),
        fragments,
        text: text.to_owned(),
    })
}

/// None where it has not two ends.
fn relation(id: &str, body: &str) -> Option<BinaryRelation> {
    let mut parts = body.split_ascii_whitespace();
    let label = parts.next()?.to_owned();
    let mut ends: Vec<(&str, &str)> = parts.map(|p| p.split_once(':')).collect::<Option<_>>()?;
    if ends
        .iter()
        .all(|(role, _)| matches!(*role, "Arg1" | "Arg2"))
    {
        ends.sort_by_key(|&(role, _)| role);
    }
    let [(_, subject), (_, object)] = ends.as_slice() else {
        return None;
    };
    Some(BinaryRelation {
        id: id.to_owned(),
        label,
        subject: (*subject).to_owned(),
        object: (*object).to_owned(),
    })
}
