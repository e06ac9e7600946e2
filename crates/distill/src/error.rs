//! What can go wrong.

mod helpers;

pub(crate) use helpers::{check_labels, same_names};

use std::path::PathBuf;

use plm_core::check::{NotFiniteError, SizeError};

use crate::cache::{KeyDifference, list};

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
    /// Nothing where something is needed.
    #[error("{what}: there is none")]
    Empty {
        /// What is missing.
        what: &'static str,
    },
    /// A value that is not a finite number.
    #[error(transparent)]
    NotFinite(#[from] NotFiniteError),
    /// Too few classes to tell anything apart.
    #[error("{found} classes; a classifier and its uncertainty need at least two")]
    Classes {
        /// How many there are.
        found: usize,
    },
    /// Examples without labels where labels are needed.
    #[error("{what}: the examples have no labels")]
    Unlabeled {
        /// What needs them, and what does not.
        what: &'static str,
    },
    /// Examples of which only some have a label.
    #[error(
        "{unlabeled} of {examples} examples have no label, `{first}` first; give all of them one, or none, \
         or take the texts alone (`Prepared::without_labels`)"
    )]
    PartlyLabeled {
        /// Examples without.
        unlabeled: usize,
        /// All examples.
        examples: usize,
        /// Name of the first one without.
        first: String,
    },
    /// An example that a cache or table does not hold.
    #[error(
        "teacher `{teacher}` has no answer for example `{example}`; fill the cache with `precompute`, or \
         ask the live teacher"
    )]
    NotCached {
        /// The teacher.
        teacher: String,
        /// Name of the example.
        example: String,
    },
    /// A hidden state that cannot be had.
    #[error("hidden state {index} of `{name}`: {reason}")]
    HiddenState {
        /// The model.
        name: String,
        /// Number of the hidden state; 0 is the output of the embeddings.
        index: usize,
        /// Why.
        reason: String,
    },
    /// Scores that a cache keeps for other settings, or not at all.
    #[error("teacher `{name}` keeps scores of {kept}, asked for are {wanted}; make another cache")]
    Scoring {
        /// The teacher.
        name: String,
        /// What the cache holds.
        kept: String,
        /// What was asked for.
        wanted: String,
    },
    /// Monte-Carlo scores of a model without dropout.
    #[error(
        "teacher `{name}` has no dropout that acts: all passes would be the same; set its dropout \
         probabilities, or score by one pass (`Scoring::Deterministic`)"
    )]
    NoDropout {
        /// The teacher.
        name: String,
    },
    /// A cache for a teacher whose answers change.
    #[error(
        "teacher `{name}` runs with dropout: no two of its answers agree, they cannot be cached"
    )]
    DropoutTeacher {
        /// The teacher.
        name: String,
    },
    /// A student that is deeper than its teacher.
    #[error("a student of {student} layers cannot be matched with a teacher of {teacher}")]
    Layers {
        /// Layers of the student.
        student: usize,
        /// Layers of the teacher.
        teacher: usize,
    },
    /// A layer that a model does not have.
    #[error("layer {layer} of a model with {total} layers; they count from 0")]
    Layer {
        /// The layer.
        layer: usize,
        /// How many there are.
        total: usize,
    },
    /// Models that cut texts into different tokens where tokens are compared.
    #[error(
        "teacher `{teacher}` has another tokenizer than the student: hidden states of their tokens cannot \
         be compared; match first tokens, or class scores only"
    )]
    Tokenizers {
        /// The teacher.
        teacher: String,
    },
    /// Models that cut texts at different places where tokens are compared.
    #[error(
        "teacher `{teacher}` cuts texts to {found} tokens, the student to {expected}: hidden states of \
         their tokens cannot be compared; give both one length, or match first tokens or class scores only"
    )]
    Lengths {
        /// The teacher.
        teacher: String,
        /// The teacher's longest text in tokens.
        found: usize,
        /// The student's.
        expected: usize,
    },
    /// Classes with other names, or in another order, where they are joined by their place.
    #[error("{what}: class {index} is `{found}`, expected `{expected}`; both need one order")]
    ClassName {
        /// What has the names.
        what: String,
        /// Number of the first class that differs, from 0.
        index: usize,
        /// Its name there.
        found: String,
        /// The name that fits.
        expected: String,
    },
    /// A written student that is not the one in memory.
    #[error(
        "{}: class scores of the written student differ by {difference} from those in memory, allowed \
         are {tolerance}", path.display()
    )]
    Export {
        /// The directory.
        path: PathBuf,
        /// The largest difference; NaN where a score is no number.
        difference: f64,
        /// What is allowed.
        tolerance: f64,
    },
    /// Training whose gradients are no longer finite numbers.
    #[error("training diverged: {source}; try a smaller learning rate")]
    Diverged {
        /// Where and when.
        source: plm_core::Error,
    },
    /// A run's file that cannot be read.
    #[error("{reason}")]
    RunFile {
        /// Line, key and what is allowed.
        reason: String,
    },
    /// A preset that does not exist.
    #[error("no preset `{name}`; there are: {known}")]
    Preset {
        /// The name asked for.
        name: String,
        /// Those there are.
        known: String,
    },
    /// A cache of another teacher, or of the same one asked otherwise.
    #[error(
        "{}: the cache is not of this teacher and these settings: {}; use another folder, or delete \
         this one", dir.display(), list(differences)
    )]
    StaleCache {
        /// Folder of the cache.
        dir: PathBuf,
        /// What is different.
        differences: Vec<KeyDifference>,
    },
    /// A folder or a manifest that is not that of a cache, or no longer.
    #[error("{}: {reason}; use another folder, or delete this one", path.display())]
    ForeignCache {
        /// The folder or the file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A shard of a cache that is not what its manifest says.
    #[error(
        "{}: {reason}; bring the file back, or drop its rows with `cache::repair` and ask the teacher \
         again", path.display()
    )]
    DamagedShard {
        /// The shard.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A cache to which another process is writing.
    #[error("{}: another process is writing to this cache; wait for it, or use another folder", dir.display())]
    CacheInUse {
        /// Folder of the cache.
        dir: PathBuf,
    },
    /// A cache to which another process has written since it was opened.
    #[error("{}: another process has changed this cache since it was opened; open it again", dir.display())]
    CacheChanged {
        /// Folder of the cache.
        dir: PathBuf,
    },
    /// An example whose text is not the one that was cached.
    #[error(
        "the text of example id {id} has hash {found:016x}, what is kept under that id was said of a \
         text with hash {stored:016x}; give changed texts new ids, or make the cache anew"
    )]
    StaleRow {
        /// Id of the example.
        id: u64,
        /// Hash of the text that the kept numbers are of.
        stored: u64,
        /// Hash of the text now.
        found: u64,
    },
    /// An id that is used twice where each may be used once.
    #[error("example id {id} is there already; ids must be unique")]
    CachedTwice {
        /// The id.
        id: u64,
    },
    /// Numbers that are no probabilities.
    #[error(
        "row {row} of {what} has minimum {minimum} and sum {sum}; probabilities are not negative and \
         sum to 1: give the softmax of the logits"
    )]
    Probabilities {
        /// What holds the numbers.
        what: &'static str,
        /// The row, from 0.
        row: usize,
        /// Its least number.
        minimum: f64,
        /// The sum of its numbers.
        sum: f64,
    },
    /// Two examples with the same id.
    #[error(
        "{}: {place} {second} has the id `{id}` of {place} {first}; give every example its own, or \
         none at all", path.display()
    )]
    DuplicateId {
        /// The file, or what else holds the examples.
        path: PathBuf,
        /// What the numbers count.
        place: &'static str,
        /// The id, as it is written.
        id: String,
        /// Number of the first example, from 1.
        first: usize,
        /// Number of the second example, from 1.
        second: usize,
    },
    /// More rows asked for than there are.
    #[error(
        "{needed} rows are asked for ({per_label} for each of {labels} labels), there are {rows}"
    )]
    TooFewRows {
        /// Rows asked for.
        needed: usize,
        /// Rows for each label.
        per_label: usize,
        /// How many labels there are.
        labels: usize,
        /// Rows at hand.
        rows: usize,
    },
    /// A row that does not exist.
    #[error("row {row} of a corpus of {rows} rows")]
    Row {
        /// The row asked for, from 0.
        row: usize,
        /// How many there are.
        rows: usize,
    },
    /// A label given twice where each may occur once.
    #[error("{place}: label `{label}` is both label {first} and label {second}; give it once")]
    DuplicateLabel {
        /// The list.
        place: String,
        /// The label.
        label: String,
        /// Its first place, from 0.
        first: usize,
        /// Its second place, from 0.
        second: usize,
    },
    /// A label without a name.
    #[error("{place}: label {index} is empty; give it a name")]
    EmptyLabel {
        /// The list.
        place: String,
        /// Its place, from 0.
        index: usize,
    },
    /// Labels out of order.
    #[error(
        "label `{after}` comes after `{before}`; sort the labels by code point, or by value where all \
         are integers"
    )]
    UnsortedLabels {
        /// The label that comes first.
        before: String,
        /// The smaller label that follows it.
        after: String,
    },
    /// Labels that cannot be shared out so that every teacher has something to tell apart.
    #[error(
        "{labels} labels for {teachers} teachers: each needs at least two labels; use at most {} \
         teachers", labels / 2
    )]
    TooFewLabels {
        /// How many labels there are.
        labels: usize,
        /// How many teachers.
        teachers: usize,
    },
    /// A teacher that has nothing to tell apart.
    #[error("teacher {teacher} has {labels} labels; a classifier needs at least two")]
    TeacherLabels {
        /// The teacher, from 0.
        teacher: usize,
        /// How many labels it has.
        labels: usize,
    },
    /// Two labels of one teacher that mean the same.
    #[error(
        "labels `{first}` and `{second}` of teacher {teacher} both mean `{label}`; a teacher's labels \
         must differ: take the alias of one of them away"
    )]
    MergedLabels {
        /// The teacher, from 0.
        teacher: usize,
        /// Its first label.
        first: String,
        /// Its second label.
        second: String,
        /// What both mean.
        label: String,
    },
    /// A name that stands for two labels.
    #[error("alias `{alias}` means both `{first}` and `{second}`; keep one")]
    DuplicateAlias {
        /// The alias.
        alias: String,
        /// What it means first.
        first: String,
        /// What it means after that.
        second: String,
    },
    /// Aliases that lead back to where they start.
    #[error("the aliases of {labels:?} go round in a circle; one of these must be no alias")]
    AliasCycle {
        /// The labels of the circle.
        labels: Vec<String>,
    },
    /// An alias for something that is no label.
    #[error("alias `{alias}` means `{label}`, which no teacher knows; the labels are {known}")]
    UnknownAlias {
        /// The alias.
        alias: String,
        /// What it means.
        label: String,
        /// The labels that there are.
        known: String,
    },
    /// A name of a data set that cannot stand before labels.
    #[error(
        "data set `{dataset}`: its name goes before `/` in labels, so it needs letters and no `/`"
    )]
    Dataset {
        /// The name.
        dataset: String,
    },
    /// A label that no teacher knows.
    #[error(
        "example `{example}` has the label `{label}`, which no teacher knows; the labels are {known}: name \
         it so, or give it an alias"
    )]
    UnknownLabel {
        /// Name of the example.
        example: String,
        /// Its label.
        label: String,
        /// The labels that there are.
        known: String,
    },
    /// A teacher that does not exist.
    #[error("teacher {teacher} of {teachers}; they count from 0")]
    Teacher {
        /// The teacher asked for.
        teacher: usize,
        /// How many there are.
        teachers: usize,
    },
    /// An entry of a file that is missing, of the wrong kind or contradicts the rest.
    #[error("`{key}` is {found}; {expected}")]
    Entry {
        /// Its key.
        key: String,
        /// What stands there.
        found: String,
        /// What may stand there, or what to do.
        expected: String,
    },
    /// A teacher's card that does not fit the model it names.
    #[error("the teacher's card has {what} {card}, its model {model}; {fix}")]
    CardMismatch {
        /// The property.
        what: &'static str,
        /// Its value in the card.
        card: String,
        /// Its value in the model.
        model: String,
        /// What to do.
        fix: &'static str,
    },
    /// A mistake in a file.
    #[error("{}: {source}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// The mistake.
        source: Box<Error>,
    },
    /// A file, a tensor or a setting that `plm-core` refuses.
    #[error(transparent)]
    Core(#[from] plm_core::Error),
}

/// Result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;
