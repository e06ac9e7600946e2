//! Dropout whose mask is hashed on the way, in the forward and again in the backward pass.

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Flex, TensorMetadata, backend_extension};
use rayon::prelude::*;

use super::activation::row_grain;
use super::storage::{contiguous, filled, tensor, values};
use crate::kernel::{SiteMask, vectorized};

#[backend_extension(Flex, Autodiff)]
pub(crate) trait DropoutOps: Backend {
    /// See [`crate::kernel::dropout`].
    fn dropout(x: FloatTensor<Self>, mask: SiteMask) -> FloatTensor<Self>;
}

impl DropoutOps for Flex {
    fn dropout(x: FlexTensor, mask: SiteMask) -> FlexTensor {
        let shape = x.shape();
        let width = *shape.last().expect("a tensor has at least one axis");
        let x = contiguous(x);
        let x = values(&x);
        let rows = Rows::new(&mask, &shape);
        let grain = row_grain(width);
        let size = (grain * width).max(1);
        // SAFETY: the chunks and rows of both sides match, so every element is written.
        let y = unsafe {
            filled(x.len(), |out| {
                let tasks = out.par_chunks_mut(size).zip(x.par_chunks(size)).enumerate();
                tasks.for_each(|(task, (out, x))| {
                    vectorized(
                        #[inline(always)]
                        || {
                            let pairs = out.chunks_exact_mut(width).zip(x.chunks_exact(width));
                            for (i, (out, x)) in pairs.enumerate() {
                                let row = rows.row(task * grain + i);
                                for (index, (out, &x)) in out.iter_mut().zip(x).enumerate() {
                                    out.write(x * row.factor(index));
                                }
                            }
                        },
                    );
                });
            })
        };
        tensor(y, shape)
    }
}

#[derive(Debug)]
struct DropoutBackward;

impl Backward<Flex, 1> for DropoutBackward {
    type State = SiteMask;

    fn backward(self, ops: Ops<SiteMask, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        if let Some(parent) = &ops.parents[0] {
            grads.register::<Flex>(parent.id, Flex::dropout(grad, ops.state));
        }
    }
}

impl<C: CheckpointStrategy> DropoutOps for Autodiff<Flex, C> {
    fn dropout(x: FloatTensor<Self>, mask: SiteMask) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        match DropoutBackward
            .prepare::<C>([node])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish(mask.clone(), Flex::dropout(x, mask)),
            OpsKind::UnTracked(prep) => prep.finish(Flex::dropout(x, mask)),
        }
    }
}

/// A mask laid over the rows of a tensor.
pub(super) struct Rows<'a> {
    mask: &'a SiteMask,
    middle: Vec<usize>,
}

impl<'a> Rows<'a> {
    /// The rows of a tensor of shape `dims`.
    pub(super) fn new(mask: &'a SiteMask, dims: &[usize]) -> Self {
        let middle = mask.middle(dims).to_vec();
        Self { mask, middle }
    }

    /// The row of index `index`, counted over all axes but the last.
    pub(super) fn row(&self, index: usize) -> Row {
        Row {
            key: self.mask.row_key(&self.middle, index),
            threshold: self.mask.threshold(),
            scale: self.mask.scale(),
        }
    }
}

/// The mask of one row.
#[derive(Clone, Copy)]
pub(super) struct Row {
    key: u32,
    threshold: u32,
    scale: f32,
}

impl Row {
    /// What element `index` is multiplied by.
    #[inline(always)]
    pub(super) fn factor(self, index: usize) -> f32 {
        if SiteMask::hash(self.key, index as u32) < self.threshold {
            0.0
        } else {
            self.scale
        }
    }
}
