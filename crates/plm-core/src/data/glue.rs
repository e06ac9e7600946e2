use std::io::BufRead;
use std::path::Path;

use super::{Row, Table, TableFormat};
use crate::{Error, Result};

/// A task of the GLUE benchmark (Wang et al. 2018), in the layout of its distributed TSV files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GlueTask {
    /// Linguistic acceptability.
    Cola,
    /// Sentiment of sentences and phrases.
    Sst2,
    /// Paraphrases in news.
    Mrpc,
    /// Duplicate questions.
    Qqp,
    /// Sentence similarity, 0 to 5.
    Stsb,
    /// Entailment in several genres.
    Mnli,
    /// Whether a sentence answers a question.
    Qnli,
    /// Entailment.
    Rte,
    /// Pronoun resolution as entailment.
    Wnli,
}

/// What is to be predicted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// A class: an index into the task's label names.
    Class(usize),
    /// A number.
    Score(f32),
}

/// A text or a pair of texts with what is to be predicted.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The number of its line, from 1.
    pub line: usize,
    /// The first or only text.
    pub text: String,
    /// The second text.
    pub pair: Option<String>,
    /// `None` in test files without labels.
    pub target: Option<Target>,
}

struct Layout {
    text: &'static str,
    pair: Option<&'static str>,
    target: &'static str,
    names: &'static [&'static str],
}

impl GlueTask {
    /// All tasks.
    pub const ALL: [Self; 9] = [
        Self::Cola,
        Self::Sst2,
        Self::Mrpc,
        Self::Qqp,
        Self::Stsb,
        Self::Mnli,
        Self::Qnli,
        Self::Rte,
        Self::Wnli,
    ];

    /// Its name in Hugging Face's `glue` data set.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cola => "cola",
            Self::Sst2 => "sst2",
            Self::Mrpc => "mrpc",
            Self::Qqp => "qqp",
            Self::Stsb => "stsb",
            Self::Mnli => "mnli",
            Self::Qnli => "qnli",
            Self::Rte => "rte",
            Self::Wnli => "wnli",
        }
    }

    /// The labels as they stand in the files, in the order of Hugging Face's class indices; empty
    /// for STS-B.
    pub fn labels(self) -> &'static [&'static str] {
        self.layout().names
    }

    fn layout(self) -> Layout {
        let binary = &["0", "1"][..];
        let entailment = &["entailment", "not_entailment"][..];
        let (text, pair, target, names) = match self {
            Self::Cola => ("sentence", None, "label", binary),
            Self::Sst2 => ("sentence", None, "label", binary),
            Self::Mrpc => ("#1 String", Some("#2 String"), "Quality", binary),
            Self::Qqp => ("question1", Some("question2"), "is_duplicate", binary),
            Self::Stsb => ("sentence1", Some("sentence2"), "score", &[][..]),
            Self::Mnli => (
                "sentence1",
                Some("sentence2"),
                "gold_label",
                &["entailment", "neutral", "contradiction"][..],
            ),
            Self::Qnli => ("question", Some("sentence"), "label", entailment),
            Self::Rte => ("sentence1", Some("sentence2"), "label", entailment),
            Self::Wnli => ("sentence1", Some("sentence2"), "label", binary),
        };
        Layout {
            text,
            pair,
            target,
            names,
        }
    }
}

/// The examples of one of GLUE's files.
#[derive(Debug)]
pub struct GlueReader<R> {
    table: Table<R>,
    task: GlueTask,
    text: usize,
    pair: Option<usize>,
    target: Option<usize>,
}

impl<R: BufRead> GlueReader<R> {
    /// Reads a training or development file of `task`: with labels. CoLA's have no header, the
    /// others' columns are found by name.
    ///
    /// # Errors
    /// [`Error::Format`] where a column is missing.
    pub fn labeled(reader: R, origin: impl AsRef<Path>, task: GlueTask) -> Result<Self> {
        if task == GlueTask::Cola {
            let table = Table::new(reader, origin, TableFormat::tsv().with_header(false))?;
            return Ok(Self {
                table,
                task,
                text: 3,
                pair: None,
                target: Some(1),
            });
        }
        let mut read = Self::unlabeled(reader, origin, task)?;
        if read.table.names().is_some() {
            read.target = Some(read.table.column(task.layout().target)?);
        }
        Ok(read)
    }

    /// Reads a test file of `task`: without labels, with a header.
    ///
    /// # Errors
    /// [`Error::Format`] where a column is missing.
    pub fn unlabeled(reader: R, origin: impl AsRef<Path>, task: GlueTask) -> Result<Self> {
        let table = Table::new(reader, origin, TableFormat::tsv())?;
        let layout = task.layout();
        let (mut text, mut pair) = (0, None);
        if table.names().is_some() {
            text = table.column(layout.text)?;
            pair = layout.pair.map(|name| table.column(name)).transpose()?;
        }
        Ok(Self {
            table,
            task,
            text,
            pair,
            target: None,
        })
    }

    fn example(&self, row: Row) -> Result<Example> {
        let Row { line, fields } = row;
        let origin = self.table.origin();
        let field = |index: usize| {
            fields.get(index).cloned().ok_or_else(|| {
                let reason = format!(
                    "has {} columns, column {} is needed",
                    fields.len(),
                    index + 1
                );
                Error::line(origin, line, reason)
            })
        };
        let target = match self.target {
            None => None,
            Some(index) => Some(self.target(line, &field(index)?)?),
        };
        Ok(Example {
            line,
            text: field(self.text)?,
            pair: self.pair.map(field).transpose()?,
            target,
        })
    }

    fn target(&self, line: usize, value: &str) -> Result<Target> {
        let names = self.task.labels();
        let refuse = |allowed: String| {
            let reason = format!("label `{value}` is not {allowed}");
            Error::line(self.table.origin(), line, reason)
        };
        if names.is_empty() {
            return value
                .parse::<f32>()
                .ok()
                .filter(|score| (0.0..=5.0).contains(score))
                .map(Target::Score)
                .ok_or_else(|| refuse("a number from 0 to 5".to_owned()));
        }
        names
            .iter()
            .position(|name| *name == value)
            .map(Target::Class)
            .ok_or_else(|| refuse(format!("one of {names:?}")))
    }
}

impl<R: BufRead> Iterator for GlueReader<R> {
    type Item = Result<Example>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.table.next()?.and_then(|row| self.example(row)))
    }
}
