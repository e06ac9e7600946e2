//! Whether one text follows from, repeats or answers another.

use plm_core::data::GlueTask;

use crate::repro::tasks::real::source::{Columns, Format, Others, Source, TSV};

const fn sick(name: &'static str, labels: &'static [(&'static str, &'static str)]) -> Source {
    Source {
        name,
        kind: "entailment",
        asset: "sick",
        format: Format::Named(
            TSV,
            Columns {
                text: "sentence_A",
                pair: Some("sentence_B"),
                label: "entailment_judgment",
            },
        ),
        train: &["SICK/SICK_train.txt", "SICK/SICK_trial.txt"],
        test: &["SICK/SICK_test_annotated.txt"],
        labels,
        others: Others::Skip,
    }
}

/// A task of which few examples were published: all are put together.
const fn few(
    name: &'static str,
    kind: &'static str,
    train: &'static [&'static str],
    format: Format,
    labels: &'static [(&'static str, &'static str)],
) -> Source {
    Source {
        name,
        kind,
        asset: "fewglue32",
        format,
        train,
        test: &[],
        labels,
        others: Others::Skip,
    }
}

/// Their tasks.
pub(super) const SOURCES: &[Source] = &[
    Source {
        name: "rte",
        kind: "entailment",
        asset: "glue-misc",
        format: Format::Glue(GlueTask::Rte),
        train: &["RTE/train.tsv"],
        test: &["RTE/dev.tsv"],
        labels: &[("not_entailment", "no"), ("entailment", "yes")],
        others: Others::Refuse,
    },
    sick(
        "sick",
        &[
            ("CONTRADICTION", "no"),
            ("NEUTRAL", "perhaps"),
            ("ENTAILMENT", "yes"),
        ],
    ),
    sick(
        "sick-contradiction",
        &[("CONTRADICTION", "no"), ("ENTAILMENT", "yes")],
    ),
    few(
        "cb",
        "entailment",
        &["CB/train.jsonl", "CB/dev32.jsonl", "CB/val.jsonl"],
        Format::Json(&["premise"], Some("hypothesis")),
        &[("contradiction", "no"), ("entailment", "yes")],
    ),
    Source {
        name: "mrpc",
        kind: "paraphrase",
        asset: "glue-misc",
        format: Format::Glue(GlueTask::Mrpc),
        train: &["msr_paraphrase_train.txt"],
        test: &["msr_paraphrase_test.txt"],
        labels: &[("0", "different"), ("1", "same")],
        others: Others::Refuse,
    },
    few(
        "boolq",
        "answer",
        &["BoolQ/train.jsonl", "BoolQ/dev32.jsonl", "BoolQ/val.jsonl"],
        Format::Json(&["question"], Some("passage")),
        &[("false", "no"), ("true", "yes")],
    ),
    few(
        "wic",
        "sense",
        &["WiC/train.jsonl", "WiC/dev32.jsonl", "WiC/val.jsonl"],
        Format::Json(&["word", "sentence1"], Some("sentence2")),
        &[("false", "different"), ("true", "same")],
    ),
];
