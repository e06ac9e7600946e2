//! Which layer of a student is drawn to which layer of a teacher.

use serde::{Deserialize, Serialize};

use crate::loss::HiddenLoss;
use crate::{Error, Result};

/// One layer of the student and one of the teacher. Hidden states are numbered as in Hugging Face: 0
/// is the output of the embeddings, i the output of layer i.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerMatch {
    /// Hidden state of the student.
    pub student: usize,
    /// Hidden state of the teacher.
    pub teacher: usize,
    /// The loss.
    #[serde(default)]
    pub loss: HiddenLoss,
    /// What the loss is multiplied by.
    #[serde(default = "one")]
    pub weight: f64,
    /// Whether a linear map of the student's vectors, learnt beside the student, stands between. It
    /// is needed where the widths differ.
    #[serde(default)]
    pub project: bool,
}

fn one() -> f64 {
    1.0
}

/// Evenly spaced layers.
#[derive(Debug, Clone, PartialEq)]
pub struct Spaced {
    /// The pairs, embeddings and the student's last layer included.
    pub matches: Vec<LayerMatch>,
    /// Layers of the teacher above the last matched one; 0 where its number of layers is a multiple
    /// of the student's.
    pub unmatched: usize,
}

impl Spaced {
    /// Hidden state i of the student beside hidden state i · ⌊teacher / student⌋ of the teacher, for i
    /// from 0 to the number of the student's layers (DynamicKD's authors' code).
    ///
    /// # Errors
    /// [`Error::Layers`] where the student has no layer or more than the teacher.
    pub fn new(student: usize, teacher: usize, loss: HiddenLoss) -> Result<Self> {
        if student == 0 || student > teacher {
            return Err(Error::Layers { student, teacher });
        }
        let step = teacher / student;
        let matches = (0..=student)
            .map(|layer| LayerMatch {
                student: layer,
                teacher: layer * step,
                loss,
                weight: 1.0,
                project: false,
            })
            .collect();
        Ok(Self {
            matches,
            unmatched: teacher - student * step,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_evenly_spaced() {
        let teacher_of = |student, teacher| {
            let spaced = Spaced::new(student, teacher, HiddenLoss::default()).unwrap();
            let layers: Vec<usize> = spaced.matches.iter().map(|pair| pair.teacher).collect();
            (layers, spaced.unmatched)
        };
        assert_eq!(teacher_of(6, 12), (vec![0, 2, 4, 6, 8, 10, 12], 0));
        assert_eq!(teacher_of(3, 12), (vec![0, 4, 8, 12], 0));
        assert_eq!(teacher_of(6, 24), (vec![0, 4, 8, 12, 16, 20, 24], 0));
        assert_eq!(teacher_of(5, 12), (vec![0, 2, 4, 6, 8, 10], 2));
        for (student, teacher) in [(0, 12), (13, 12)] {
            assert!(Spaced::new(student, teacher, HiddenLoss::default()).is_err());
        }
    }
}
