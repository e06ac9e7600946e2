//! What a step's loss consists of.

use std::collections::BTreeMap;

/// The parts of one step's loss, before their weights α.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Breakdown {
    /// Cross-entropy with the labels.
    pub cross_entropy: Option<f64>,
    /// The loss on class scores by teacher, weights of adoption and objective included.
    pub teachers: BTreeMap<usize, f64>,
    /// The loss on hidden states by pair (student, teacher), weights of the objective included.
    pub hidden: BTreeMap<(usize, usize), f64>,
    /// Mean uncertainty of the student over the batch.
    pub uncertainty: f64,
    /// Examples that teachers were asked about.
    pub selected: usize,
    /// Answers of teachers: examples times teachers that saw them.
    pub teacher_answers: usize,
}

impl Breakdown {
    /// The parts by name, for logs.
    pub fn values(&self) -> BTreeMap<String, f64> {
        let mut values = BTreeMap::new();
        if let Some(value) = self.cross_entropy {
            values.insert("ce".to_owned(), value);
        }
        for (teacher, value) in &self.teachers {
            values.insert(format!("kd.{teacher}"), *value);
        }
        for ((student, teacher), value) in &self.hidden {
            values.insert(format!("hidden.{student}-{teacher}"), *value);
        }
        values.insert("uncertainty".to_owned(), self.uncertainty);
        values.insert("selected".to_owned(), self.selected as f64);
        values.insert("teacher_answers".to_owned(), self.teacher_answers as f64);
        values
    }
}
