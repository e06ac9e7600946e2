//! The backward pass of attention.

use burn::backend::flex::FlexTensor;
use rayon::prelude::*;

use super::{Extent, Options, QUERY_BLOCK, drop_rows, head_rows, mask_row};
use crate::kernel::flex::dropout::Rows;
use crate::kernel::flex::gemm::{Matrix, Target, multiply};
use crate::kernel::flex::simd::sum_of_pairs;
use crate::kernel::flex::storage::{SharedMut, contiguous, tensor, values};
use crate::kernel::vectorized;

/// What the gradients need; absent where the gradient that needs it is not asked for.
#[derive(Debug, Clone)]
pub(super) struct Saved {
    pub(super) extent: Extent,
    /// Queries, for the gradient of the keys.
    pub(super) q: Option<FlexTensor>,
    /// Keys, for the gradient of the queries.
    pub(super) k: Option<FlexTensor>,
    /// Values, for the gradients of queries, keys and bias.
    pub(super) v: Option<FlexTensor>,
    /// Whether the values have a gradient.
    pub(super) value_tracked: bool,
    /// The weights before dropout.
    pub(super) weights: FlexTensor,
    pub(super) mask: Option<FlexTensor>,
    /// Size of the first axis of a bias that has a gradient.
    pub(super) bias_batch: Option<usize>,
    pub(super) options: Options,
}

/// The buffers of the gradients, where they are asked for.
#[derive(Clone, Copy)]
struct Outputs {
    q: Option<SharedMut>,
    k: Option<SharedMut>,
    v: Option<SharedMut>,
    bias: Option<SharedMut>,
}

/// The gradients of queries, keys, values and bias.
pub(super) fn gradients(grad: FlexTensor, saved: &Saved) -> [Option<FlexTensor>; 4] {
    let Extent {
        batch,
        heads,
        queries,
        keys,
        ..
    } = saved.extent;
    let grad = contiguous(grad);
    let width = saved.extent.full_width();
    let query_shape = [batch, queries, width];
    let key_shape = [batch, keys, width];
    let bias_shape = [saved.bias_batch.unwrap_or(0), heads, queries, keys];
    let asked = [saved.k.is_some(), saved.q.is_some(), saved.value_tracked];
    let [mut q, mut k, mut v] = [0, 1, 2].map(|i| {
        let shape = if i == 0 { query_shape } else { key_shape };
        let count: usize = shape.iter().product();
        asked[i].then(|| Vec::<f32>::with_capacity(count))
    });
    let mut bias = saved
        .bias_batch
        .map(|_| Vec::<f32>::with_capacity(bias_shape.iter().product()));
    let buffer = |values: &mut Option<Vec<f32>>| {
        values
            .as_mut()
            .map(|values| SharedMut::new(values.spare_capacity_mut()))
    };
    let outputs = Outputs {
        q: buffer(&mut q),
        k: buffer(&mut k),
        v: buffer(&mut v),
        bias: buffer(&mut bias),
    };
    // A bias that all examples share adds up over them, in order.
    let shared = saved.bias_batch == Some(1);
    let tasks = if shared { heads } else { batch * heads };
    (0..tasks)
        .into_par_iter()
        .for_each_init(Vec::new, |scratch, task| {
            let examples = if shared {
                0..batch
            } else {
                task / heads..task / heads + 1
            };
            for example in examples {
                // SAFETY: no two tasks share an example and a head, nor a part of the bias.
                unsafe { head_gradients(&grad, saved, example, task % heads, outputs, scratch) };
            }
        });
    if batch == 0 {
        // No task has written the gradient of a bias that examples share.
        bias = bias.map(|_| vec![0.0; bias_shape.iter().product()]);
    }
    let finish = |values: Option<Vec<f32>>, shape: &[usize]| {
        values.map(|mut values| {
            // SAFETY: the tasks covered all heads of all examples, so every element was written; without
            // examples there is no element, or it was written above.
            unsafe { values.set_len(shape.iter().product()) };
            tensor(values, shape)
        })
    };
    [
        finish(q, &query_shape),
        finish(k, &key_shape),
        finish(v, &key_shape),
        finish(bias, &bias_shape),
    ]
}

/// The gradients of one head of one example.
///
/// With weights P, dropped weights P̃ = P ∘ D and scores S:
/// dV = P̃ᵀ dO, dP = (dO Vᵀ) ∘ D, dS = P ∘ (dP - rowsum(dP ∘ P)), dQ = scale · dS K,
/// dK = scale · dSᵀ Q.
///
/// # Safety
/// Nobody else may use this part of the outputs meanwhile.
unsafe fn head_gradients(
    grad: &FlexTensor,
    saved: &Saved,
    example: usize,
    head: usize,
    outputs: Outputs,
    scratch: &mut Vec<f32>,
) {
    let extent = saved.extent;
    let Extent {
        batch,
        heads,
        queries,
        keys,
        width,
    } = extent;
    let full_width = extent.full_width();
    let masks = saved.options.dropout.as_ref();
    let masks = masks.map(|mask| Rows::new(mask, &[batch, heads, queries, keys]));
    let size = QUERY_BLOCK.min(queries) * keys;
    if scratch.len() < 2 * size {
        scratch.resize(2 * size, 0.0);
    }
    let (scores, dropped) = scratch.split_at_mut(size);
    let first_row = (example * heads + head) * queries;
    // SAFETY: all places below are inside the part of the outputs that belongs to this head.
    let place = |buffer: SharedMut, rows: usize, add: bool| unsafe {
        let start = (example * rows) * full_width + head * width;
        Target {
            start: buffer.at(start),
            row_stride: full_width,
            add,
        }
    };
    // Without queries there is no block that would write these.
    let mut from = 0;
    loop {
        let to = (from + QUERY_BLOCK).min(queries);
        let rows = to - from;
        let scores = &mut scores[..rows * keys];
        let dropped = &mut dropped[..rows * keys];
        let weights = &values(&saved.weights)[(first_row + from) * keys..(first_row + to) * keys];
        let grad = head_rows(grad, &extent, example, head, from..to);
        let matrix = |values| Matrix::row_major(values, rows, keys);
        if let Some(dv) = outputs.v {
            let weights = match &masks {
                Some(masks) => {
                    drop_rows(dropped, weights, masks, first_row + from, keys);
                    &*dropped
                }
                None => weights,
            };
            // SAFETY: the place is this head's; it was written before if this is not the first block.
            unsafe {
                multiply(
                    matrix(weights).transposed(),
                    grad,
                    1.0,
                    place(dv, keys, from > 0),
                    false,
                );
            }
        }
        if let Some(v) = &saved.v {
            let v = head_rows(v, &extent, example, head, 0..keys);
            let target = Target {
                start: scores.as_mut_ptr(),
                row_stride: keys,
                add: false,
            };
            // SAFETY: `scores` has a place for every score of the block.
            unsafe { multiply(grad, v.transposed(), 1.0, target, false) };
            score_gradients(
                scores,
                weights,
                masks.as_ref(),
                saved,
                example,
                first_row,
                from,
            );
            let scale = saved.options.scale;
            if let Some(dbias) = outputs.bias {
                let shared = saved.bias_batch == Some(1);
                let row = if shared { head * queries } else { first_row } + from;
                // SAFETY: these rows are this head's; of a shared bias the first example writes them.
                unsafe { add_rows(dbias, row * keys, scores, shared && example > 0) };
            }
            if let (Some(dq), Some(k)) = (outputs.q, &saved.k) {
                let k = head_rows(k, &extent, example, head, 0..keys);
                let mut target = place(dq, queries, false);
                // SAFETY: the rows of this block.
                unsafe {
                    target.start = target.start.add(from * full_width);
                    multiply(matrix(scores), k, scale, target, false);
                }
            }
            if let (Some(dk), Some(q)) = (outputs.k, &saved.q) {
                let q = head_rows(q, &extent, example, head, from..to);
                // SAFETY: as for the values.
                unsafe {
                    multiply(
                        matrix(scores).transposed(),
                        q,
                        scale,
                        place(dk, keys, from > 0),
                        false,
                    );
                }
            }
        }
        from = to;
        if from >= queries {
            break;
        }
    }
}

/// Turns dP̃ into dS in place.
fn score_gradients(
    scores: &mut [f32],
    weights: &[f32],
    masks: Option<&Rows<'_>>,
    saved: &Saved,
    example: usize,
    first_row: usize,
    from: usize,
) {
    let keys = saved.extent.keys;
    if keys == 0 {
        return;
    }
    vectorized(
        #[inline(always)]
        || {
            let rows = scores
                .chunks_exact_mut(keys)
                .zip(weights.chunks_exact(keys));
            for (query, (row, weights)) in (from..).zip(rows) {
                if let Some(masks) = masks {
                    let mask = masks.row(first_row + query);
                    for (index, grad) in row.iter_mut().enumerate() {
                        *grad *= mask.factor(index);
                    }
                }
                let total = sum_of_pairs(row, weights, |grad, weight| grad * weight);
                for (grad, &weight) in row.iter_mut().zip(weights) {
                    *grad = weight * (*grad - total);
                }
                if let Some(mask) = &saved.mask {
                    let mask = mask_row(mask, &saved.extent, example, query);
                    for (grad, &hidden) in row.iter_mut().zip(mask) {
                        *grad = if hidden != 0 { 0.0 } else { *grad };
                    }
                }
            }
        },
    );
}

/// Writes `rows` to `out`, or adds them to what is there.
///
/// # Safety
/// Nobody else may use that part of `out`, which must be initialized if `add`.
unsafe fn add_rows(out: SharedMut, start: usize, rows: &[f32], add: bool) {
    // SAFETY: as promised by the caller.
    let out = unsafe { out.slice(start, rows.len()) };
    if add {
        // SAFETY: as above.
        let out = unsafe { out.assume_init_mut() };
        for (out, &value) in out.iter_mut().zip(rows) {
            *out += value;
        }
    } else {
        out.write_copy_of_slice(rows);
    }
}
