//! Several teachers with what they tell apart.

use super::integration::first_largest;
use super::{Integrated, Scoring, concatenated};
use crate::example::Example;
use crate::labels::LabelSpace;
use crate::loss::rows_of;
use crate::score::deterministic_score;
use crate::teacher::{Request, Teacher};
use crate::uncertainty::softmax;
use crate::{Integration, Result};

/// Teachers and the union of their labels.
pub struct TeacherPool<'t> {
    space: &'t LabelSpace,
    teachers: Vec<&'t mut dyn Teacher>,
}

impl<'t> TeacherPool<'t> {
    /// `teachers` in the order of `space`.
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) where their number, or the number of a teacher's classes, is not
    /// the space's; [`Error::ClassName`](crate::Error::ClassName) where a teacher knows its labels and they
    /// are not, in this order, what the space says that it calls them.
    pub fn new(space: &'t LabelSpace, teachers: Vec<&'t mut dyn Teacher>) -> Result<Self> {
        plm_core::check::same_size("teachers", teachers.len(), space.teachers().len())?;
        for (number, teacher) in teachers.iter().enumerate() {
            let info = teacher.info();
            let what = format!("classes of teacher `{}`", info.name);
            plm_core::check::same_size(what.as_str(), info.classes, space.map(number).len())?;
            if let Some(labels) = &info.labels {
                crate::error::same_names(&what, labels, space.teachers()[number].labels())?;
            }
        }
        Ok(Self { space, teachers })
    }

    /// The union of labels.
    pub fn space(&self) -> &LabelSpace {
        self.space
    }

    /// The teachers.
    pub fn teachers(&mut self) -> &mut [&'t mut dyn Teacher] {
        &mut self.teachers
    }

    /// Class scores `[teacher][text][class]`.
    ///
    /// # Errors
    /// Those of the teachers.
    pub fn logits(&mut self, examples: &[&Example]) -> Result<Vec<Vec<Vec<f64>>>> {
        let ask = |teacher: &mut &mut dyn Teacher| {
            let observed = teacher.observe(examples, &Request::default())?;
            Ok(rows_of(observed.logits))
        };
        self.teachers.iter_mut().map(ask).collect()
    }

    /// How sure each teacher is, `[teacher][text]`; `logits` are those of [`TeacherPool::logits`].
    ///
    /// # Errors
    /// Those of the teachers.
    pub fn scores(
        &mut self,
        examples: &[&Example],
        logits: &[Vec<Vec<f64>>],
        scoring: &Scoring,
    ) -> Result<Vec<Vec<f64>>> {
        match scoring {
            Scoring::MonteCarlo(settings) => self
                .teachers
                .iter_mut()
                .map(|teacher| {
                    let scores = teacher.scores(examples, settings)?;
                    Ok(scores.iter().map(|score| f64::from(score.score)).collect())
                })
                .collect(),
            Scoring::Deterministic => logits
                .iter()
                .map(|rows| {
                    rows.iter()
                        .map(|row| deterministic_score(row, 1.0))
                        .collect()
                })
                .collect(),
        }
    }

    /// MUKA's targets for `examples`.
    ///
    /// # Errors
    /// Those of the teachers and of [`Integration::integrate`].
    pub fn integrate(
        &mut self,
        examples: &[&Example],
        integration: &Integration,
        scoring: &Scoring,
        temperature: f64,
    ) -> Result<Integrated> {
        let logits = self.logits(examples)?;
        let scores = self.scores(examples, &logits, scoring)?;
        integration.integrate(self.space, &logits, &scores, temperature)
    }

    /// The union labels that the teachers together predict: the largest of all concatenated class scores
    /// (the baseline without a student).
    ///
    /// # Errors
    /// Those of the teachers.
    pub fn ensemble(&mut self, examples: &[&Example]) -> Result<Vec<usize>> {
        let logits = self.logits(examples)?;
        let targets = concatenated(self.space, &logits, 1.0)?;
        Ok(targets.iter().map(|row| first_largest(row)).collect())
    }

    /// The union labels that teacher `number` alone predicts.
    ///
    /// # Errors
    /// Those of the teacher.
    ///
    /// # Panics
    /// If there is no such teacher.
    pub fn single(&mut self, number: usize, examples: &[&Example]) -> Result<Vec<usize>> {
        let observed = self.teachers[number].observe(examples, &Request::default())?;
        rows_of(observed.logits)
            .iter()
            .map(|row| {
                Ok(first_largest(
                    &self.space.scatter(number, &softmax(row, 1.0))?,
                ))
            })
            .collect()
    }
}
