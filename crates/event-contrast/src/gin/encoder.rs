use burn::module::{Module, RunningState};
use burn::tensor::{Bool, Device, Tensor, TensorData};
use plm_core::nn::DropoutMode;
use plm_core::nn::init::uniform;
use plm_core::rng::Seed;

use super::batch_norm::{like, store};
use super::flat::{flatten, unflatten};
use super::{Gin, GraphBatch, GraphContrast, Statistics};
use crate::contrast::info_nce;
use crate::{Error, Result};

/// A graph encoder with what its pre-training keeps: the moving average of its parameters that makes
/// the keys, and the queue of keys. Both are part of the module, and so of its checkpoints.
#[derive(Module, Debug)]
pub struct GraphEncoder {
    /// The network: what is kept after pre-training.
    pub gin: Gin,
    /// The key network's parameters side by side.
    running_keys: Option<RunningState<Tensor<1>>>,
    /// The keys, newest first, `[queue, output]`.
    running_queue: Option<RunningState<Tensor<2>>>,
}

impl GraphEncoder {
    /// `gin` for pre-training with `contrast`. The key network begins as a copy; the queue begins
    /// uniform within ±1 / √(output / 3), from `seed`.
    ///
    /// # Errors
    /// [`Error::Core`] where a setting is out of range.
    pub fn new(gin: Gin, contrast: &GraphContrast, seed: Seed, device: &Device) -> Result<Self> {
        contrast.check()?;
        let GraphContrast::Moco { queue, .. } = *contrast else {
            return Ok(Self {
                gin,
                running_keys: None,
                running_queue: None,
            });
        };
        let width = gin.config.output;
        let bound = 1.0 / (width as f64 / 3.0).sqrt();
        let values = uniform(seed, "queue", queue * width, bound);
        let device = device.clone().inner();
        let keys = Tensor::from_data(TensorData::new(values, [queue, width]), &device);
        Ok(Self {
            running_keys: Some(RunningState::new(flatten(&gin))),
            running_queue: Some(RunningState::new(keys)),
            gin,
        })
    }

    /// The network that makes the keys; none without a queue. On the plain device.
    pub fn key_network(&self) -> Option<Gin> {
        let keys = self.running_keys.as_ref()?.value_sync().inner();
        Some(unflatten(self.gin.valid(), keys))
    }

    /// The queue of keys, newest first, `[queue, output]`, on the plain device.
    pub fn queue(&self) -> Option<Tensor<2>> {
        Some(self.running_queue.as_ref()?.value_sync().inner())
    }

    /// Moves the key network: `momentum` of it stays, the rest comes from the network itself. Running
    /// statistics take no part; keys are normalized by their own batch.
    pub fn follow(&self, momentum: f64) {
        if let Some(state) = &self.running_keys {
            let old = state.value_sync();
            let own = like(flatten(&self.gin), &old);
            let moved = old.mul_scalar(momentum) + own.mul_scalar(1.0 - momentum);
            store(state, moved.detach());
        }
    }

    /// Puts `keys`, `[keys, output]`, at the front of the queue; as many leave at its end.
    pub fn enqueue(&self, keys: Tensor<2>) {
        if let Some(state) = &self.running_queue {
            let old = state.value_sync();
            let [size, _] = old.dims();
            let keys = like(keys, &old);
            store(
                state,
                Tensor::cat(vec![keys, old], 0).narrow(0, 0, size).detach(),
            );
        }
    }

    /// The loss of each pair of views.
    ///
    /// With a queue, `second` is seen by the key network without dropout, and its keys are queued
    /// afterwards; it has to lie on the plain device. Without one, both views are seen by the network
    /// itself.
    ///
    /// # Shapes
    /// - result: `[pairs]`
    ///
    /// # Errors
    /// [`Error::Core`] where the batches have different numbers of views.
    pub fn losses(
        &self,
        first: &GraphBatch,
        second: &GraphBatch,
        tau: f64,
        dropout: DropoutMode,
    ) -> Result<Tensor<1>> {
        let (one, two) = (first.graphs.n_segments(), second.graphs.n_segments());
        if one != two {
            let reason = format!("{one} first and {two} second");
            return Err(Error::invalid("views", reason));
        }
        let query = self.gin.forward(first, Statistics::Batch, dropout).graphs;
        let (Some(network), Some(queue)) = (self.key_network(), self.queue()) else {
            let key = self
                .gin
                .forward(second, Statistics::Batch, second_pass(dropout));
            let scores = key.graphs.clone().matmul(query.clone().transpose());
            let own = (key.graphs * query).sum_dim(1);
            let diagonal = Tensor::<2, Bool>::diag_mask([one, one], 0, &own.device());
            // burn's diagonal mask is true off the diagonal.
            let diagonal = diagonal.bool_not();
            let (own, scores) = (own.div_scalar(tau), scores.div_scalar(tau));
            return Ok(info_nce(own, scores, Some(diagonal)));
        };
        let keys = network
            .forward(second, Statistics::BatchOnly, DropoutMode::Off)
            .graphs;
        let own = (query.clone() * like(keys.clone(), &query)).sum_dim(1);
        let scores = query.clone().matmul(like(queue, &query).transpose());
        self.enqueue(keys);
        Ok(info_nce(own.div_scalar(tau), scores.div_scalar(tau), None))
    }
}

/// Dropout of the second of two passes, with masks of its own.
fn second_pass(dropout: DropoutMode) -> DropoutMode {
    match dropout {
        DropoutMode::Train { seed } => DropoutMode::Train {
            seed: Seed::new(seed).child("second view").value(),
        },
        other => other,
    }
}
