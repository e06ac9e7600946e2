//! The loss of one step of amalgamation.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use plm_core::check::same_size;
use plm_core::kernel::at_least_single;

use super::{AmalgamationSettings, Method, TeacherPool, concatenated, layerwise_pairs};
use crate::dynamic::StudentBatch;
use crate::error::check_labels;
use crate::loss::{
    beside, cross_entropy_rows, kl_rows, kl_to_rows, log_probabilities, matrix, numbers, vector,
};
use crate::student::Auxiliary;
use crate::teacher::Request;
use crate::{Error, Result};

/// The parts of a loss by name.
type Parts = BTreeMap<String, f64>;

/// The loss of amalgamation: see [`AmalgamationSettings`].
#[derive(Debug, Clone, Copy)]
pub struct AmalgamationLoss<'s> {
    settings: &'s AmalgamationSettings,
}

impl<'s> AmalgamationLoss<'s> {
    /// The loss with these settings.
    pub fn new(settings: &'s AmalgamationSettings) -> Self {
        Self { settings }
    }

    /// The loss of one batch, `[1]`, and its parts.
    ///
    /// # Errors
    /// Those of the teachers; for supervised training [`Error::Unlabeled`] without labels, [`Error::Size`] where
    /// they are not as many as the examples and [`Error::Setting`] for one that is no class;
    /// [`Error::Size`] where the examples are not as many as the student's answers, where the student has other
    /// classes than the union, or where teachers cut texts into other tokens than the student and hidden states
    /// are compared.
    ///
    /// # Panics
    /// If `auxiliary` lacks the maps of the method ([`Auxiliary::for_amalgamation`]).
    pub fn of(
        &self,
        batch: &StudentBatch<'_>,
        pool: &mut TeacherPool<'_>,
        auxiliary: &Auxiliary,
    ) -> Result<(Tensor<1>, Parts)> {
        let batch = &batch.at_least_single()?;
        let [rows, classes] = batch.logits.dims();
        same_size("classes of the student", classes, pool.space().len())?;
        let mut parts = Parts::new();
        let loss = match &self.settings.method {
            Method::Supervised => {
                let labels = batch.labels.ok_or(Error::Unlabeled {
                    what: "supervised training",
                })?;
                check_labels(labels, rows, classes)?;
                let labels = numbers(labels, &batch.logits);
                cross_entropy_rows(&batch.logits, labels).mean()
            }
            Method::Muka(integration) => {
                let temperature = self.settings.temperature;
                let scoring = &self.settings.scoring;
                let integrated =
                    pool.integrate(batch.examples, integration, scoring, temperature)?;
                let rows = self.target_rows(batch, &integrated.targets, temperature);
                let margins = vector(&integrated.margins, &rows.device().inner());
                let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
                parts.insert("delta".to_owned(), mean(&integrated.margins));
                for teacher in 0..integrated.weights.first().map_or(0, Vec::len) {
                    let weights: Vec<f64> = integrated.weights.iter().map(|w| w[teacher]).collect();
                    parts.insert(format!("weight.{teacher}"), mean(&weights));
                }
                (rows.clone() * beside(margins, &rows)).mean()
            }
            Method::Vanilla | Method::Dfa | Method::Cfl => self.vanilla(batch, pool)?,
            Method::Uhc => self.within_subsets(batch, pool)?,
        };
        parts.insert("kd".to_owned(), value(&loss));
        let mut total = loss * self.settings.kd_weight;
        if self.settings.method.needs_hidden_states() {
            let (amalgamation, reconstruction) = self.features(batch, pool, auxiliary)?;
            parts.insert("amalgamation".to_owned(), value(&amalgamation));
            parts.insert("reconstruction".to_owned(), value(&reconstruction));
            total = total + amalgamation * self.settings.amalgamation_weight;
            total = total + reconstruction * self.settings.reconstruction_weight;
        }
        Ok((total, parts))
    }

    /// KL to `targets` of each row.
    fn target_rows(
        &self,
        batch: &StudentBatch<'_>,
        targets: &[Vec<f64>],
        temperature: f64,
    ) -> Tensor<1> {
        let student = log_probabilities(&batch.logits, temperature);
        let columns = batch.logits.dims()[1];
        let targets = matrix(targets, columns, &batch.logits.device().inner());
        kl_to_rows(student, beside(targets, &batch.logits))
    }

    fn vanilla(&self, batch: &StudentBatch<'_>, pool: &mut TeacherPool<'_>) -> Result<Tensor<1>> {
        let temperature = self.settings.temperature;
        let logits = pool.logits(batch.examples)?;
        let targets = concatenated(pool.space(), &logits, temperature)?;
        let rows = self.target_rows(batch, &targets, temperature);
        Ok(rows.mean() * (temperature * temperature))
    }

    /// KL within the labels of each teacher.
    fn within_subsets(
        &self,
        batch: &StudentBatch<'_>,
        pool: &mut TeacherPool<'_>,
    ) -> Result<Tensor<1>> {
        let temperature = self.settings.temperature;
        let logits = pool.logits(batch.examples)?;
        let mut total = (batch.logits.clone() * 0.0).sum();
        for (teacher, rows) in logits.iter().enumerate() {
            let columns = pool.space().map(teacher);
            let own = batch
                .logits
                .clone()
                .select(1, numbers(columns, &batch.logits));
            let wanted = matrix(rows, columns.len(), &batch.logits.device().inner());
            let wanted = beside(wanted, &batch.logits);
            total = total + kl_rows(&own, &wanted, temperature).mean();
        }
        Ok(total * (temperature * temperature))
    }

    fn features(
        &self,
        batch: &StudentBatch<'_>,
        pool: &mut TeacherPool<'_>,
        auxiliary: &Auxiliary,
    ) -> Result<(Tensor<1>, Tensor<1>)> {
        let layers = batch.hidden.keys().copied().max().unwrap_or(0);
        let depths: Vec<usize> = pool.teachers().iter().map(|t| t.info().layers).collect();
        let pairs = match self.settings.method {
            Method::Dfa => layerwise_pairs(layers, &depths)?,
            _ => vec![(layers, depths)],
        };
        let own: Vec<Tensor<3>> = pairs
            .iter()
            .map(|(student, _)| at_least_single(batch.hidden[student].clone()))
            .collect();
        let mut vectors: Vec<Vec<Tensor<3>>> = vec![Vec::new(); pairs.len()];
        for (number, teacher) in pool.teachers().iter_mut().enumerate() {
            let request = Request {
                hidden: pairs.iter().map(|(_, teachers)| teachers[number]).collect(),
                first_token: false,
                length: batch.padding.dims()[1],
            };
            let observed = teacher.observe(batch.examples, &request)?;
            for ((_, teachers), vectors) in pairs.iter().zip(&mut vectors) {
                let states = observed.hidden[&teachers[number]].clone();
                let what = format!("tokens of a batch for teacher `{}`", teacher.info().name);
                same_size(what, states.dims()[1], request.length)?;
                vectors.push(beside(states, &own[0]));
            }
        }
        let missing = "the method's maps are in `auxiliary`";
        Ok(match self.settings.method {
            Method::Dfa => {
                let maps = auxiliary.layerwise.as_ref().expect(missing);
                maps.losses(&own, &vectors, &batch.padding)
            }
            _ => {
                let maps = auxiliary.common.as_ref().expect(missing);
                maps.losses(&own[0], &vectors[0], &batch.padding)
            }
        })
    }
}

fn value(loss: &Tensor<1>) -> f64 {
    let value: f32 = loss.clone().detach().into_scalar();
    f64::from(value)
}
