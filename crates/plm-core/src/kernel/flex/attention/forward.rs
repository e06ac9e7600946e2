//! The forward pass of attention.

use burn::backend::flex::FlexTensor;
use rayon::prelude::*;

use super::{Extent, Extra, QUERY_BLOCK, drop_rows, head_rows, mask_row, row_start};
use crate::kernel::flex::dropout::Rows;
use crate::kernel::flex::gemm::{Matrix, Target, multiply};
use crate::kernel::flex::simd::{exp, max, sum_of};
use crate::kernel::flex::storage::{SharedMut, filled, tensor};
use crate::kernel::{MASKED, vectorized};

/// Multiplications that make a task worth handing to another thread.
const TASK: usize = 64 * 1024;

/// The result of the forward pass.
pub(super) struct Attended {
    /// `[batch, queries, width]`.
    pub(super) context: FlexTensor,
    /// `[batch, heads, queries, keys]`, before dropout, if asked for.
    pub(super) weights: Option<FlexTensor>,
}

pub(super) fn forward(
    q: &FlexTensor,
    k: &FlexTensor,
    v: &FlexTensor,
    extra: &Extra<'_>,
    keep_weights: bool,
) -> Attended {
    let extent = Extent::new(q, k, v, extra.options.heads);
    let Extent {
        batch,
        heads,
        queries,
        keys,
        width,
    } = extent;
    let context_shape = [batch, queries, extent.full_width()];
    let weights_shape = [batch, heads, queries, keys];
    let mut kept = None;
    let run = |context: SharedMut, weights: Option<SharedMut>| {
        let blocks = queries.div_ceil(QUERY_BLOCK);
        let work = QUERY_BLOCK.min(queries) * keys * width;
        (0..batch * heads * blocks)
            .into_par_iter()
            .with_min_len(TASK / work.max(1) + 1)
            .for_each_init(Vec::new, |scratch, task| {
                let (pair, block) = (task / blocks, task % blocks);
                let from = block * QUERY_BLOCK;
                let head = Head {
                    extent,
                    example: pair / heads,
                    head: pair % heads,
                    from,
                    to: (from + QUERY_BLOCK).min(queries),
                };
                // SAFETY: no two tasks share a head and a query.
                unsafe { head.attend(q, k, v, extra, context, weights, scratch) };
            });
    };
    // SAFETY: the tasks cover all heads and all queries.
    let context = unsafe {
        filled(context_shape.iter().product(), |context| {
            let context = SharedMut::new(context);
            if keep_weights {
                let count = weights_shape.iter().product();
                kept = Some(filled(count, |weights| {
                    run(context, Some(SharedMut::new(weights)))
                }));
            } else {
                run(context, None);
            }
        })
    };
    Attended {
        context: tensor(context, context_shape),
        weights: kept.map(|weights| tensor(weights, weights_shape)),
    }
}

/// A block of queries of one head of one example.
struct Head {
    extent: Extent,
    example: usize,
    head: usize,
    from: usize,
    to: usize,
}

impl Head {
    /// Writes the context of the block and, if there is a place for them, its weights.
    ///
    /// # Safety
    /// Nobody else may use the elements of this block meanwhile.
    #[allow(clippy::too_many_arguments)]
    unsafe fn attend(
        &self,
        q: &FlexTensor,
        k: &FlexTensor,
        v: &FlexTensor,
        extra: &Extra<'_>,
        context: SharedMut,
        weights: Option<SharedMut>,
        scratch: &mut Vec<f32>,
    ) {
        let Extent {
            batch,
            heads,
            queries,
            keys,
            ..
        } = self.extent;
        let first = (self.example * heads + self.head) * queries + self.from;
        let rows = self.to - self.from;
        let q = head_rows(q, &self.extent, self.example, self.head, self.from..self.to);
        let k = head_rows(k, &self.extent, self.example, self.head, 0..keys);
        let v = head_rows(v, &self.extent, self.example, self.head, 0..keys);
        let size = rows * keys;
        if scratch.len() < 2 * size {
            scratch.resize(2 * size, 0.0);
        }
        let (scores, dropped) = scratch[..2 * size].split_at_mut(size);
        let mut kept = weights.map(|weights| {
            // SAFETY: these are weights of this block.
            unsafe { weights.slice(first * keys, size) }
        });
        let start = match &mut kept {
            Some(kept) => kept.as_mut_ptr().cast(),
            None => scores.as_mut_ptr(),
        };
        let target = Target {
            start,
            row_stride: keys,
            add: false,
        };
        // SAFETY: the target has `size` elements and is this task's own; the product fills it.
        let weights = unsafe {
            multiply(q, k.transposed(), extra.options.scale, target, false);
            kept.map_or(scores, |kept| kept.assume_init_mut())
        };
        self.softmax(weights, extra);
        let weights = match &extra.options.dropout {
            Some(mask) => {
                let masks = Rows::new(mask, &[batch, heads, queries, keys]);
                drop_rows(dropped, weights, &masks, first, keys);
                &*dropped
            }
            None => &*weights,
        };
        let full_width = self.extent.full_width();
        let start =
            (self.example * queries + self.from) * full_width + self.head * self.extent.width;
        // SAFETY: the rows are the part of the context that belongs to this block.
        unsafe {
            let target = Target {
                start: context.at(start),
                row_stride: full_width,
                add: false,
            };
            multiply(
                Matrix::row_major(weights, rows, keys),
                v,
                1.0,
                target,
                false,
            );
        }
    }

    /// Adds the bias, masks, and normalizes each row of `scores`.
    fn softmax(&self, scores: &mut [f32], extra: &Extra<'_>) {
        let keys = self.extent.keys;
        if keys == 0 {
            return;
        }
        vectorized(
            #[inline(always)]
            || {
                for (query, row) in (self.from..).zip(scores.chunks_exact_mut(keys)) {
                    if let Some(bias) = &extra.bias {
                        let start = row_start(bias, &[self.example, self.head, query]);
                        let bias = &bias.storage::<f32>()[start..start + keys];
                        for (score, &bias) in row.iter_mut().zip(bias) {
                            *score += bias;
                        }
                    }
                    if let Some(mask) = &extra.mask {
                        let mask = mask_row(mask, &self.extent, self.example, query);
                        for (score, &hidden) in row.iter_mut().zip(mask) {
                            *score = if hidden != 0 { MASKED } else { *score };
                        }
                    }
                    let largest = max(row);
                    for score in row.iter_mut() {
                        *score = exp(*score - largest);
                    }
                    let share = 1.0 / sum_of(row, |x| x);
                    for score in row.iter_mut() {
                        *score *= share;
                    }
                }
            },
        );
    }
}
