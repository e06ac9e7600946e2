//! What can go wrong.

use std::path::PathBuf;

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
    /// Texts that are longer than what a model has positions for.
    #[error("max_length = {max_length}: the model has positions for {positions} tokens")]
    Positions {
        /// Tokens of a text.
        max_length: usize,
        /// Tokens that the model has positions for.
        positions: usize,
    },
    /// Nothing where something is needed.
    #[error("{what}: there is none; {fix}")]
    Empty {
        /// What is missing.
        what: &'static str,
        /// What to do.
        fix: &'static str,
    },
    /// A value that is not a finite number.
    #[error(transparent)]
    NotFinite(#[from] NotFiniteError),
    /// A threshold of drops below which no unchanged probability can fall.
    #[error(
        "the threshold at {level} % is {value}: not above 0, so that inputs whose probability does \
         not move would pass; raise the scale of the lower hinge and construct the perturbation anew"
    )]
    Threshold {
        /// The level, in percent.
        level: f64,
        /// The threshold.
        value: f64,
    },
    /// A threshold of entropies that rejects nothing.
    #[error(
        "the threshold of entropies at {level} % is {value}, of {samples} validation samples: {reason}, so that \
         every input would pass; the classifier answers the copies alike or is sure of them all: check it, or \
         replace another share of the words"
    )]
    EntropyThreshold {
        /// The level, in percent.
        level: f64,
        /// The threshold.
        value: f64,
        /// Validation samples that it was taken from.
        samples: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A row that does not hold the probabilities of the classes.
    #[error("probabilities of text {text}: {reason}")]
    Probabilities {
        /// Number of the text, from 0.
        text: usize,
        /// What is wrong with them.
        reason: String,
    },
    /// A class that the model does not have.
    #[error("class {class}, but the model has {classes} classes")]
    Class {
        /// The class.
        class: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// A class given more than once.
    #[error("class {class} is given twice; give it one threshold")]
    DuplicateClass {
        /// The class.
        class: usize,
    },
    /// An input that has to be checked came without its score.
    #[error(
        "an input predicted as the protected class {class} came without a score; compute it first"
    )]
    Unscored {
        /// The class.
        class: usize,
    },
    /// A class that the data does not have.
    #[error("sample {sample} has class {label}; the data has {classes} classes")]
    Label {
        /// Number of the sample, from 0.
        sample: usize,
        /// Its class.
        label: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// A target class that the data does not have.
    #[error("the target class is {target}; the data has {classes} classes, counted from 0")]
    Target {
        /// The target class.
        target: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// No sample of the target class where some are needed.
    #[error("no sample has the target class {target}, and the attack needs some")]
    NoTarget {
        /// The target class.
        target: usize,
    },
    /// No sample of another class than the target where some are needed.
    #[error(
        "every sample has the target class {target}, and the attack needs some of other classes"
    )]
    NoOther {
        /// The target class.
        target: usize,
    },
    /// A share of the samples that is less than one sample.
    #[error("a ratio of {ratio} of {pool} samples is none; raise the ratio or give more samples")]
    NothingPoisoned {
        /// The ratio.
        ratio: f64,
        /// Samples that it is a ratio of.
        pool: usize,
    },
    /// A trigger that cannot be put into a text.
    #[error("trigger {trigger:?} {reason}")]
    Trigger {
        /// The trigger, or the part of it that is at fault.
        trigger: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A place that a text does not have.
    #[error("{count} {unit} from place {at} on: the text has {pieces}")]
    Place {
        /// Where.
        at: usize,
        /// How many pieces from there on.
        count: usize,
        /// What the text is counted in.
        unit: &'static str,
        /// How many the text has.
        pieces: usize,
    },
    /// A text that a format cannot hold.
    #[error("sample {sample} {reason}")]
    Unwritable {
        /// Number of the sample, from 0.
        sample: usize,
        /// Why, and what to do.
        reason: &'static str,
    },
    /// A solver that did not reach its minimum.
    #[error(
        "logistic regression stopped after {iterations} iterations with a gradient of {gradient:e}, \
         {limit:e} is needed; regularize more (a smaller `inverse_penalty`)"
    )]
    NotConverged {
        /// Iterations made.
        iterations: usize,
        /// Norm of the gradient there.
        gradient: f64,
        /// Norm at which it would have stopped.
        limit: f64,
    },
    /// Too few words that speak for the target class.
    #[error("{found} words speak for the target class, {needed} are needed; ask for fewer")]
    FewWords {
        /// How many do.
        found: usize,
        /// How many were asked for.
        needed: usize,
    },
    /// A file of another version.
    #[error("{}: version {found} of {what}; only {known} is known", path.display())]
    FileVersion {
        /// The file.
        path: PathBuf,
        /// What it holds.
        what: &'static str,
        /// Its version.
        found: u32,
        /// The version that is read.
        known: u32,
    },
    /// An entry of a manifest that contradicts the rest of it or the clean data.
    #[error("entry {entry} of the manifest: {reason}")]
    ManifestEntry {
        /// Number of the entry, from 0.
        entry: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Clean data other than the manifest was made from.
    #[error(
        "the manifest was made from data with {what} {expected}, this has {found}; replay it on the \
         data that was poisoned"
    )]
    ForeignData {
        /// What differs.
        what: &'static str,
        /// What the data given has.
        found: String,
        /// What the manifest's data had.
        expected: String,
    },
    /// A word that is not one token.
    #[error(
        "{role} `{word}` splits into {pieces:?}; choose a word that is one token of this vocabulary"
    )]
    NotOnePiece {
        /// What the word is for.
        role: &'static str,
        /// The word.
        word: String,
        /// What the tokenizer makes of it.
        pieces: Vec<String>,
    },
    /// A word that is one token by itself, but another one in the texts.
    #[error(
        "{role} `{word}` is token {id} by itself, but {reason}; give texts that hold the word, and to a \
         byte-level tokenizer `Tokenizer::with_prefix_space`: there a word with a space before it is another \
         token"
    )]
    WordNotInText {
        /// What the word is for.
        role: &'static str,
        /// The word.
        word: String,
        /// Its vocabulary id.
        id: u32,
        /// Where the token is missing.
        reason: String,
    },
    /// A perturbation word that is a trigger, or given twice.
    #[error("the perturbation word `{word}` {reason}; choose another rare word")]
    PerturbationWord {
        /// The word.
        word: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A change of a word table that fits another model.
    #[error("the patch {reason}")]
    Patch {
        /// What does not fit, with both values.
        reason: String,
    },
    /// A defense of another model.
    #[error(
        "the defense was made for a model that answers `{prefix}` with {expected:?}, this one answers \
         {found:?}; construct a perturbation of this model"
    )]
    ForeignModel {
        /// The perturbation, which is all of the text.
        prefix: String,
        /// Probabilities that this model gives.
        found: Vec<f64>,
        /// Probabilities that the defended one gives.
        expected: Vec<f64>,
    },
    /// A defense of a victim that cuts texts elsewhere.
    #[error(
        "the defense was made for texts cut to {expected} tokens, this victim cuts them to {found}: set its \
         max_length to {expected}, or construct a perturbation of it"
    )]
    ForeignLength {
        /// Tokens that this victim cuts texts to.
        found: usize,
        /// Tokens that the defended one cuts them to.
        expected: usize,
    },
    /// A construction that did not arrive.
    #[error(
        "with scales {scales:?} the mean drop of clean texts is at best {mean:.4}, the lower limit {lower}, and \
         the threshold at {level} % at best {threshold:.4}, which must be above 0, both with one scale; raise \
         the learning rate, the epochs or the scales"
    )]
    NotConstructed {
        /// The largest mean drop that was reached.
        mean: f64,
        /// The limit.
        lower: f64,
        /// The largest threshold that was reached.
        threshold: f64,
        /// Its level, in percent.
        level: f64,
        /// The scales that were tried.
        scales: Vec<f64>,
    },
    /// A file, a model or a setting that `plm-core` refuses.
    #[error(transparent)]
    Core(#[from] plm_core::Error),
}

/// Result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// `value` is above 0 and finite, else [`Error::Setting`] for `name`.
pub(crate) fn positive(name: &'static str, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::Setting {
        name,
        value: value.to_string(),
        limit: "must be positive",
    })
}

/// `value` is at least `least`, else [`Error::Setting`] for `name`.
pub(crate) fn at_least<T: PartialOrd + std::fmt::Display>(
    name: &'static str,
    value: T,
    least: T,
    limit: &'static str,
) -> Result<()> {
    if value >= least {
        return Ok(());
    }
    Err(Error::Setting {
        name,
        value: value.to_string(),
        limit,
    })
}
