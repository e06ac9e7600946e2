//! The examples of one task, or of several mixed.

use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::text::{Batch, Padding, PaddingSide};

use crate::encode::{EncodedExample, EncodedTask};
use crate::mixed::{Mixed, check_texts, check_tokens, collate_ids};
use crate::{Error, Result};

/// Score added to words that are no label of an example's task.
const EXCLUDED: f32 = -1e9;

/// Which words a task's examples choose among.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Choice {
    /// The label words of the example's own task (Su et al. 2022: cross-entropy over those words
    /// only).
    #[default]
    Own,
    /// The label words of all tasks (the authors' training of projectors: one verbalizer for all).
    Shared,
}

/// Examples of one task or of several, with the label words that they choose among.
#[derive(Debug, Clone)]
pub struct TaskSet {
    names: Vec<String>,
    words: Vec<u32>,
    /// For each task, the place in `words` of each class.
    columns: Vec<Vec<usize>>,
    examples: Vec<SetExample>,
    choice: Choice,
    padding: Padding,
}

#[derive(Debug, Clone)]
struct SetExample {
    task: usize,
    ids: Vec<u32>,
    label: usize,
}

/// A batch on a device.
#[derive(Debug, Clone)]
pub(crate) struct SetBatch {
    pub(crate) text: Batch,
    /// Which task each example belongs to.
    pub(crate) mixed: Mixed,
    /// Which words the examples choose among; nothing where all may be chosen.
    pub(crate) own: Option<OwnWords>,
    /// The word of each example's class, `[batch]`.
    pub(crate) targets: Tensor<1, Int>,
}

/// The words of each example's own task among those of all tasks.
#[derive(Debug, Clone)]
pub(crate) struct OwnWords {
    /// Added to the scores, `[batch, words]`: 0 for the own words, far below all scores for the others.
    pub(crate) excluded: Tensor<2>,
    /// Weights of a mean over the own words, `[batch, words]`: rows sum to 1, the others have 0.
    pub(crate) shares: Tensor<2>,
}

impl TaskSet {
    /// The examples of `tasks`, which are numbered in this order.
    ///
    /// # Errors
    /// [`Error::Empty`] without examples; [`Error::NoTokens`] for an example without tokens;
    /// [`Error::Label`] for a class that the task does not have; [`Error::Setting`] for padding on the
    /// left, which moves a text away from its positions and from the place where GPT-2's answer is read.
    pub fn new(tasks: &[EncodedTask], choice: Choice, padding: Padding) -> Result<Self> {
        check_side(&padding)?;
        let mut set = Self {
            names: tasks.iter().map(|task| task.name.clone()).collect(),
            words: Vec::new(),
            columns: Vec::new(),
            examples: Vec::new(),
            choice,
            padding,
        };
        for (number, task) in tasks.iter().enumerate() {
            check_examples(task)?;
            let mut columns = Vec::new();
            for &id in task.verbalizer.ids() {
                let place = set.words.iter().position(|&word| word == id);
                columns.push(place.unwrap_or_else(|| {
                    set.words.push(id);
                    set.words.len() - 1
                }));
            }
            set.columns.push(columns);
            set.examples
                .extend(task.examples.iter().map(|example| SetExample {
                    task: number,
                    ids: example.ids.clone(),
                    label: example.label,
                }));
        }
        if set.examples.is_empty() {
            return Err(Error::Empty { what: "examples" });
        }
        Ok(set)
    }

    /// The examples of one task.
    ///
    /// # Errors
    /// As [`TaskSet::new`].
    pub fn single(task: &EncodedTask, padding: Padding) -> Result<Self> {
        Self::new(std::slice::from_ref(task), Choice::Own, padding)
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        self.examples.len()
    }

    /// Whether there is none: never.
    pub fn is_empty(&self) -> bool {
        self.examples.is_empty()
    }

    /// The tasks' names.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of the task of example `index`.
    ///
    /// # Panics
    /// If there is no such example.
    pub fn task(&self, index: usize) -> usize {
        self.examples[index].task
    }

    /// Class of example `index`.
    ///
    /// # Panics
    /// If there is no such example.
    pub fn label(&self, index: usize) -> usize {
        self.examples[index].label
    }

    /// Tokens of each example.
    pub fn lengths(&self) -> Vec<usize> {
        self.examples
            .iter()
            .map(|example| example.ids.len())
            .collect()
    }

    /// Tokens of the longest example.
    pub fn longest(&self) -> usize {
        self.lengths().into_iter().max().unwrap_or(0)
    }

    /// Tokens of the widest batch that there can be, padding included.
    ///
    /// # Errors
    /// [`Error::Core`] where the padding cannot be laid out.
    pub(crate) fn widest(&self) -> Result<usize> {
        Ok(self.padding.length(self.longest())?)
    }

    /// Refuses tokens of texts, padding and label words that a model of `vocabulary` words does not have.
    ///
    /// # Errors
    /// [`Error::UnknownToken`]; [`Error::Core`] where the padding cannot be laid out.
    pub(crate) fn check_vocabulary(&self, vocabulary: usize) -> Result<()> {
        let texts = self.examples.iter().map(|example| example.ids.as_slice());
        let texts: Vec<&[u32]> = texts.collect();
        check_texts(&texts, &self.padding, vocabulary)?;
        check_tokens("label words", self.words.iter().copied(), vocabulary)
    }

    /// Prompts that a source must have where each task has its own: one more than the greatest number
    /// of a task with examples.
    pub(crate) fn prompts(&self) -> usize {
        let last = self.examples.iter().map(|example| example.task).max();
        last.map_or(0, |task| task + 1)
    }

    /// Share of the most frequent class, task by task: what knowing nothing but that gives. Nothing
    /// for a task without examples.
    pub fn majority(&self) -> Vec<Option<f64>> {
        (0..self.names.len())
            .map(|task| {
                let labels: Vec<usize> = self
                    .examples
                    .iter()
                    .filter(|example| example.task == task)
                    .map(|example| example.label)
                    .collect();
                let count = |class| labels.iter().filter(|&&label| label == class).count();
                let most = (0..self.columns[task].len()).map(count).max().unwrap_or(0);
                (!labels.is_empty()).then(|| most as f64 / labels.len() as f64)
            })
            .collect()
    }

    /// The label words of all tasks, `[words]`.
    pub(crate) fn words(&self, device: &Device) -> Tensor<1, Int> {
        let ids: Vec<i64> = self.words.iter().map(|&id| i64::from(id)).collect();
        Tensor::from_data(ids.as_slice(), device)
    }

    /// The examples at `rows` as a batch on `device`.
    pub(crate) fn batch(&self, rows: &[usize], device: &Device) -> Result<SetBatch> {
        let examples: Vec<&SetExample> = rows.iter().map(|&row| &self.examples[row]).collect();
        let texts = examples.iter().map(|example| example.ids.as_slice());
        let text = collate_ids(texts, &self.padding, device)?;
        let tasks: Vec<usize> = examples.iter().map(|example| example.task).collect();
        let targets: Vec<i64> = examples
            .iter()
            .map(|example| self.columns[example.task][example.label] as i64)
            .collect();
        Ok(SetBatch {
            text,
            mixed: Mixed::of(&tasks, device),
            own: self.own_words(&examples, device),
            targets: Tensor::from_data(targets.as_slice(), device),
        })
    }

    fn own_words(&self, examples: &[&SetExample], device: &Device) -> Option<OwnWords> {
        let words = self.words.len();
        let all = self.columns.iter().all(|columns| columns.len() == words);
        if self.choice == Choice::Shared || all {
            return None;
        }
        let mut excluded = vec![EXCLUDED; examples.len() * words];
        let mut shares = vec![0.0_f32; examples.len() * words];
        for (row, example) in examples.iter().enumerate() {
            let columns = &self.columns[example.task];
            for &column in columns {
                excluded[row * words + column] = 0.0;
                shares[row * words + column] = 1.0 / columns.len() as f32;
            }
        }
        let tensor = |values| {
            let data = TensorData::new(values, [examples.len(), words]);
            Tensor::from_data(data, device)
        };
        Some(OwnWords {
            excluded: tensor(excluded),
            shares: tensor(shares),
        })
    }

    /// The class of `task` that word `column` stands for.
    pub(crate) fn class(&self, index: usize, column: usize) -> Option<usize> {
        let columns = &self.columns[self.examples[index].task];
        columns.iter().position(|&own| own == column)
    }
}

/// Refuses examples without tokens, or of a class that their task does not have.
///
/// # Errors
/// [`Error::NoTokens`], [`Error::Label`].
fn check_examples(task: &EncodedTask) -> Result<()> {
    let classes = task.verbalizer.classes();
    for (example, EncodedExample { ids, label }) in task.examples.iter().enumerate() {
        if ids.is_empty() {
            return Err(Error::NoTokens {
                task: task.name.clone(),
                example,
            });
        }
        if *label >= classes {
            return Err(Error::Label {
                task: task.name.clone(),
                example,
                label: *label,
                classes,
            });
        }
    }
    Ok(())
}

/// Refuses padding on the left.
///
/// # Errors
/// [`Error::Setting`].
pub(crate) fn check_side(padding: &Padding) -> Result<()> {
    match padding.side {
        PaddingSide::Right => Ok(()),
        PaddingSide::Left => Err(Error::Setting {
            name: "padding.side",
            value: "Left".to_owned(),
            limit: "texts behind slots are padded on the right",
        }),
    }
}
