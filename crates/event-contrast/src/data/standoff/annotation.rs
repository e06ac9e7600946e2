//! The lines of a standoff file.

use std::collections::HashSet;
use std::io::BufRead;

use plm_core::data::Lines;

use crate::{Error, Result};

/// A line of a standoff file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Annotation {
    /// `T1 TAB Type start end[;start end…] TAB text`.
    TextBound {
        id: String,
        label: String,
        spans: Vec<(usize, usize)>,
        text: Option<String>,
    },
    /// `E1 TAB Type:T1 Role:T2 Role:E3 …`.
    Event {
        id: String,
        label: String,
        trigger: String,
        arguments: Vec<(String, String)>,
    },
    /// `R1 TAB Type Role:T1 Role:T2`.
    Relation {
        label: String,
        arguments: Vec<(String, String)>,
    },
    /// `M1 TAB Negation E1` or, in brat, `A1 TAB Confidence E1 High`.
    Mark { label: String, target: String },
    /// `* TAB Equiv T1 T2 …`.
    Equivalence { members: Vec<String> },
    /// `# TAB …` or `N1 TAB …`.
    Note { text: String },
}

/// The annotations of a file.
///
/// # Errors
/// Where a line is none of the kinds, or its name was given before.
pub(super) fn read_annotations<R: BufRead>(lines: Lines<R>) -> Result<Vec<Annotation>> {
    let origin = lines.origin().to_path_buf();
    let mut names = HashSet::new();
    let mut annotations = Vec::new();
    for line in lines {
        let line = line?;
        if line.text.trim().is_empty() {
            continue;
        }
        let annotation = parse(&line.text)
            .and_then(|annotation| {
                let name = match &annotation {
                    Annotation::TextBound { id, .. } | Annotation::Event { id, .. } => id,
                    _ => return Ok(annotation),
                };
                match names.insert(name.clone()) {
                    true => Ok(annotation),
                    false => Err(format!("`{name}` was given before")),
                }
            })
            .map_err(|reason| Error::line(&origin, line.number, reason))?;
        annotations.push(annotation);
    }
    Ok(annotations)
}

fn parse(line: &str) -> Result<Annotation, String> {
    let (id, rest) = line
        .split_once('\t')
        .ok_or_else(|| format!("`{line}` has no tab after its name"))?;
    let (body, text) = match rest.split_once('\t') {
        Some((body, text)) => (body, Some(text)),
        None => (rest, None),
    };
    let body = body.trim_start();
    let mut words = body.split_whitespace();
    let label = words
        .next()
        .ok_or_else(|| format!("`{id}` has no type"))?
        .to_owned();
    Ok(match id.chars().next() {
        Some('T') => Annotation::TextBound {
            id: id.to_owned(),
            spans: spans(id, body[label.len()..].trim_start())?,
            label,
            text: text.map(str::to_owned),
        },
        Some('E') => {
            let (label, trigger) = split_pair(id, &label)?;
            Annotation::Event {
                id: id.to_owned(),
                label,
                trigger,
                arguments: words
                    .map(|word| split_pair(id, word))
                    .collect::<Result<_, _>>()?,
            }
        }
        Some('R') => Annotation::Relation {
            label,
            arguments: words
                .map(|word| split_pair(id, word))
                .collect::<Result<_, _>>()?,
        },
        Some('M' | 'A') => {
            let target = words
                .next()
                .ok_or_else(|| format!("`{id}` marks nothing"))?
                .to_owned();
            let label = match words.next() {
                Some(value) => format!("{label}:{value}"),
                None => label,
            };
            Annotation::Mark { label, target }
        }
        Some('*') => Annotation::Equivalence {
            members: words.map(str::to_owned).collect(),
        },
        Some('#' | 'N') => Annotation::Note {
            text: line.to_owned(),
        },
        _ => return Err(format!("`{id}` begins with none of T, E, R, M, A, *, #, N")),
    })
}

/// `start end`, several separated by `;`.
fn spans(id: &str, text: &str) -> Result<Vec<(usize, usize)>, String> {
    text.split(';')
        .map(|part| {
            let mut numbers = part.split_whitespace().map(str::parse::<usize>);
            match (numbers.next(), numbers.next(), numbers.next()) {
                (Some(Ok(start)), Some(Ok(end)), None) => Ok((start, end)),
                _ => Err(format!("`{id}`: `{part}` is not a start and an end")),
            }
        })
        .collect()
}

fn split_pair(id: &str, word: &str) -> Result<(String, String), String> {
    match word.split_once(':') {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => {
            Ok((left.to_owned(), right.to_owned()))
        }
        _ => Err(format!("`{id}`: `{word}` is not a role and a name")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_before_a_type_is_no_part_of_it() {
        let text = "T1\t \u{e9} 0 1\ta\nT2\t  Gene 7 10\tabc\n";
        let found = read_annotations(Lines::new(text.as_bytes(), "a.a2")).unwrap();
        let expected = [
            ("T1", "\u{e9}", (0, 1), "a"),
            ("T2", "Gene", (7, 10), "abc"),
        ];
        assert_eq!(found.len(), expected.len());
        for (found, (id, label, span, text)) in found.into_iter().zip(expected) {
            let expected = Annotation::TextBound {
                id: id.into(),
                label: label.into(),
                spans: vec![span],
                text: Some(text.into()),
            };
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn every_kind_of_line() {
        let text = "T1\tProtein 0 5;7 9\tBMP-6 x\n\nT2\tBinding 1 2\tb\nE1\tBinding:T2 Theme:T1 \
                    Theme2:E3\nR1\tCoref Subject:T1 Object:T2\nM1\tNegation E1\nA2\tLevel E1 L3\n\
                    *\tEquiv T1 T2\n#1\tAnnotatorNotes T1\tsee\nT3\tX 3 4\n";
        let found = read_annotations(Lines::new(text.as_bytes(), "a.a2")).unwrap();
        assert_eq!(found.len(), 9);
        assert_eq!(
            found[0],
            Annotation::TextBound {
                id: "T1".into(),
                label: "Protein".into(),
                spans: vec![(0, 5), (7, 9)],
                text: Some("BMP-6 x".into()),
            }
        );
        assert_eq!(
            found[2],
            Annotation::Event {
                id: "E1".into(),
                label: "Binding".into(),
                trigger: "T2".into(),
                arguments: vec![
                    ("Theme".into(), "T1".into()),
                    ("Theme2".into(), "E3".into())
                ],
            }
        );
        assert_eq!(
            found[5],
            Annotation::Mark {
                label: "Level:L3".into(),
                target: "E1".into()
            }
        );
        assert!(matches!(&found[6], Annotation::Equivalence { members } if members.len() == 2));
        assert!(matches!(&found[7], Annotation::Note { .. }));
    }

    #[test]
    fn errors_name_line_and_value() {
        for (text, expected) in [
            ("T1 X 0 1", "a:2: `T1 X 0 1` has no tab"),
            ("T1\tX 0", "`T1`: `0` is not a start and an end"),
            ("T1\tX 0 -1", "`0 -1`"),
            ("T1\tX 0 1\nT1\tX 0 1", "a:3: `T1` was given before"),
            ("E1\tX", "`X` is not a role and a name"),
            ("E1\tX:T1 :T2", "`:T2`"),
            ("Z1\tX", "`Z1` begins with none"),
            ("M1\tNegation", "`M1` marks nothing"),
            ("T1\t", "`T1` has no type"),
        ] {
            let text = format!("\n{text}\n");
            let error = read_annotations(Lines::new(text.as_bytes(), "a")).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
