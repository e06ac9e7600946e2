//! A teacher with given answers: imported scores, tests, changed teachers.

use std::collections::{BTreeMap, HashMap};

use burn::tensor::Device;
use plm_core::check::{finite, same_size};

use super::{Observation, Request, Teacher, TeacherInfo, check_finite};
use crate::example::Example;
use crate::loss::matrix;
use crate::score::{McScore, McSettings};
use crate::{Error, Result};

/// What is said of each example: by its id, the hash of its text and the answer.
type Answers<T> = HashMap<u64, (u64, T)>;

/// A teacher whose class scores are a table by example id. As in a cache, a text that has changed under
/// its id has no answer.
#[derive(Debug, Clone)]
pub struct FixtureTeacher {
    info: TeacherInfo,
    logits: Answers<Vec<f64>>,
    scores: Answers<McScore>,
    device: Device,
    asked: u64,
}

impl FixtureTeacher {
    /// A teacher that gives `logits[i]` for `examples[i]`.
    ///
    /// # Errors
    /// [`Error::Size`] where the lists or rows differ in length, [`Error::NotFinite`] for a score that is
    /// no number, [`Error::CachedTwice`] for an id that two examples have.
    pub fn new(
        info: TeacherInfo,
        examples: &[&Example],
        logits: &[Vec<f64>],
        device: &Device,
    ) -> Result<Self> {
        same_size("rows of class scores", logits.len(), examples.len())?;
        for row in logits {
            same_size("class scores of a row", row.len(), info.classes)?;
        }
        check_finite(&info, examples, logits)?;
        Ok(Self {
            info,
            logits: table(examples, logits)?,
            scores: HashMap::new(),
            device: device.clone().inner(),
            asked: 0,
        })
    }

    /// Adds Monte-Carlo scores, whatever settings they are asked for with.
    ///
    /// # Errors
    /// [`Error::Size`] where the lists differ in length, [`Error::NotFinite`] for a score that is no
    /// finite number, [`Error::CachedTwice`] for an id that two examples have.
    pub fn with_scores(mut self, examples: &[&Example], scores: &[McScore]) -> Result<Self> {
        same_size("scores", scores.len(), examples.len())?;
        for (example, score) in examples.iter().zip(scores) {
            let what = format!("scores of `{}`, example `{}`", self.info.name, example.name);
            let parts = [score.score, score.mutual_information, score.variance];
            finite(what, parts)?;
        }
        self.scores = table(examples, scores)?;
        Ok(self)
    }

    /// How many answers it gave.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    fn find<'t, T>(&self, table: &'t Answers<T>, example: &Example) -> Result<&'t T> {
        let (stored, answer) = table.get(&example.id).ok_or_else(|| Error::NotCached {
            teacher: self.info.name.clone(),
            example: example.name.clone(),
        })?;
        let found = example.text_hash();
        if *stored != found {
            return Err(Error::StaleRow {
                id: example.id,
                stored: *stored,
                found,
            });
        }
        Ok(answer)
    }
}

/// `answers` beside `examples`, whose ids differ.
fn table<T: Clone>(examples: &[&Example], answers: &[T]) -> Result<Answers<T>> {
    let mut table = HashMap::with_capacity(examples.len());
    for (example, answer) in examples.iter().zip(answers) {
        let entry = (example.text_hash(), answer.clone());
        if table.insert(example.id, entry).is_some() {
            return Err(Error::CachedTwice { id: example.id });
        }
    }
    Ok(table)
}

impl Teacher for FixtureTeacher {
    fn info(&self) -> &TeacherInfo {
        &self.info
    }

    fn observe(&mut self, examples: &[&Example], request: &Request) -> Result<Observation> {
        if let Some(&index) = request.hidden.first() {
            return Err(Error::HiddenState {
                name: self.info.name.clone(),
                index,
                reason: "only class scores are given".to_owned(),
            });
        }
        let rows: Vec<Vec<f64>> = examples
            .iter()
            .map(|example| self.find(&self.logits, example).cloned())
            .collect::<Result<_>>()?;
        self.asked += examples.len() as u64;
        Ok(Observation {
            logits: matrix(&rows, self.info.classes, &self.device),
            hidden: BTreeMap::new(),
        })
    }

    fn scores(&mut self, examples: &[&Example], _settings: &McSettings) -> Result<Vec<McScore>> {
        examples
            .iter()
            .map(|example| self.find(&self.scores, example).copied())
            .collect()
    }

    fn forwards(&self) -> u64 {
        self.asked
    }
}
