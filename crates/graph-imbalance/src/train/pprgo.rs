//! Training PPRGo on batches of labeled nodes.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use plm_core::graph::Csr;
use plm_core::nn::DropoutContext;
use plm_core::rng::Seed;
use rand::seq::SliceRandom;

use super::config::TrainConfig;
use super::objective::Objective;
use super::record::Trained;
use super::run::{EpochObserver, Evaluation, check_classes, run};
use crate::graph::Features;
use crate::model::{NodeClassifier as _, Pprgo, PprgoBatch, check_width};
use crate::{Error, Result};

/// What [`train_pprgo`] reads of the graph.
#[derive(Debug, Clone, Copy)]
pub struct PprgoData<'a> {
    /// Rows of personalized PageRank of the training nodes, in the order of [`Objective::nodes`]:
    /// `[labeled, n_nodes]`.
    pub rows: &'a Csr<f32>,
    /// Features of all nodes; those that the rows name are read.
    pub features: &'a Features,
    /// Rows to a batch; all of them if absent, as in the ReNode experiments.
    pub batch_size: Option<usize>,
}

/// Trains a PPRGo network on batches of training nodes, shuffled anew in each epoch.
///
/// A step costs what the rows of its batch name, whatever the size of the graph; the graph itself is
/// used in the evaluation alone. So this is the inductive setting too: no feature of a node that the
/// rows do not name is seen in training.
///
/// # Errors
/// [`Error::Core`] where a setting is out of its domain, model, rows, features and nodes do not fit
/// together, the objective has margins (they need the scores of all nodes), the loss is not
/// finite, or a score is NaN.
pub fn train_pprgo(
    model: Pprgo,
    data: &PprgoData<'_>,
    objective: &Objective,
    evaluation: &Evaluation<'_>,
    config: &TrainConfig,
    device: &Device,
    observer: &mut EpochObserver<'_>,
) -> Result<Trained<Pprgo>> {
    let labeled = objective.nodes().len();
    check(&model, data, objective)?;
    let size = data.batch_size.unwrap_or(labeled);
    let whole: Option<Batch> = match size >= labeled {
        true => Some(Batch::new(data, (0..labeled as u32).collect(), device)?),
        false => None,
    };
    run(model, evaluation, config, observer, |mut model, stepper| {
        if let Some(batch) = &whole {
            let loss = batch.loss(&model, objective, stepper.dropout(), stepper.epoch());
            return stepper.step(model, loss);
        }
        for positions in shuffled(labeled, config.seed, stepper.epoch()).chunks(size) {
            let batch = Batch::new(data, positions.to_vec(), device)?;
            let loss = batch.loss(&model, objective, stepper.dropout(), stepper.epoch());
            model = stepper.step(model, loss)?;
        }
        Ok(model)
    })
}

fn check(model: &Pprgo, data: &PprgoData<'_>, objective: &Objective) -> Result<()> {
    check_width(model.mlp.n_features(), data.features.width())?;
    check_classes("objective", model.n_classes(), objective.n_classes())?;
    let labeled = objective.nodes().len();
    if data.rows.n_rows() != labeled {
        return Err(Error::invalid(
            "pprgo rows",
            format!("{} for {labeled} training nodes", data.rows.n_rows()),
        ));
    }
    if data.batch_size == Some(0) {
        return Err(Error::invalid("batch size", "is 0, must be positive"));
    }
    if objective.has_margins() {
        return Err(Error::invalid(
            "objective",
            "has topology-aware margins, which need the scores of all nodes",
        ));
    }
    Ok(())
}

fn shuffled(count: usize, seed: Seed, epoch: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    order.shuffle(&mut seed.child("batches").at(epoch as u64).rng());
    order
}

/// Training nodes with their rows.
struct Batch {
    positions: Vec<u32>,
    rows: PprgoBatch,
    /// Names of the nodes whose features are read, so that their dropout does not depend on the batch.
    names: Arc<[u64]>,
}

impl Batch {
    fn new(data: &PprgoData<'_>, positions: Vec<u32>, device: &Device) -> Result<Self> {
        let rows = data.rows.select_rows(&positions)?;
        let rows = PprgoBatch::new(&rows, data.features, device)?;
        Ok(Self {
            positions,
            names: rows.nodes().iter().map(|&node| u64::from(node)).collect(),
            rows,
        })
    }

    fn loss(
        &self,
        model: &Pprgo,
        objective: &Objective,
        mut dropout: DropoutContext,
        epoch: usize,
    ) -> Tensor<1> {
        dropout.example_ids = Some(Arc::clone(&self.names));
        let logits = model.forward_batch(&self.rows, &dropout);
        objective.value_of_rows(logits, &self.positions, epoch)
    }
}
