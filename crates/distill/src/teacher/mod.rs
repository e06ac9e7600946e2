//! Teachers: classifiers that are asked, never trained.

mod cached;
mod class_names;
mod dropout;
mod fixture;
mod lazy;
mod live;
mod precompute;

pub use cached::CachedTeacher;
pub use fixture::FixtureTeacher;
pub use lazy::LazyTeacher;
pub use live::{LiveTeacher, TeacherOptions};
pub use precompute::precompute;

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use plm_core::check::{finite, same_size};

use crate::Result;
use crate::example::Example;
use crate::labels::check_names;
use crate::score::{McScore, McSettings};

/// What is known of a teacher without asking it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeacherInfo {
    /// Its name, for reports and errors.
    pub name: String,
    /// How many classes it tells apart.
    pub classes: usize,
    /// Their names in its order, where they are known: they are compared with those of the student.
    pub labels: Option<Vec<String>>,
    /// Identity of its tokenizer: equal ones give equal tokens.
    pub tokenizer: String,
    /// Longest text in tokens; longer ones are cut.
    pub max_length: usize,
    /// Layers.
    pub layers: usize,
    /// Width of its hidden states.
    pub hidden_size: usize,
}

impl TeacherInfo {
    /// With the names of its classes, in its order.
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) where they are not as many as its classes,
    /// [`Error::EmptyLabel`](crate::Error::EmptyLabel) and
    /// [`Error::DuplicateLabel`](crate::Error::DuplicateLabel) for names that tell no classes apart.
    pub fn with_labels<S: Into<String>>(
        mut self,
        labels: impl IntoIterator<Item = S>,
    ) -> Result<Self> {
        let labels: Vec<String> = labels.into_iter().map(Into::into).collect();
        let place = format!("labels of teacher `{}`", self.name);
        same_size(place.as_str(), labels.len(), self.classes)?;
        check_names(&place, &labels)?;
        self.labels = Some(labels);
        Ok(self)
    }
}

/// What a teacher is asked for beside class scores.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Hidden states as Hugging Face numbers them: 0 is the output of the embeddings.
    pub hidden: Vec<usize>,
    /// Whether the first token's vectors are enough.
    pub first_token: bool,
    /// Length to pad to at least, so that tokens stand beside those of a student's batch; no model is given
    /// more than it has positions for.
    pub length: usize,
}

/// A teacher's answer, on the plain device.
#[derive(Debug, Clone)]
pub struct Observation {
    /// Class scores, `[examples, classes]`.
    pub logits: Tensor<2>,
    /// Hidden states by number, `[examples, length or 1, hidden]`.
    pub hidden: BTreeMap<usize, Tensor<3>>,
}

/// A frozen classifier of texts. Its answers never carry a gradient.
pub trait Teacher {
    /// What it is.
    fn info(&self) -> &TeacherInfo;

    /// Class scores of `examples`, and what else `request` wants.
    ///
    /// # Errors
    /// Those of the teacher's kind: texts that cannot be encoded, rows that a cache lacks, hidden states
    /// that it does not keep, scores that are not finite.
    fn observe(&mut self, examples: &[&Example], request: &Request) -> Result<Observation>;

    /// Monte-Carlo dropout scores of `examples`.
    ///
    /// # Errors
    /// As [`Teacher::observe`], and [`Error::NoDropout`](crate::Error::NoDropout) where the teacher has
    /// none.
    fn scores(&mut self, examples: &[&Example], settings: &McSettings) -> Result<Vec<McScore>>;

    /// How many texts its model has been run on, each stochastic pass counted.
    fn forwards(&self) -> u64;
}

/// Every score is a finite number, else [`Error::NotFinite`](crate::Error::NotFinite).
pub(crate) fn check_finite(
    info: &TeacherInfo,
    examples: &[&Example],
    logits: &[Vec<f64>],
) -> Result<()> {
    for (example, row) in examples.iter().zip(logits) {
        finite(
            format_args!("teacher `{}`, example `{}`", info.name, example.name),
            row.iter().copied(),
        )?;
    }
    Ok(())
}
