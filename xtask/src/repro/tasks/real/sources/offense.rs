//! Offense and hate.

use crate::repro::tasks::real::source::{CSV, Columns, Format, Others, Source, TSV};

const OFFENSE: &[(&str, &str)] = &[("NOT", "polite"), ("OFF", "rude")];

const fn olid(
    name: &'static str,
    label: &'static str,
    labels: &'static [(&'static str, &'static str)],
) -> Source {
    Source {
        name,
        kind: "offense",
        asset: "olid",
        format: Format::Named(
            TSV,
            Columns {
                text: "tweet",
                pair: None,
                label,
            },
        ),
        train: &["olid-training-v1.0.tsv"],
        test: &[],
        labels,
        others: Others::Skip,
    }
}

const fn davidson(name: &'static str, labels: &'static [(&'static str, &'static str)]) -> Source {
    Source {
        name,
        kind: "offense",
        asset: "davidson-hate",
        format: Format::Named(
            CSV,
            Columns {
                text: "tweet",
                pair: None,
                label: "class",
            },
        ),
        train: &["labeled_data.csv"],
        test: &[],
        labels,
        others: Others::Skip,
    }
}

/// Their tasks.
pub(super) const SOURCES: &[Source] = &[
    olid("olid-offense", "subtask_a", OFFENSE),
    olid(
        "olid-target",
        "subtask_b",
        &[("UNT", "nobody"), ("TIN", "somebody")],
    ),
    olid(
        "olid-victim",
        "subtask_c",
        &[("IND", "person"), ("GRP", "people"), ("OTH", "thing")],
    ),
    davidson("davidson-offense", &[("2", "polite"), ("1", "rude")]),
    davidson("davidson-hate", &[("2", "polite"), ("0", "hate")]),
    davidson(
        "davidson-all",
        &[("2", "polite"), ("1", "rude"), ("0", "hate")],
    ),
    Source {
        name: "forum-hate",
        kind: "offense",
        asset: "vicomtech-hate",
        format: Format::Named(
            TSV,
            Columns {
                text: "text",
                pair: None,
                label: "label",
            },
        ),
        train: &["sentences.tsv"],
        test: &[],
        labels: &[("noHate", "polite"), ("hate", "hate")],
        others: Others::Skip,
    },
];
