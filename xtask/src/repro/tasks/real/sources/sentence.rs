//! Sentiment, subjectivity, question type and acceptability of single sentences.

use plm_core::data::{GlueTask, TextEncoding};

use crate::repro::tasks::real::source::{Format, Others, Source};

const UTF8: Format = Format::Labeled(TextEncoding::Utf8);
const LATIN1: Format = Format::Labeled(TextEncoding::Latin1);
const POLARITY: &[(&str, &str)] = &[("0", "bad"), ("1", "good")];

/// A task of the `sentconv` folder in which every label is a class.
const fn sentconv(
    name: &'static str,
    kind: &'static str,
    format: Format,
    train: &'static [&'static str],
    test: &'static [&'static str],
    labels: &'static [(&'static str, &'static str)],
) -> Source {
    Source {
        name,
        kind,
        asset: "sentconv",
        format,
        train,
        test,
        labels,
        others: Others::Refuse,
    }
}

/// Their tasks.
pub(super) const SOURCES: &[Source] = &[
    sentconv(
        "sst2",
        "sentiment",
        UTF8,
        &["stsa.binary.train", "stsa.binary.dev"],
        &["stsa.binary.test"],
        POLARITY,
    ),
    sentconv(
        "sst5",
        "sentiment",
        UTF8,
        &["stsa.fine.train", "stsa.fine.dev"],
        &["stsa.fine.test"],
        &[
            ("0", "terrible"),
            ("1", "bad"),
            ("2", "fair"),
            ("3", "good"),
            ("4", "great"),
        ],
    ),
    sentconv(
        "mr",
        "sentiment",
        LATIN1,
        &["rt-polarity.all"],
        &[],
        POLARITY,
    ),
    sentconv("cr", "sentiment", UTF8, &["custrev.all"], &[], POLARITY),
    sentconv("mpqa", "sentiment", UTF8, &["mpqa.all"], &[], POLARITY),
    sentconv(
        "subj",
        "subjectivity",
        LATIN1,
        &["subj.all"],
        &[],
        &[("0", "opinion"), ("1", "story")],
    ),
    sentconv(
        "trec",
        "question",
        LATIN1,
        &["TREC.train.all"],
        &["TREC.test.all"],
        &[
            ("0", "meaning"),
            ("1", "thing"),
            ("2", "letters"),
            ("3", "person"),
            ("4", "place"),
            ("5", "number"),
        ],
    ),
    Source {
        others: Others::Skip,
        ..sentconv(
            "trec-person-place",
            "question",
            LATIN1,
            &["TREC.train.all"],
            &["TREC.test.all"],
            &[("3", "person"), ("4", "place")],
        )
    },
    Source {
        others: Others::Skip,
        ..sentconv(
            "trec-number-thing",
            "question",
            LATIN1,
            &["TREC.train.all"],
            &["TREC.test.all"],
            &[("5", "number"), ("1", "thing")],
        )
    },
    Source {
        name: "imdb",
        kind: "sentiment",
        asset: "imdb",
        format: Format::Json(&["text"], None),
        train: &["train.jsonl.gz"],
        test: &["test.jsonl.gz"],
        labels: POLARITY,
        others: Others::Refuse,
    },
    Source {
        name: "cola",
        kind: "acceptability",
        asset: "glue-misc",
        format: Format::Glue(GlueTask::Cola),
        train: &["CoLA/train.tsv"],
        test: &["CoLA/dev.tsv"],
        labels: &[("0", "wrong"), ("1", "right")],
        others: Others::Refuse,
    },
];
