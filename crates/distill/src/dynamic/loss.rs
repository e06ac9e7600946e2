//! The loss of one step.

use std::collections::BTreeMap;

use burn::nn::Linear;
use burn::tensor::{Bool, Tensor};
use plm_core::check::same_size;
use plm_core::kernel::at_least_single;
use plm_core::rng::StreamRng;

use super::{Breakdown, DynamicSettings, HiddenObjective, ObjectiveWeights, Share};
use crate::error::check_labels;
use crate::example::Example;
use crate::loss::{
    HiddenPart, beside, cross_entropy_rows, in_type, numbers, pick, rows_of, through,
};
use crate::teacher::{Observation, Request, Teacher};
use crate::uncertainty::uncertainty_rows;
use crate::{Error, Result};

/// A batch as the student sees it.
#[derive(Debug, Clone)]
pub struct StudentBatch<'b> {
    /// The examples.
    pub examples: &'b [&'b Example],
    /// Their classes, where they are known.
    pub labels: Option<&'b [usize]>,
    /// The student's class scores, `[examples, classes]`.
    pub logits: Tensor<2>,
    /// Its hidden states by number, `[examples, length, hidden]`: those that the objective matches.
    pub hidden: &'b BTreeMap<usize, Tensor<3>>,
    /// True at padding, `[examples, length]`.
    pub padding: Tensor<2, Bool>,
}

impl StudentBatch<'_> {
    /// The batch with class scores of at least single precision, in which losses are computed.
    ///
    /// # Errors
    /// [`Error::Size`] where they are not of as many examples as there are.
    pub(crate) fn at_least_single(&self) -> Result<Self> {
        let rows = self.logits.dims()[0];
        same_size("examples of the batch", self.examples.len(), rows)?;
        Ok(Self {
            logits: at_least_single(self.logits.clone()),
            ..self.clone()
        })
    }
}

/// The loss of dynamic distillation: see [`DynamicSettings`].
#[derive(Debug, Clone)]
pub struct DynamicLoss<'s> {
    settings: &'s DynamicSettings,
    /// Learnt maps of the student's vectors, one for each match that wants one.
    projections: &'s [Option<Linear>],
}

impl<'s> DynamicLoss<'s> {
    /// The loss with these settings. `projections` stand beside `settings.hidden.matches`, or are empty.
    pub fn new(settings: &'s DynamicSettings, projections: &'s [Option<Linear>]) -> Self {
        Self {
            settings,
            projections,
        }
    }

    /// The loss of one batch, `[1]`, and its parts. Teachers, ordered from the least to the most
    /// capable, are asked only about the examples that they teach.
    ///
    /// # Errors
    /// Those of [`DynamicSettings::check`] and of the teachers; [`Error::Classes`] for a single class;
    /// [`Error::Size`] where a teacher has other classes or widths than the student, or examples or labels are
    /// not as many as the student's answers; [`Error::Setting`] for a label that is no class.
    pub fn of(
        &self,
        batch: &StudentBatch<'_>,
        teachers: &mut [&mut dyn Teacher],
        rng: &mut StreamRng,
    ) -> Result<(Tensor<1>, Breakdown)> {
        let settings = self.settings;
        settings.check(teachers.len(), batch.labels.is_some())?;
        let batch = &batch.at_least_single()?;
        let [rows, classes] = batch.logits.dims();
        let mut uncertainty = uncertainty_rows(&batch.logits)?;
        if settings.detach_weights {
            uncertainty = uncertainty.detach();
        }
        let mut parts = Breakdown {
            uncertainty: mean_of(&uncertainty),
            ..Breakdown::default()
        };
        // A sum to begin with that keeps the loss attached to the student.
        let mut total = (batch.logits.clone() * 0.0).sum();
        if settings.ce_weight > 0.0 {
            let labels = batch.labels.ok_or(Error::Unlabeled {
                what: "cross-entropy",
            })?;
            check_labels(labels, rows, classes)?;
            let labels = numbers(labels, &batch.logits);
            let loss = cross_entropy_rows(&batch.logits, labels).mean();
            parts.cross_entropy = Some(mean_of(&loss));
            total = total + loss * settings.ce_weight;
        }
        let scores = rows_of(batch.logits.clone());
        let chosen = settings.selection.choose(&scores, batch.labels, rng)?;
        parts.selected = chosen.len();
        let selected = Selected::new(batch, chosen, uncertainty);
        let hidden = settings.hidden.as_ref();
        let asked = match hidden.filter(|hidden| hidden.weight > 0.0) {
            Some(hidden) => {
                let number = hidden.teacher.unwrap_or(teachers.len() - 1);
                let length = batch.padding.dims()[1];
                let answer =
                    teachers[number].observe(&selected.examples, &wanted(hidden, length))?;
                parts.teacher_answers += selected.examples.len();
                let name = &teachers[number].info().name;
                let loss =
                    self.hidden_states(batch, &selected, hidden, &answer, name, &mut parts)?;
                total = total + loss * hidden.weight;
                Some((number, answer.logits))
            }
            None => None,
        };
        if settings.kd_weight > 0.0 {
            let loss = self.class_scores(&selected, teachers, asked, &mut parts)?;
            total = total + loss * settings.kd_weight;
        }
        Ok((total, parts))
    }

    /// `asked` is a teacher that was asked about all selected rows, with its class scores.
    fn class_scores(
        &self,
        selected: &Selected<'_>,
        teachers: &mut [&mut dyn Teacher],
        asked: Option<(usize, Tensor<2>)>,
        parts: &mut Breakdown,
    ) -> Result<Tensor<1>> {
        let settings = self.settings;
        let (weight, _) = selected.objective_weights(settings.weights);
        let mut total = (selected.logits.clone() * 0.0).sum();
        let shares = settings
            .adoption
            .shares(&selected.uncertainty, teachers.len());
        for Share {
            teacher,
            rows,
            weights,
        } in shares
        {
            let factor = settings.teacher_weight(teacher);
            if factor == 0.0 {
                continue;
            }
            let answer = match &asked {
                Some((number, logits)) if *number == teacher => pick(logits, &rows),
                _ => {
                    let examples: Vec<&Example> =
                        rows.iter().map(|&row| selected.examples[row]).collect();
                    parts.teacher_answers += examples.len();
                    teachers[teacher]
                        .observe(&examples, &Request::default())?
                        .logits
                }
            };
            let classes = answer.dims()[1];
            let what = || format!("classes of teacher `{}`", teachers[teacher].info().name);
            same_size(what(), classes, selected.logits.dims()[1])?;
            let student = pick(&selected.logits, &rows);
            let wanted = beside(answer, &student);
            let mut loss = settings.logit_loss.rows(&student, &wanted);
            if let Some(weights) = weights {
                loss = loss * weights;
            }
            if let Some(weight) = &weight {
                loss = loss * pick(weight, &rows);
            }
            let loss = loss.mean() * factor;
            parts.teachers.insert(teacher, mean_of(&loss));
            total = total + loss;
        }
        Ok(total)
    }

    fn hidden_states(
        &self,
        batch: &StudentBatch<'_>,
        selected: &Selected<'_>,
        objective: &HiddenObjective,
        answer: &Observation,
        teacher: &str,
        parts: &mut Breakdown,
    ) -> Result<Tensor<1>> {
        let (_, weight) = selected.objective_weights(self.settings.weights);
        let mut total = (selected.logits.clone() * 0.0).sum();
        // Rows of truth values are picked as numbers: not every device keeps their type.
        let padding = pick(&batch.padding.clone().float(), &selected.rows).bool();
        for (place, pair) in objective.matches.iter().enumerate() {
            let own = batch
                .hidden
                .get(&pair.student)
                .ok_or_else(|| Error::HiddenState {
                    name: "student".to_owned(),
                    index: pair.student,
                    reason: "it was not kept".to_owned(),
                })?;
            let mut own = at_least_single(pick(own, &selected.rows));
            if let Some(Some(map)) = self.projections.get(place) {
                own = through(map, own);
            }
            let wanted = answer.hidden[&pair.teacher].clone();
            let what = format!(
                "width of hidden state {} of the student beside {} of teacher `{teacher}` (a match with \
                 `project = true` learns a map)",
                pair.student, pair.teacher,
            );
            same_size(what, own.dims()[2], wanted.dims()[2])?;
            if pair.loss.part != HiddenPart::FirstToken {
                let what = format!("tokens of a batch for teacher `{teacher}`");
                same_size(what, wanted.dims()[1], own.dims()[1])?;
            }
            let wanted = beside(wanted, &own);
            let loss = pair.loss.rows(&own, &wanted, &padding);
            let mut loss = in_type(loss, selected.logits.dtype());
            if let Some(weight) = &weight {
                loss = loss * weight.clone();
            }
            let loss = loss.mean() * pair.weight;
            parts
                .hidden
                .insert((pair.student, pair.teacher), mean_of(&loss));
            total = total + loss;
        }
        Ok(total)
    }
}

/// The selected rows of a batch.
struct Selected<'b> {
    rows: Vec<usize>,
    examples: Vec<&'b Example>,
    logits: Tensor<2>,
    uncertainty: Tensor<1>,
}

impl<'b> Selected<'b> {
    fn new(batch: &StudentBatch<'b>, rows: Vec<usize>, uncertainty: Tensor<1>) -> Self {
        Self {
            examples: rows.iter().map(|&row| batch.examples[row]).collect(),
            logits: pick(&batch.logits, &rows),
            uncertainty: pick(&uncertainty, &rows),
            rows,
        }
    }

    /// Weights of class scores and of hidden states; nothing where all are 1.
    fn objective_weights(
        &self,
        weights: ObjectiveWeights,
    ) -> (Option<Tensor<1>>, Option<Tensor<1>>) {
        let unsure = self.uncertainty.clone();
        let sure = unsure.clone() * -1.0 + 1.0;
        match weights {
            ObjectiveWeights::Static => (None, None),
            ObjectiveWeights::Uncertainty => (Some(sure), Some(unsure)),
            ObjectiveWeights::UncertaintyReversed => (Some(unsure), Some(sure)),
        }
    }
}

/// What the objective asks a teacher for.
fn wanted(objective: &HiddenObjective, length: usize) -> Request {
    let mut parts = objective.matches.iter().map(|pair| pair.loss.part);
    Request {
        hidden: objective.matches.iter().map(|pair| pair.teacher).collect(),
        first_token: parts.all(|part| part == HiddenPart::FirstToken),
        length,
    }
}

/// The mean on the host.
fn mean_of(x: &Tensor<1>) -> f64 {
    let value: f32 = x.clone().detach().mean().into_scalar();
    f64::from(value)
}
