//! Emotions. Comments with several emotions, or another one, are left out.

use crate::repro::tasks::real::source::{Columns, Format, Others, Source, TSV};

const fn ekman(name: &'static str, labels: &'static [(&'static str, &'static str)]) -> Source {
    goemotions(
        name,
        &["ekman/train.tsv"],
        &["ekman/dev.tsv", "ekman/test.tsv"],
        labels,
    )
}

const fn original(name: &'static str, labels: &'static [(&'static str, &'static str)]) -> Source {
    goemotions(
        name,
        &["original/train.tsv"],
        &["original/dev.tsv", "original/test.tsv"],
        labels,
    )
}

const fn goemotions(
    name: &'static str,
    train: &'static [&'static str],
    test: &'static [&'static str],
    labels: &'static [(&'static str, &'static str)],
) -> Source {
    Source {
        name,
        kind: "emotion",
        asset: "goemotions",
        format: Format::Numbered(
            TSV,
            Columns {
                text: 0,
                pair: None,
                label: 1,
            },
        ),
        train,
        test,
        labels,
        others: Others::Skip,
    }
}

/// Their tasks. The numbers are those of the lines, from 0, of `labels.txt` in the folder.
pub(super) const SOURCES: &[Source] = &[
    ekman(
        "goemotions-all",
        &[
            ("0", "angry"),
            ("1", "disgust"),
            ("2", "afraid"),
            ("3", "happy"),
            ("5", "sad"),
            ("6", "surprise"),
        ],
    ),
    ekman("goemotions-happy-sad", &[("3", "happy"), ("5", "sad")]),
    ekman("goemotions-happy-angry", &[("3", "happy"), ("0", "angry")]),
    ekman(
        "goemotions-angry-afraid",
        &[("0", "angry"), ("2", "afraid")],
    ),
    ekman(
        "goemotions-sad-surprise",
        &[("5", "sad"), ("6", "surprise")],
    ),
    original(
        "goemotions-thanks-praise-love",
        &[("15", "thanks"), ("0", "praise"), ("18", "love")],
    ),
    original(
        "goemotions-funny-curious",
        &[("1", "funny"), ("7", "curious")],
    ),
];
