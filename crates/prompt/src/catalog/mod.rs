//! The 17 tasks of the transfer study, as data.
//!
//! Each [`Task`] says where its examples come from, how raw labels become classes, which words the
//! models predict for the classes and how the texts become input; [`Training`] says how the
//! prompts were tuned and [`TransferPair`] which prompt a task was initialized with.
//!
//! Source: the configurations and formatters of thunlp/Prompt-Transferability at 2d15de5 (`1.0/`),
//! the code of arXiv 2111.06719.

mod backbone;
mod label_words;
mod pairs;
mod table;
mod task;
mod task_type;
mod template;
mod training;

pub use backbone::Backbone;
pub use label_words::LabelWord;
pub use pairs::{TransferPair, transfer_pairs};
pub use task::{DataSource, Metric, Task};
pub use task_type::TaskType;
pub use template::{MaskedTemplate, Piece, T5Template};
pub use training::Training;

/// All tasks, in the order of the published matrices: the 13 classification tasks, which RoBERTa
/// and BERT run, then the four that only T5 does.
pub fn tasks() -> &'static [Task] {
    &table::TASKS
}

/// The tasks that predict a class.
pub fn classification_tasks() -> impl Iterator<Item = &'static Task> {
    tasks()
        .iter()
        .filter(|task| task.metric == Metric::Accuracy)
}

/// The task called `name`.
pub fn task(name: &str) -> Option<&'static Task> {
    tasks().iter().find(|task| task.name == name)
}

#[cfg(test)]
mod tests;
