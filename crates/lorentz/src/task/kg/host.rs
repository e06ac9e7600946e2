//! Training on the CPU.

use plm_core::kernel::vectorized;
use rayon::prelude::*;

use super::adam::{Moments, Step};
use super::batch::Batch;
use super::config::{CompletionConfig, EntityGeometry};
use super::fit::CompletionLearner;
use super::gradients::{ENTITIES, Gradients};
use super::real::Real;
use super::tables::CompletionTables;
use crate::Result;

/// The learner for CPUs: gradients in closed form, of which entities that a batch does not name take no
/// part, their moments included.
///
/// Results do not depend on the number of threads. It does what [`DeviceLearner`](super::DeviceLearner)
/// does, up to rounding.
#[derive(Debug)]
pub struct HostLearner<T> {
    config: CompletionConfig,
    tables: CompletionTables<T>,
    gradients: Gradients<T>,
    /// First moments of the entities, and second ones: a number for each point, or for each component in
    /// Euclidean space.
    first: Vec<T>,
    second: Vec<T>,
    /// Those of the relations' weights and biases and of the entities' biases as heads and tails.
    dense: [Moments<T>; 4],
    time: u64,
}

impl<T: Real> HostLearner<T> {
    /// A learner that starts from `tables`.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting that is out of its limits or contradicts the
    /// tables, or the table whose size does not fit.
    pub fn new(config: CompletionConfig, tables: CompletionTables<T>) -> Result<Self> {
        config.check()?;
        tables.check()?;
        tables.check_settings(&config)?;
        let seconds = match tables.geometry {
            EntityGeometry::Lorentz => tables.head_biases.len(),
            EntityGeometry::Euclidean => tables.entities.len(),
        };
        Ok(Self {
            config,
            gradients: Gradients::default(),
            first: vec![T::zero(); tables.entities.len()],
            second: vec![T::zero(); seconds],
            dense: [
                Moments::new(tables.relation_weights.len()),
                Moments::new(tables.relation_biases.len()),
                Moments::new(tables.head_biases.len()),
                Moments::new(tables.tail_biases.len()),
            ],
            tables,
            time: 0,
        })
    }

    /// Moves the entities that the batch names.
    fn step_entities(&mut self, step: &Step<T>) {
        let d = self.tables.d_model;
        let width = self.second.len() / self.tables.head_biases.len();
        let mut gradient = std::mem::take(&mut self.gradients.entities);
        let gradients = &self.gradients;
        self.tables
            .entities
            .par_chunks_mut(ENTITIES * d)
            .zip(gradient.par_chunks_mut(ENTITIES * d))
            .zip(self.first.par_chunks_mut(ENTITIES * d))
            .zip(self.second.par_chunks_mut(ENTITIES * width))
            .enumerate()
            .for_each(|(block, (((points, gradient), first), second))| {
                let moments = first.chunks_mut(d).zip(second.chunks_mut(width));
                let rows = points
                    .chunks_mut(d)
                    .zip(gradient.chunks_mut(d))
                    .zip(moments);
                for (row, ((point, gradient), (first, second))) in rows.enumerate() {
                    if !gradients.touches(block * ENTITIES + row) {
                        continue;
                    }
                    vectorized(
                        #[inline(always)]
                        || match second {
                            [second] => step.lorentz(point, first, second, gradient),
                            second => step.euclidean(point, [first, second], gradient),
                        },
                    );
                }
            });
        self.gradients.entities = gradient;
    }
}

impl<T: Real> CompletionLearner for HostLearner<T> {
    type Number = T;

    fn step(&mut self, batch: &Batch) -> Result<f64> {
        let loss = self.gradients.compute(&self.tables, batch);
        if !loss.is_finite() {
            let reason = format!("{loss} after {} steps; lower the learning rate", self.time);
            return Err(plm_core::Error::invalid("loss", reason).into());
        }
        let mut factor = 1.0;
        if let Some(clip) = self.config.clip {
            let norm = self.gradients.square(self.tables.d_model).sqrt();
            // A norm that is not finite clips nothing, as in `clip_gradients`.
            factor = (clip / (norm + 1e-6)).min(1.0);
            if !norm.is_finite() {
                factor = 1.0;
            }
        }
        self.time += 1;
        let step = Step::new(&self.config, self.time, factor);
        self.step_entities(&step);
        let (tables, gradients) = (&mut self.tables, &self.gradients);
        let parts = [
            (&mut tables.relation_weights, &gradients.relation_weights),
            (&mut tables.relation_biases, &gradients.relation_biases),
            (&mut tables.head_biases, &gradients.head_biases),
            (&mut tables.tail_biases, &gradients.tail_biases),
        ];
        for ((table, gradient), moments) in parts.into_iter().zip(&mut self.dense) {
            moments.step(table, gradient, &step);
        }
        Ok(loss)
    }

    fn tables(&self) -> Result<CompletionTables<T>> {
        Ok(self.tables.clone())
    }
}
