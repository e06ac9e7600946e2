//! Why a work is cited, and how terms are related, in scientific texts.

use crate::repro::tasks::real::source::{Format, Others, Source};

const fn scibert(
    name: &'static str,
    kind: &'static str,
    train: &'static [&'static str],
    test: &'static [&'static str],
    labels: &'static [(&'static str, &'static str)],
) -> Source {
    Source {
        name,
        kind,
        asset: "scibert-sets",
        format: Format::Json(&["text"], None),
        train,
        test,
        labels,
        others: Others::Skip,
    }
}

/// Their tasks.
pub(super) const SOURCES: &[Source] = &[
    scibert(
        "scicite",
        "citation",
        &["text_classification/sci-cite/train.txt"],
        &["text_classification/sci-cite/test.txt"],
        &[
            ("background", "history"),
            ("method", "method"),
            ("result", "result"),
        ],
    ),
    scibert(
        "acl-citation",
        "citation",
        &["text_classification/citation_intent/train.txt"],
        &[
            "text_classification/citation_intent/dev.txt",
            "text_classification/citation_intent/test.txt",
        ],
        &[
            ("Background", "history"),
            ("Uses", "method"),
            ("CompareOrContrast", "unlike"),
        ],
    ),
    scibert(
        "science-relation",
        "relation",
        &["text_classification/sciie-relation-extraction/train.txt"],
        &["text_classification/sciie-relation-extraction/test.txt"],
        &[
            ("USED-FOR", "used"),
            ("CONJUNCTION", "and"),
            ("EVALUATE-FOR", "test"),
            ("HYPONYM-OF", "kind"),
        ],
    ),
    scibert(
        "protein-relation",
        "relation",
        &["text_classification/chemprot/train.txt"],
        &["text_classification/chemprot/test.txt"],
        &[
            ("INHIBITOR", "against"),
            ("ACTIVATOR", "for"),
            ("SUBSTRATE", "from"),
        ],
    ),
];
