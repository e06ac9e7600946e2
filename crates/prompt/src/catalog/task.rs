//! One task.

use serde::Serialize;

use super::{LabelWord, MaskedTemplate, T5Template, TaskType};
use crate::TaskLabel;

/// A task of the transfer study.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Task {
    /// Its name here.
    pub name: &'static str,
    /// Its name in the study's files: a prompt for RoBERTa lies under this and `PromptRoberta`.
    pub file_name: &'static str,
    /// Its type.
    #[serde(rename = "type")]
    pub task_type: TaskType,
    /// Where its examples come from.
    pub source: DataSource,
    /// The texts of an example, in the order that the templates take them.
    pub texts: &'static [&'static str],
    /// The words for each class; none where an answer is generated.
    pub label_words: &'static [LabelWord],
    /// For each class, the label in the source's data that becomes it.
    pub raw_labels: &'static [&'static str],
    /// How answers are scored.
    pub metric: Metric,
    /// How masked language models read an example; `None` where only T5 runs the task.
    pub masked_template: Option<MaskedTemplate>,
    /// How T5 reads an example.
    pub t5_template: T5Template,
    /// Tokens kept of an example's text.
    pub max_text_tokens: usize,
    /// Tokens kept of T5's answer in training.
    pub target_tokens: usize,
    /// Fewest and most tokens that T5 generates in evaluation; `None` where the answer is a class.
    pub generated_tokens: Option<(usize, usize)>,
}

/// A public data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DataSource {
    /// The collection and the set.
    pub name: &'static str,
    /// The split that scores are measured on.
    pub evaluation_split: &'static str,
}

/// How a task's answers are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Metric {
    /// Share of examples whose class is right.
    Accuracy,
    /// BLEU of each answer over word pieces, averaged: 1-grams weigh 0.7, 2-grams 0.3.
    Bleu,
}

impl Task {
    /// The class of a raw label; `None` for labels that are left out, such as SNLI's -1.
    pub fn class_of(&self, raw: &str) -> Option<usize> {
        self.raw_labels.iter().position(|label| *label == raw)
    }

    /// Number of classes; 0 where an answer is generated.
    pub fn classes(&self) -> usize {
        self.label_words.len()
    }

    /// The task as a row or a column of a matrix.
    pub fn label(&self) -> TaskLabel {
        TaskLabel::new(self.name, self.task_type.name())
    }
}
