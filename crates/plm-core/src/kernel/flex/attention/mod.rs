//! Scaled dot-product attention on heads that lie side by side, without moving them apart.
//!
//! One task is a head of an example (forward: a block of its queries). Its scores stay in the cache
//! between the two products; the matrix products read the heads in place through their strides.

mod backward;
mod forward;

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Flex, TensorMetadata, backend_extension};

use self::backward::{Saved, gradients};
use self::forward::forward;
use super::dropout::Rows;
use super::gemm::Matrix;
use super::storage::{OptionalBool, OptionalFloat};
use crate::kernel::{SiteMask, vectorized};

/// Queries that are worked on together, which bounds the scores in flight.
const QUERY_BLOCK: usize = 128;

/// What attention needs beside tensors.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Number of heads.
    pub(super) heads: usize,
    /// What scores are multiplied by.
    pub(super) scale: f32,
    /// Dropout of the weights.
    pub(super) dropout: Option<SiteMask>,
}

#[backend_extension(Flex, Autodiff)]
pub(crate) trait AttentionOps: Backend {
    /// See [`crate::kernel::attention`].
    fn attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        #[extension_type] bias: OptionalFloat<Self>,
        #[extension_type] mask: OptionalBool<Self>,
        options: Options,
    ) -> FloatTensor<Self>;
}

#[backend_extension(Flex)]
pub(crate) trait AttentionWeightsOps: Backend {
    /// See [`crate::kernel::attention_with_weights`]; without gradients.
    fn attention_with_weights(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        #[extension_type] bias: OptionalFloat<Self>,
        #[extension_type] mask: OptionalBool<Self>,
        options: Options,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

impl AttentionOps for Flex {
    fn attention(
        q: FlexTensor,
        k: FlexTensor,
        v: FlexTensor,
        bias: OptionalFloat<Self>,
        mask: OptionalBool<Self>,
        options: Options,
    ) -> FlexTensor {
        let extra = Extra::new(bias.into_option(), mask.into_option(), &options);
        forward(&q, &k, &v, &extra, false).context
    }
}

impl AttentionWeightsOps for Flex {
    fn attention_with_weights(
        q: FlexTensor,
        k: FlexTensor,
        v: FlexTensor,
        bias: OptionalFloat<Self>,
        mask: OptionalBool<Self>,
        options: Options,
    ) -> (FlexTensor, FlexTensor) {
        let extra = Extra::new(bias.into_option(), mask.into_option(), &options);
        let found = forward(&q, &k, &v, &extra, true);
        (found.context, found.weights.expect("the weights are kept"))
    }
}

#[derive(Debug)]
struct AttentionBackward;

/// Parents: queries, keys, values and, if there is one, bias.
impl<const N: usize> Backward<Flex, N> for AttentionBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        for (parent, grad) in ops.parents.iter().zip(gradients(grad, &ops.state)) {
            if let (Some(parent), Some(grad)) = (parent, grad) {
                grads.register::<Flex>(parent.id, grad);
            }
        }
    }
}

impl<C: CheckpointStrategy> AttentionOps for Autodiff<Flex, C> {
    fn attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        bias: OptionalFloat<Self>,
        mask: OptionalBool<Self>,
        options: Options,
    ) -> FloatTensor<Self> {
        let mask = mask.into_option();
        let operands = [q, k, v];
        let nodes = operands.each_ref().map(|operand| operand.node());
        match bias.into_option() {
            Some(bias) => {
                let [q, k, v] = nodes;
                let nodes = [q, k, v, bias.node()];
                let prep = AttentionBackward
                    .prepare::<C>(nodes)
                    .compute_bound()
                    .stateful();
                let tracked = bias.is_tracked();
                record(
                    prep,
                    operands,
                    Some((bias.into_primitive(), tracked)),
                    mask,
                    options,
                )
            }
            None => {
                let prep = AttentionBackward
                    .prepare::<C>(nodes)
                    .compute_bound()
                    .stateful();
                record(prep, operands, None, mask, options)
            }
        }
    }
}

/// The forward pass, with what the backward pass needs put aside.
fn record<C: CheckpointStrategy, const N: usize>(
    prep: OpsKind<AttentionBackward, Flex, Saved, C, N>,
    operands: [FloatTensor<Autodiff<Flex, C>>; 3],
    bias: Option<(FlexTensor, bool)>,
    mask: Option<FlexTensor>,
    options: Options,
) -> FloatTensor<Autodiff<Flex, C>> {
    let tracked = operands.each_ref().map(|operand| operand.is_tracked());
    let [q, k, v] = operands.map(|operand| operand.into_primitive());
    let (bias, bias_tracked) = bias.unzip();
    let bias_batch = bias
        .as_ref()
        .filter(|_| bias_tracked == Some(true))
        .map(|bias| bias.shape()[0]);
    let extra = Extra::new(bias, mask, &options);
    match prep {
        OpsKind::Tracked(prep) => {
            let found = forward(&q, &k, &v, &extra, true);
            let saved = Saved {
                extent: Extent::new(&q, &k, &v, options.heads),
                q: tracked[1].then_some(q),
                k: tracked[0].then_some(k),
                v: (tracked[0] || tracked[1] || bias_batch.is_some()).then_some(v),
                value_tracked: tracked[2],
                weights: found.weights.expect("the weights are kept"),
                mask: extra.mask,
                bias_batch,
                options,
            };
            prep.finish(saved, found.context)
        }
        OpsKind::UnTracked(prep) => prep.finish(forward(&q, &k, &v, &extra, false).context),
    }
}

/// The sizes of an attention.
#[derive(Debug, Clone, Copy)]
struct Extent {
    batch: usize,
    heads: usize,
    queries: usize,
    keys: usize,
    /// Width of one head.
    width: usize,
}

impl Extent {
    /// The sizes of `q`, `k` and `v`.
    ///
    /// # Panics
    /// If they do not fit each other, or `heads` does not divide the width.
    fn new(q: &FlexTensor, k: &FlexTensor, v: &FlexTensor, heads: usize) -> Self {
        let (q, k, v) = (q.shape(), k.shape(), v.shape());
        let (batch, queries, width) = (q[0], q[1], q[2]);
        assert!(
            k[0] == batch && k[2] == width && k == v,
            "queries {q:?}, keys {k:?} and values {v:?} of an attention do not fit"
        );
        assert!(
            heads > 0 && width.is_multiple_of(heads),
            "{heads} heads do not divide a width of {width}"
        );
        Self {
            batch,
            heads,
            queries,
            keys: k[1],
            width: width / heads,
        }
    }

    /// Width of all heads.
    fn full_width(&self) -> usize {
        self.heads * self.width
    }
}

/// Rows `from..to` of head `head` of example `example` of a tensor `[batch, length, width]`.
fn head_rows<'a>(
    tensor: &'a FlexTensor,
    extent: &Extent,
    example: usize,
    head: usize,
    rows: std::ops::Range<usize>,
) -> Matrix<'a> {
    let layout = tensor.layout();
    let strides = layout.strides();
    let start = layout.start_offset() as isize
        + example as isize * strides[0]
        + rows.start as isize * strides[1]
        + (head * extent.width) as isize * strides[2];
    Matrix::new(
        tensor.storage::<f32>(),
        start as usize,
        [rows.len(), extent.width],
        [strides[1], strides[2]],
    )
}

/// What is added to or done to the scores.
struct Extra<'a> {
    bias: Option<FlexTensor>,
    mask: Option<FlexTensor>,
    options: &'a Options,
}

impl<'a> Extra<'a> {
    fn new(bias: Option<FlexTensor>, mask: Option<FlexTensor>, options: &'a Options) -> Self {
        Self {
            bias: bias.map(with_whole_rows),
            mask: mask.map(with_whole_rows),
            options,
        }
    }
}

/// `tensor` with the elements of its last axis side by side; the other axes keep their strides.
fn with_whole_rows(tensor: FlexTensor) -> FlexTensor {
    if tensor.layout().strides().last() == Some(&1) {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// Where the row under `indices` starts in the storage of `tensor`; axes of size 1 are repeated.
fn row_start(tensor: &FlexTensor, indices: &[usize]) -> usize {
    let layout = tensor.layout();
    let axes = layout.shape().iter().zip(layout.strides()).zip(indices);
    let offset: isize = axes
        .filter(|((size, _), _)| **size > 1)
        .map(|((_, &stride), &index)| index as isize * stride)
        .sum();
    (layout.start_offset() as isize + offset) as usize
}

/// The mask of one query: not 0 where a key is hidden.
fn mask_row<'a>(mask: &'a FlexTensor, extent: &Extent, example: usize, query: usize) -> &'a [u8] {
    let start = row_start(mask, &[example, query]);
    &mask.storage::<u8>()[start..start + extent.keys]
}

/// Writes `weights` times their dropout factors.
fn drop_rows(out: &mut [f32], weights: &[f32], masks: &Rows<'_>, first: usize, keys: usize) {
    if keys == 0 {
        return;
    }
    vectorized(
        #[inline(always)]
        || {
            let rows = out.chunks_exact_mut(keys).zip(weights.chunks_exact(keys));
            for (i, (out, row)) in rows.enumerate() {
                let mask = masks.row(first + i);
                for (index, (out, &weight)) in out.iter_mut().zip(row).enumerate() {
                    *out = weight * mask.factor(index);
                }
            }
        },
    );
}
