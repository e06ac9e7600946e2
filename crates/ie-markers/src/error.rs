//! What can go wrong.

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
    /// Sizes that do not fit together.
    #[error(transparent)]
    Size(#[from] SizeError),
    /// A value that is not a finite number.
    #[error(transparent)]
    NotFinite(#[from] NotFiniteError),
    /// A label that is unknown, given twice or not allowed.
    #[error("label {label:?} {reason}")]
    Label {
        /// The label.
        label: String,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// A span that ends before it starts or lies outside of its sentence.
    #[error("span [{start}, {end}] {reason}")]
    Span {
        /// Its first word.
        start: usize,
        /// Its last word.
        end: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A document that a format cannot hold.
    #[error("{document}: {reason}")]
    Unwritable {
        /// The document, and the sentence where it is one sentence's fault.
        document: String,
        /// Why, and what to do.
        reason: String,
    },
    /// Gold and predicted documents that are not the same texts.
    #[error("{document}: {reason}; give both in the same order and tokenization")]
    DifferentDocuments {
        /// The document.
        document: String,
        /// Where they differ.
        reason: String,
    },
    /// A place in a list that is not there.
    #[error("{what} {index} does not exist, there are {count}")]
    NoSuch {
        /// What was looked for.
        what: &'static str,
        /// Which one, from 0.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// A text without room for the solid markers that go into it.
    #[error(
        "sentence {sentence}: {markers} solid markers go into its window, which has room for \
         {room}; build the windows with that many solid markers"
    )]
    NoRoom {
        /// The sentence, from 0.
        sentence: usize,
        /// Markers to be put in.
        markers: usize,
        /// Tokens that still fit.
        room: usize,
    },
    /// A row that is larger than what it is padded to.
    #[error("a row has {found} {what} and is to be padded to {limit}; raise that")]
    Padding {
        /// What there are too many of.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A marker that cannot be found or be given a vector.
    #[error("marker `{marker}`: {reason}")]
    Marker {
        /// The marker's token.
        marker: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// Nothing where something is needed.
    #[error("{what}: there is none; {fix}")]
    Empty {
        /// What is missing.
        what: &'static str,
        /// What to do.
        fix: &'static str,
    },
    /// A class that the head does not have.
    #[error("example {example}: target {target} is class {class}, the head has {classes} classes")]
    Class {
        /// Number of the example, from 0.
        example: usize,
        /// Number of the target in it, from 0.
        target: usize,
        /// The class.
        class: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// An encoder whose positions are not absolute.
    #[error(
        "the encoder's family is {family}: its relative positions do not let a marker share the \
         position of a text token; take BERT, RoBERTa or DistilBERT"
    )]
    RelativePositions {
        /// The family.
        family: String,
    },
    /// A text that is longer than the encoder's position table.
    #[error("row {row} has {tokens} text tokens, the encoder takes {limit}; cut the context")]
    TooLong {
        /// Number of the row, from 0.
        row: usize,
        /// Its text tokens.
        tokens: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A token id that the word table does not have.
    #[error(
        "row {row}: token id {id}, the word table has {rows} rows; add the token to the vocabulary"
    )]
    Token {
        /// Number of the row, from 0.
        row: usize,
        /// The id.
        id: u32,
        /// Rows of the word table.
        rows: usize,
    },
    /// A place in a row's text or among its markers that is not there.
    #[error("row {row}: {what} {index} does not exist, there are {count}")]
    Place {
        /// Number of the row, from 0.
        row: usize,
        /// What was looked for.
        what: &'static str,
        /// Which one, from 0.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// A file, a model or a setting that `plm-core` refuses.
    #[error(transparent)]
    Core(#[from] plm_core::Error),
}

/// Result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// `value` is at least 1, else [`Error::Setting`] for `name`.
pub(crate) fn at_least_one(name: &'static str, value: usize) -> Result<()> {
    if value >= 1 {
        return Ok(());
    }
    Err(Error::Setting {
        name,
        value: value.to_string(),
        limit: "must be at least 1",
    })
}
