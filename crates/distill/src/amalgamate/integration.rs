//! From several teachers' answers to one target over the union of their labels.

use plm_core::check::{finite, same_size};
use serde::{Deserialize, Serialize};

use crate::labels::LabelSpace;
use crate::uncertainty::softmax;
use crate::{Error, Result};

/// How teachers are weighed by their scores.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Weighting {
    /// softmax(score / τ) over teachers (MUKA-Soft).
    Soft {
        /// τ.
        temperature: f64,
    },
    /// All weight on the teacher with the largest score, the first of equal ones (MUKA-Hard).
    Hard,
}

/// MUKA's golden supervision (section 3.1): P(c | x) = Σ_i P(the text is teacher i's | x) · P_i(c | x),
/// where the first factor is estimated from how sure each teacher is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Integration {
    /// How teachers are weighed.
    pub weighting: Weighting,
    /// Whether each text's loss is multiplied by the margin between the two largest scores
    /// (section 3.3).
    pub reweight: bool,
    /// Whether these margins are divided by their mean over the batch. Without it, as in the authors'
    /// code, the loss is small where teachers are equally sure.
    pub normalize_margins: bool,
}

impl Default for Integration {
    /// Soft weights with τ = 0.2 and re-weighting: the authors' published configuration.
    fn default() -> Self {
        Self {
            weighting: Weighting::Soft { temperature: 0.2 },
            reweight: true,
            normalize_margins: false,
        }
    }
}

/// Targets of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Integrated {
    /// Weights of teachers, text by text: `[texts][teachers]`.
    pub weights: Vec<Vec<f64>>,
    /// Probabilities over the union of labels: `[texts][union]`.
    pub targets: Vec<Vec<f64>>,
    /// Factors δ of the texts' losses.
    pub margins: Vec<f64>,
}

/// Keeps the margin of equal scores above 0.
const MARGIN_FLOOR: f64 = 1e-6;

impl Integration {
    /// Checks the temperature.
    ///
    /// # Errors
    /// [`Error::Setting`] where it is not positive.
    pub fn check(&self) -> Result<()> {
        match self.weighting {
            Weighting::Soft { temperature } if !(temperature > 0.0 && temperature.is_finite()) => {
                Err(Error::Setting {
                    name: "weighting.temperature",
                    value: temperature.to_string(),
                    limit: "must be positive",
                })
            }
            Weighting::Soft { .. } | Weighting::Hard => Ok(()),
        }
    }

    /// Targets from the teachers' class scores `logits[teacher][text][class]`, softened by
    /// `temperature`, and from their certainty `scores[teacher][text]`.
    ///
    /// # Errors
    /// [`Error::Size`] where the numbers of teachers, texts or classes do not fit together,
    /// [`Error::NotFinite`] for a score that is no finite number, and those of [`Integration::check`].
    pub fn integrate(
        &self,
        space: &LabelSpace,
        logits: &[Vec<Vec<f64>>],
        scores: &[Vec<f64>],
        temperature: f64,
    ) -> Result<Integrated> {
        self.check()?;
        let texts = same_texts(space, logits)?;
        same_size("lists of scores", scores.len(), logits.len())?;
        for (teacher, scores) in scores.iter().enumerate() {
            same_size("scores of a teacher", scores.len(), texts)?;
            // Compared with a number, NaN would leave the choice to the order of the teachers.
            finite(
                format_args!("certainties of teacher {teacher}"),
                scores.iter().copied(),
            )?;
        }
        let mut integrated = Integrated {
            weights: Vec::with_capacity(texts),
            targets: Vec::with_capacity(texts),
            margins: Vec::with_capacity(texts),
        };
        for text in 0..texts {
            let scores: Vec<f64> = scores.iter().map(|scores| scores[text]).collect();
            let weights = self.weights(&scores);
            let mut target = vec![0.0; space.len()];
            for (teacher, weight) in weights.iter().enumerate() {
                let own = softmax(&logits[teacher][text], temperature);
                let own = space.scatter(teacher, &own)?;
                for (sum, p) in target.iter_mut().zip(own) {
                    *sum += weight * p;
                }
            }
            integrated.margins.push(self.margin(&scores));
            integrated.weights.push(weights);
            integrated.targets.push(target);
        }
        if self.reweight && self.normalize_margins && texts > 0 {
            let mean = integrated.margins.iter().sum::<f64>() / texts as f64;
            integrated
                .margins
                .iter_mut()
                .for_each(|margin| *margin /= mean);
        }
        Ok(integrated)
    }

    /// The weights of teachers with these scores.
    pub fn weights(&self, scores: &[f64]) -> Vec<f64> {
        match self.weighting {
            Weighting::Soft { temperature } => softmax(scores, temperature),
            Weighting::Hard => {
                let best = first_largest(scores);
                (0..scores.len())
                    .map(|teacher| f64::from(u8::from(teacher == best)))
                    .collect()
            }
        }
    }

    /// δ: the gap between the two largest scores where texts are re-weighted, and 1 for one teacher.
    fn margin(&self, scores: &[f64]) -> f64 {
        if !self.reweight || scores.len() < 2 {
            return 1.0;
        }
        let mut sorted = scores.to_vec();
        sorted.sort_by(|a, b| b.total_cmp(a));
        sorted[0] - sorted[1] + MARGIN_FLOOR
    }
}

/// softmax over the concatenation of all teachers' class scores, added up over labels that several
/// teachers have: what vanilla amalgamation imitates. It depends on how the scores of one teacher lie
/// against those of another, which nothing in their training fixes.
///
/// # Errors
/// [`Error::Size`] and [`Error::NotFinite`] as in [`Integration::integrate`].
pub fn concatenated(
    space: &LabelSpace,
    logits: &[Vec<Vec<f64>>],
    temperature: f64,
) -> Result<Vec<Vec<f64>>> {
    let texts = same_texts(space, logits)?;
    Ok((0..texts)
        .map(|text| {
            let all: Vec<f64> = logits.iter().flat_map(|rows| rows[text].clone()).collect();
            let mut target = vec![0.0; space.len()];
            let columns = (0..logits.len()).flat_map(|teacher| space.map(teacher));
            for (p, &column) in softmax(&all, temperature).iter().zip(columns) {
                target[column] += p;
            }
            target
        })
        .collect())
}

/// The number of texts, equal for all teachers, whose class scores are finite.
fn same_texts(space: &LabelSpace, logits: &[Vec<Vec<f64>>]) -> Result<usize> {
    same_size("teachers", logits.len(), space.teachers().len())?;
    let texts = logits.first().map_or(0, Vec::len);
    for (teacher, rows) in logits.iter().enumerate() {
        same_size("texts of a teacher", rows.len(), texts)?;
        for row in rows {
            same_size(
                format_args!("class scores of teacher {teacher}"),
                row.len(),
                space.map(teacher).len(),
            )?;
            finite(
                format_args!("class scores of teacher {teacher}"),
                row.iter().copied(),
            )?;
        }
    }
    Ok(texts)
}

/// Place of the largest value, the first of equal ones.
pub(crate) fn first_largest(values: &[f64]) -> usize {
    let mut best = 0;
    for (place, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = place;
        }
    }
    best
}
