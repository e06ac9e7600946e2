//! Work on blocks of fixed size, over all threads and in vector code.

use rayon::prelude::*;

use crate::kernel::vectorized;

/// Runs `op(index, block)` for the blocks of `size` items of `items`.
///
/// `op` must be an `#[inline(always)]` closure that calls inlined functions only, so that it is
/// compiled for the machine's vectors.
pub(super) fn for_each_block<T: Send>(
    items: &mut [T],
    size: usize,
    op: impl Fn(usize, &mut [T]) + Sync,
) {
    items
        .par_chunks_mut(size)
        .enumerate()
        .for_each(|(index, block)| {
            vectorized(
                #[inline(always)]
                || op(index, block),
            );
        });
}

/// The results of `op(index, block)`, in order, for the blocks of `size` items of `items`.
///
/// `op` as for [`for_each_block`].
pub(super) fn map_blocks<T: Sync, R: Send>(
    items: &[T],
    size: usize,
    op: impl Fn(usize, &[T]) -> R + Sync,
) -> Vec<R> {
    let blocks = items.par_chunks(size).enumerate();
    let run = |(index, block)| {
        vectorized(
            #[inline(always)]
            || op(index, block),
        )
    };
    blocks.map(run).collect()
}
