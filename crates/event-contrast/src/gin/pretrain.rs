use burn::module::Module;
use burn::tensor::Device;
use plm_core::train::{
    Batches, Observer, ShuffledIndices, StepContext, StepLoss, TrainReport, Trainer,
};

use super::{GraphBatch, GraphContrast, GraphEncoder, GraphPretraining, NodeVectors};
use crate::error::to_core;
use crate::graph::ViewSampler;
use crate::{Error, Result};

/// Trains `model` on views that `sampler` draws. With checkpoints a run that was stopped goes on as if
/// it never had been: queue and key network are saved too.
///
/// # Errors
/// Those of [`GraphPretraining::check`]; [`Error::Core`] where `model` was made for another
/// [`GraphContrast`], or other widths than those of `vectors` and `sampler`, and as the trainer gives
/// them.
pub fn pretrain_graph(
    model: GraphEncoder,
    sampler: &ViewSampler,
    vectors: &NodeVectors,
    settings: &GraphPretraining,
    observer: Option<&mut dyn Observer>,
    device: &Device,
) -> Result<(GraphEncoder, TrainReport)> {
    settings.check()?;
    let found = model.queue().map(|queue| queue.dims()[0]);
    let (expected, momentum) = match settings.contrast {
        GraphContrast::Moco { queue, momentum } => (Some(queue), momentum),
        GraphContrast::InBatch => (None, 0.0),
    };
    if found != expected {
        let reason = format!("is {found:?}, the settings say {expected:?}");
        return Err(Error::invalid("queue of the model", reason));
    }
    let indices = ShuffledIndices::new(settings.samples, settings.batch, settings.seed)?;
    let mut batches = indices.in_order();
    if settings.contrast == GraphContrast::InBatch {
        batches = batches.without_remainder()?;
    }
    let total = Batches::len(&batches) as u64 * settings.epochs;
    let mut trainer = Trainer::new(settings.train_config(total), settings.optimizer())?;
    if let Some(observer) = observer {
        trainer = trainer.with_observer(observer);
    }
    let plain = device.clone().inner();
    let device = plain.clone().autodiff();
    let of_keys = if expected.is_some() { &plain } else { &device };
    let config = model.gin.config;
    let (model, report) = trainer.fit(
        model,
        &mut batches,
        |model, rows: Vec<usize>, context: &StepContext| {
            let step = || -> Result<StepLoss> {
                let seed = context.seed.child("views");
                let pairs = sampler.sample(rows.len(), seed)?;
                let (first, second): (Vec<_>, Vec<_>) =
                    pairs.iter().map(|pair| (&pair.first, &pair.second)).unzip();
                let first = GraphBatch::new(first, vectors, &config, &device)?;
                let second = GraphBatch::new(second, vectors, &config, of_keys)?;
                // The key network follows what the last step made of the network.
                if context.step > 0 && context.micro == 0 {
                    model.follow(momentum);
                }
                let losses = model.losses(&first, &second, settings.tau, context.dropout())?;
                Ok(StepLoss::new(losses.mean(), rows.len() as f64))
            };
            step().map_err(to_core)
        },
    )?;
    Ok((model.valid(), report))
}
