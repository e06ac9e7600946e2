//! Cross-entropy over many classes, without a tensor of log-probabilities.

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Flex, TensorMetadata, backend_extension};
use rayon::prelude::*;

use super::simd::{exp, max, sum_of};
use super::storage::{contiguous, tensor, values};
use crate::kernel::vectorized;

#[backend_extension(Flex, Autodiff)]
pub(crate) trait CrossEntropyOps: Backend {
    /// See [`crate::kernel::cross_entropy`].
    fn cross_entropy(
        logits: FloatTensor<Self>,
        targets: IntTensor<Self>,
        ignore: Option<i64>,
        smoothing: f64,
    ) -> FloatTensor<Self>;
}

impl CrossEntropyOps for Flex {
    fn cross_entropy(
        logits: FlexTensor,
        targets: FlexTensor,
        ignore: Option<i64>,
        smoothing: f64,
    ) -> FlexTensor {
        let targets = Targets::new(targets, logits.shape()[1], ignore, smoothing);
        forward(&contiguous(logits), &targets).0
    }
}

#[derive(Debug)]
struct CrossEntropyBackward;

impl Backward<Flex, 1> for CrossEntropyBackward {
    /// The logits, the logarithm of each row's normalizer, and the targets.
    type State = (FlexTensor, Vec<f32>, Targets);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = contiguous(grads.consume::<Flex>(&ops.node));
        let (logits, normalizers, targets) = ops.state;
        if let Some(parent) = &ops.parents[0] {
            let scale = values(&grad)[0] * targets.share();
            grads.register::<Flex>(parent.id, gradient(logits, &normalizers, &targets, scale));
        }
    }
}

impl<C: CheckpointStrategy> CrossEntropyOps for Autodiff<Flex, C> {
    fn cross_entropy(
        logits: FloatTensor<Self>,
        targets: IntTensor<Self>,
        ignore: Option<i64>,
        smoothing: f64,
    ) -> FloatTensor<Self> {
        let (logits, node) = logits.into_parts();
        let targets = Targets::new(targets, logits.shape()[1], ignore, smoothing);
        let prep = CrossEntropyBackward.prepare::<C>([node]);
        let logits = contiguous(logits);
        let (loss, normalizers) = forward(&logits, &targets);
        match prep.compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((logits, normalizers, targets), loss),
            OpsKind::UnTracked(prep) => prep.finish(loss),
        }
    }
}

/// The targets of all rows.
#[derive(Debug, Clone)]
struct Targets {
    /// Absent for rows that do not count.
    classes: Vec<Option<usize>>,
    /// Number of classes.
    width: usize,
    /// Share of the target that is spread over all classes.
    smoothing: f32,
}

impl Targets {
    /// # Panics
    /// If a target is neither a class nor `ignore`.
    fn new(targets: FlexTensor, width: usize, ignore: Option<i64>, smoothing: f64) -> Self {
        let targets = targets
            .into_data()
            .try_to_vec_as::<i64>()
            .expect("targets are integers");
        let class = |target: i64| {
            if ignore == Some(target) {
                return None;
            }
            let class = usize::try_from(target).ok().filter(|&class| class < width);
            Some(class.unwrap_or_else(|| panic!("target {target} is not one of {width} classes")))
        };
        Self {
            classes: targets.into_iter().map(class).collect(),
            width,
            smoothing: smoothing as f32,
        }
    }

    /// What each row counts in the mean.
    fn share(&self) -> f32 {
        let count = self.classes.iter().flatten().count();
        1.0 / count.max(1) as f32
    }
}

/// The mean loss, and log Σ exp of each row that counts.
fn forward(logits: &FlexTensor, targets: &Targets) -> (FlexTensor, Vec<f32>) {
    let (width, smoothing) = (targets.width, targets.smoothing);
    let logits = values(logits);
    assert_eq!(
        logits.len(),
        targets.classes.len() * width,
        "one target for each row of logits"
    );
    let (losses, normalizers): (Vec<f32>, Vec<f32>) = targets
        .classes
        .par_iter()
        .enumerate()
        .map(|(row, target)| {
            let Some(target) = *target else {
                return (0.0, 0.0);
            };
            let row = &logits[row * width..(row + 1) * width];
            let (normalizer, mean) = vectorized(
                #[inline(always)]
                || {
                    let largest = max(row);
                    let normalizer = largest + sum_of(row, |z| exp(z - largest)).ln();
                    let mean = if smoothing > 0.0 {
                        sum_of(row, |z| z) / width as f32
                    } else {
                        0.0
                    };
                    (normalizer, mean)
                },
            );
            // A term of factor 0 is left out: where it is infinite, the product would not be a number.
            let loss = if smoothing < 1.0 {
                (1.0 - smoothing) * (normalizer - row[target])
            } else {
                0.0
            };
            let spread = if smoothing > 0.0 {
                smoothing * (normalizer - mean)
            } else {
                0.0
            };
            (loss + spread, normalizer)
        })
        .unzip();
    let total: f64 = losses.into_iter().map(f64::from).sum();
    let mean = total * f64::from(targets.share());
    (tensor(vec![mean as f32], [1]), normalizers)
}

/// `scale` times (softmax - target distribution), in the place of the logits if nobody else has them.
fn gradient(logits: FlexTensor, normalizers: &[f32], targets: &Targets, scale: f32) -> FlexTensor {
    let width = targets.width;
    let mut logits = if logits.storage::<f32>().len() == normalizers.len() * width {
        logits
    } else {
        tensor(values(&logits).to_vec(), logits.shape())
    };
    let part = targets.smoothing / width as f32;
    let rows = logits.storage_mut::<f32>().par_chunks_mut(width.max(1));
    let known = normalizers.par_iter().zip(&targets.classes);
    rows.zip(known).for_each(|(row, (&normalizer, &target))| {
        let Some(target) = target else {
            return row.fill(0.0);
        };
        vectorized(
            #[inline(always)]
            || {
                for z in row.iter_mut() {
                    *z = scale * (exp(*z - normalizer) - part);
                }
            },
        );
        row[target] -= scale * (1.0 - targets.smoothing);
    });
    logits
}
