//! What can go wrong.

use std::path::{Path, PathBuf};

use burn::tensor::DType;
use plm_core::check::{NotFiniteError, SizeError};

/// A mistake in what a function was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting out of its limits.
    #[error("{name} = {value}: {limit}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        limit: &'static str,
    },
    /// A prompt of another width than the model.
    #[error(
        "the prompt is {found} wide, the model {expected}: a prompt works on the backbone that it \
         was trained on only; carry it over with a projector"
    )]
    Width {
        /// Width of the prompt.
        found: usize,
        /// Width of the model.
        expected: usize,
    },
    /// A slot at which the answer is to be read does not exist.
    #[error(
        "a prompt of {slots} slots has no slot to read the answer at; give it at least one, or read \
         at a mask token (`ReadOut::MaskToken`)"
    )]
    NoSlot {
        /// Slots of the prompt.
        slots: usize,
    },
    /// Slots and text that the model cannot take at once.
    #[error(
        "{slots} slots and {tokens} tokens are more than the {limit} positions of the model; encode \
         the texts with at most {} tokens", limit.saturating_sub(*slots)
    )]
    TooLong {
        /// Slots of the prompt.
        slots: usize,
        /// Tokens of the longest text.
        tokens: usize,
        /// Positions that the model has.
        limit: usize,
    },
    /// Targets for which the model has no positions left.
    #[error(
        "targets of {tokens} tokens: the model has {limit} positions left for them; cut the targets or \
         encode the texts with fewer tokens"
    )]
    TargetTooLong {
        /// Tokens of the longest target.
        tokens: usize,
        /// Positions that are left.
        limit: usize,
    },
    /// A label word that is not one token.
    #[error(
        "label word `{word}` of task `{task}` splits into {pieces:?}; choose a word that is one token \
         of this vocabulary"
    )]
    LabelWord {
        /// The task.
        task: String,
        /// The word.
        word: String,
        /// What the tokenizer makes of it.
        pieces: Vec<String>,
    },
    /// A label word that the tokenizer does not know.
    #[error(
        "label word `{word}` of task `{task}` is not in the vocabulary; choose a word that is one \
         token of it"
    )]
    UnknownLabelWord {
        /// The task.
        task: String,
        /// The word.
        word: String,
    },
    /// Two classes with the same label word.
    #[error(
        "classes {first} and {second} of task `{task}` share the label word `{word}`: give each class \
         its own"
    )]
    SharedLabelWord {
        /// The task.
        task: String,
        /// The word.
        word: String,
        /// The first class.
        first: usize,
        /// The second class.
        second: usize,
    },
    /// A class that its task does not have.
    #[error(
        "example {example} of task `{task}` has class {label}, counted from 0; the task has {classes} \
         classes: correct the class or give it a label word"
    )]
    Label {
        /// The task.
        task: String,
        /// Number of the example, from 0.
        example: usize,
        /// Its class.
        label: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// An example without tokens: not every tokenizer adds tokens of its own to an empty text.
    #[error(
        "example {example} of task `{task}`, counted from 0, has no tokens: leave it out or give it a \
         text"
    )]
    NoTokens {
        /// The task.
        task: String,
        /// Number of the example, from 0.
        example: usize,
    },
    /// A token that the model has no word vector for.
    #[error(
        "token {id} of the {what} is beyond the {vocabulary} words of the model; encode with the \
         model's own tokenizer"
    )]
    UnknownToken {
        /// What holds the token.
        what: &'static str,
        /// Its id.
        id: u32,
        /// Words that the model has.
        vocabulary: usize,
    },
    /// Numbers of a prompt that are of another type than the model's.
    #[error(
        "the numbers of the prompt are {}, those of the model {}; slots and words are put together, so \
         that both must be of one type", prompt.name(), model.name()
    )]
    NumberType {
        /// Type of the prompt's numbers.
        prompt: DType,
        /// Type of the model's.
        model: DType,
    },
    /// Sizes that do not fit together.
    #[error(transparent)]
    Size(#[from] SizeError),
    /// Nothing where something is needed.
    #[error("{what}: there is none; give at least one")]
    Empty {
        /// What is missing.
        what: &'static str,
    },
    /// A value that is not a finite number.
    #[error(transparent)]
    NotFinite(#[from] NotFiniteError),
    /// Two lists of tasks that must be equal, and are not.
    #[error("task {index} is `{found}` in {what}, expected `{expected}`")]
    TaskOrder {
        /// What holds the wrong list.
        what: &'static str,
        /// Place in the list, from 0.
        index: usize,
        /// The task there, with its type where it is known.
        found: String,
        /// The task that fits, with its type where it is known.
        expected: String,
    },
    /// Two entries for one task where each may have one.
    #[error("task `{task}` is given twice")]
    DuplicateTask {
        /// The task.
        task: String,
    },
    /// A learning curve whose steps do not rise.
    #[error("step {step} follows step {previous}; the steps of a learning curve must rise")]
    StepOrder {
        /// The step before.
        previous: u64,
        /// The step that is not larger.
        step: u64,
    },
    /// Something that the backbone cannot do.
    #[error("{backbone}: {reason}")]
    Unsupported {
        /// The backbone.
        backbone: &'static str,
        /// What it cannot do, and what to do instead.
        reason: &'static str,
    },
    /// An entry of a file is missing, of the wrong kind or contradicts the rest.
    #[error("{}: `{key}` is {found}; {expected}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// Key of the metadata, of the settings, or name of the tensor.
        key: String,
        /// What stands there.
        found: String,
        /// What may stand there, or what to do.
        expected: String,
    },
    /// A file has no tensor of the name asked for.
    #[error("{}: no tensor `{key}`; there are: {available}", path.display())]
    NoEntry {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        key: String,
        /// Names of the tensors that can be had.
        available: String,
    },
    /// An adapter of a kind that holds no soft prompt.
    #[error("{}: `peft_type` is {kind}; {reason}", path.display())]
    AdapterKind {
        /// The settings' file.
        path: PathBuf,
        /// Kind of the adapter.
        kind: String,
        /// Why it cannot be read, and what to do.
        reason: &'static str,
    },
    /// A task that an adapter does not have.
    #[error("the adapter has {tasks} tasks and task {task} was asked for; {fix}")]
    Task {
        /// The task asked for, or `none`.
        task: String,
        /// Tasks that the adapter has.
        tasks: usize,
        /// What to ask for.
        fix: &'static str,
    },
    /// No tensor of a checkpoint is known to be a soft prompt, or several are.
    #[error("{problem} of a soft prompt; the tensors are: {available}; {fix}")]
    Candidates {
        /// Whether there is no candidate or more than one.
        problem: &'static str,
        /// Names and shapes of the tensors at hand.
        available: String,
        /// What to do.
        fix: &'static str,
    },
    /// A prompt made for another backbone.
    #[error("the prompt has {what} {prompt}, the backbone {model}; {fix}")]
    Backbone {
        /// The property.
        what: &'static str,
        /// Its value in the prompt's file.
        prompt: String,
        /// Its value in the backbone.
        model: String,
        /// What to do.
        fix: &'static str,
    },
    /// A prompt that cannot take the place of another.
    #[error("{what} is {} x {}, expected {} x {}; {fix}", found[0], found[1], expected[0], expected[1])]
    Shape {
        /// The prompt.
        what: &'static str,
        /// Its rows and its width.
        found: [usize; 2],
        /// Those that fit.
        expected: [usize; 2],
        /// What to do.
        fix: &'static str,
    },
    /// A prompt that reads its answer from something other than the mask word.
    #[error(
        "slot 0 with its position vector holds {found} in column {column}, the mask word {mask}; \
         such a prompt acts in the style `absolute` only, keep it in that style"
    )]
    NotMask {
        /// Column, from 0.
        column: usize,
        /// What slot 0 holds there.
        found: f32,
        /// What the mask word holds there.
        mask: f32,
    },
    /// A file, a tensor or a setting that `plm-core` refuses.
    #[error(transparent)]
    Core(#[from] plm_core::Error),
}

impl Error {
    /// What the operating system said of `path`.
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        plm_core::Error::io(path, source).into()
    }

    /// What is wrong with the file `path`.
    pub(crate) fn format(path: &Path, reason: impl Into<String>) -> Self {
        plm_core::Error::format(path, reason).into()
    }

    /// An [`Error::Entry`] for `key` of `path`.
    pub(crate) fn entry(
        path: &Path,
        key: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self::Entry {
            path: path.to_path_buf(),
            key: key.into(),
            found: found.into(),
            expected: expected.into(),
        }
    }
}

/// Result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// Every named size is positive, else [`Error::Setting`] for the first that is not.
pub(crate) fn positive_sizes<const N: usize>(sizes: [(&'static str, usize); N]) -> Result<()> {
    match sizes.into_iter().find(|&(_, value)| value == 0) {
        Some((name, value)) => Err(Error::Setting {
            name,
            value: value.to_string(),
            limit: "must be positive",
        }),
        None => Ok(()),
    }
}
