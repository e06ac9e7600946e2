//! Classification tasks: small ones, generated and real, and whole data sets.

mod generated;
mod real;

pub(super) use generated::generated;
pub(super) use real::{LabeledText, WholeSet, real};

/// How many examples a task has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shots {
    /// Examples of each class to tune on.
    pub(super) train: usize,
    /// Examples of each class to choose the best evaluation with.
    pub(super) dev: usize,
    /// Examples of each class to measure on, or all where a data set has fewer.
    pub(super) test: usize,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use plm_core::rng::Seed;
    use plm_core::text::Tokenizer;
    use plm_prompt::Verbalizer;

    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn the_small_model_can_answer_every_generated_task() {
        let folder = Workspace::find().unwrap().root().join("models/plm-mini");
        let tokenizer = Tokenizer::from_dir(folder).unwrap();
        let shots = Shots {
            train: 1,
            dev: 1,
            test: 1,
        };
        let tasks = generated(Seed::new(1), shots);
        for task in &tasks {
            let words = &task.label_words;
            Verbalizer::new(&task.name, words, &tokenizer, Default::default()).unwrap();
        }
        let kinds: BTreeSet<&str> = tasks.iter().map(|task| task.kind.as_str()).collect();
        assert!(tasks.len() >= 24 && kinds.len() >= 5, "{kinds:?}");
    }
}
