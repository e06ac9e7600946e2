//! Whole data sets, with all of their labels.

use std::path::Path;

use plm_core::data::TextEncoding;

use super::read;
use super::source::{CSV, Columns, Format, TSV};

/// A data set of texts with one label each.
#[derive(Debug, Clone, Copy)]
pub(in crate::repro) struct WholeSet {
    /// Its name.
    pub(in crate::repro) name: &'static str,
    /// Its folder in the store.
    pub(in crate::repro) asset: &'static str,
    format: Format,
    train: &'static [&'static str],
    test: &'static [&'static str],
}

/// A text and its label.
pub(in crate::repro) type LabeledText = (String, String);

const WHOLE_SETS: [WholeSet; 5] = [
    WholeSet {
        name: "sst2",
        asset: "sentconv",
        format: Format::Labeled(TextEncoding::Utf8),
        train: &["stsa.binary.train"],
        test: &["stsa.binary.test"],
    },
    WholeSet {
        name: "trec",
        asset: "sentconv",
        format: Format::Labeled(TextEncoding::Latin1),
        train: &["TREC.train.all"],
        test: &["TREC.test.all"],
    },
    WholeSet {
        name: "clinc150",
        asset: "clinc150",
        format: Format::Sections("data_full.json"),
        train: &["train"],
        test: &["test"],
    },
    WholeSet {
        name: "banking77",
        asset: "banking77",
        format: Format::Named(
            CSV,
            Columns {
                text: "text",
                pair: None,
                label: "category",
            },
        ),
        train: &["train.csv"],
        test: &["test.csv"],
    },
    WholeSet {
        name: "goemotions",
        asset: "goemotions",
        format: Format::Numbered(
            TSV,
            Columns {
                text: 0,
                pair: None,
                label: 1,
            },
        ),
        train: &["ekman/train.tsv"],
        test: &["ekman/test.tsv"],
    },
];

impl WholeSet {
    /// The data set called `name`.
    pub(in crate::repro) fn find(name: &str) -> anyhow::Result<Self> {
        let known: Vec<&str> = WHOLE_SETS.iter().map(|set| set.name).collect();
        let found = WHOLE_SETS.iter().find(|set| set.name == name);
        found
            .copied()
            .ok_or_else(|| anyhow::anyhow!("no data set `{name}`; there are: {}", known.join(", ")))
    }

    /// Training and test texts. Texts with several labels (goemotions) are left out.
    ///
    /// # Errors
    /// Where a file cannot be read or a line of it is malformed; the error names file and line.
    pub(in crate::repro) fn read(
        &self,
        folder: &Path,
    ) -> anyhow::Result<(Vec<LabeledText>, Vec<LabeledText>)> {
        let all = |files: &[&str]| -> anyhow::Result<Vec<LabeledText>> {
            let mut texts = Vec::new();
            for file in files {
                texts.extend(read::labeled_texts(self.format, folder, file)?);
            }
            let single = |label: &str| self.name != "goemotions" || !label.contains(',');
            texts.retain(|(text, label)| !text.trim().is_empty() && single(label));
            Ok(texts)
        };
        Ok((all(self.train)?, all(self.test)?))
    }
}
