//! A teacher with given answers: imported scores, tests, changed teachers.

use std::collections::{BTreeMap, HashMap};

use burn::tensor::Device;

use super::{Observation, Request, Teacher, TeacherInfo, check_finite};
use crate::error::same_size;
use crate::example::Example;
use crate::loss::matrix;
use crate::score::{McScore, McSettings};
use crate::{Error, Result};

/// A teacher whose class scores are a table by example id.
#[derive(Debug, Clone)]
pub struct FixtureTeacher {
    info: TeacherInfo,
    logits: HashMap<u64, Vec<f64>>,
    scores: HashMap<u64, McScore>,
    device: Device,
    asked: u64,
}

impl FixtureTeacher {
    /// A teacher that gives `logits[i]` for `examples[i]`.
    ///
    /// # Errors
    /// [`Error::Size`] where the lists or rows differ in length, [`Error::NotFinite`] for a score that is
    /// no number.
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
        let ids = examples.iter().map(|example| example.id);
        Ok(Self {
            info,
            logits: ids.zip(logits.iter().cloned()).collect(),
            scores: HashMap::new(),
            device: device.clone().inner(),
            asked: 0,
        })
    }

    /// Adds Monte-Carlo scores, whatever settings they are asked for with.
    ///
    /// # Errors
    /// [`Error::Size`] where the lists differ in length.
    pub fn with_scores(mut self, examples: &[&Example], scores: &[McScore]) -> Result<Self> {
        same_size("scores", scores.len(), examples.len())?;
        let ids = examples.iter().map(|example| example.id);
        self.scores = ids.zip(scores.iter().copied()).collect();
        Ok(self)
    }

    /// How many answers it gave.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    fn find<'t, T>(&self, table: &'t HashMap<u64, T>, example: &Example) -> Result<&'t T> {
        table.get(&example.id).ok_or_else(|| Error::NotCached {
            teacher: self.info.name.clone(),
            example: example.name.clone(),
        })
    }
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
