//! Products of sparse and dense matrices on the host.
//!
//! Each row of a result is a sum in the order of the row's entries, whatever the number of threads.

use std::ops::Range;

use rayon::prelude::*;

use super::csr::Csr;
use super::scalar::Scalar;

/// Below this many multiplications a second thread costs more than it saves.
const PARALLEL_WORK: usize = 1 << 15;

/// How many columns are summed at once: few enough to stay in registers.
const BLOCK: usize = 32;

/// One side of a sparse product: the rows, and the value of each entry for each head.
#[derive(Clone, Copy)]
pub(super) struct Operand<'a, V> {
    pub(super) indptr: &'a [usize],
    pub(super) indices: &'a [u32],
    /// Where each entry's values lie in `values`; their own order if absent.
    pub(super) source: Option<&'a [usize]>,
    /// `[entries, heads]`.
    pub(super) values: &'a [V],
    pub(super) heads: usize,
}

impl<T: Scalar> Csr<T> {
    /// The product with a dense matrix of `width` columns, rows after one another, over all
    /// threads.
    ///
    /// # Shapes
    /// - dense: `[n_cols * width]`
    /// - result: `[n_rows * width]`
    ///
    /// # Panics
    /// If `dense` has not `n_cols * width` numbers.
    pub fn mul_dense(&self, dense: &[T], width: usize) -> Vec<T> {
        assert_eq!(
            dense.len(),
            self.n_cols() * width,
            "a matrix of {} columns times {} numbers in rows of {width}",
            self.n_cols(),
            dense.len()
        );
        gather(
            &Operand {
                indptr: self.indptr(),
                indices: self.indices(),
                source: None,
                values: self.values(),
                heads: 1,
            },
            dense,
            width,
        )
    }
}

/// `out[r, h, :] = sum over entries e of row r of values[e, h] * x[column of e, h, :]`.
///
/// # Shapes
/// - x: `[columns, width]`, the heads side by side in `width`
/// - result: `[rows, width]`
pub(super) fn gather<V: Scalar, E: Scalar>(
    operand: &Operand<'_, V>,
    x: &[E],
    width: usize,
) -> Vec<E> {
    let n_rows = operand.indptr.len() - 1;
    let mut out = vec![E::default(); n_rows * width];
    if width > 0 {
        let chunks = row_chunks(operand.indptr, width);
        for_row_chunks(
            &mut out,
            &chunks,
            |row| row * width,
            |rows, out| {
                gather_rows(operand, x, width, rows, out);
            },
        );
    }
    out
}

/// The rows in runs of about equal work, enough of them to keep all threads busy.
pub(super) fn row_chunks(indptr: &[usize], width: usize) -> Vec<Range<usize>> {
    let n_rows = indptr.len() - 1;
    let work = (indptr[n_rows] + n_rows) * width;
    let threads = rayon::current_num_threads();
    if work < PARALLEL_WORK || threads == 1 {
        return std::iter::once(0..n_rows).collect();
    }
    let share = (indptr[n_rows] + n_rows).div_ceil(8 * threads).max(1);
    let mut chunks = Vec::new();
    let mut start = 0;
    for row in 0..n_rows {
        let load = indptr[row + 1] - indptr[start] + row + 1 - start;
        if load >= share || row + 1 == n_rows {
            chunks.push(start..row + 1);
            start = row + 1;
        }
    }
    chunks
}

/// Calls `work` for every chunk with its part of `out`; row `r` begins at `offset(r)` in it.
pub(super) fn for_row_chunks<E: Scalar>(
    out: &mut [E],
    chunks: &[Range<usize>],
    offset: impl Fn(usize) -> usize,
    work: impl Fn(Range<usize>, &mut [E]) + Sync,
) {
    let mut parts = Vec::with_capacity(chunks.len());
    let mut rest = out;
    for chunk in chunks {
        let (part, tail) = rest.split_at_mut(offset(chunk.end) - offset(chunk.start));
        parts.push((chunk.clone(), part));
        rest = tail;
    }
    match parts.len() {
        0 | 1 => parts.into_iter().for_each(|(rows, part)| work(rows, part)),
        _ => parts
            .into_par_iter()
            .for_each(|(rows, part)| work(rows, part)),
    }
}

/// [`gather`] for a run of rows, with the widest vector instructions of this processor.
///
/// Products and sums are rounded separately in every version, so results do not depend on it.
fn gather_rows<V: Scalar, E: Scalar>(
    operand: &Operand<'_, V>,
    x: &[E],
    width: usize,
    rows: Range<usize>,
    out: &mut [E],
) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn with_avx2<V: Scalar, E: Scalar>(
            operand: &Operand<'_, V>,
            x: &[E],
            width: usize,
            rows: Range<usize>,
            out: &mut [E],
        ) {
            gather_rows_body(operand, x, width, rows, out);
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2, as just asked.
            return unsafe { with_avx2(operand, x, width, rows, out) };
        }
    }
    gather_rows_body(operand, x, width, rows, out);
}

#[inline(always)]
fn gather_rows_body<V: Scalar, E: Scalar>(
    operand: &Operand<'_, V>,
    x: &[E],
    width: usize,
    rows: Range<usize>,
    out: &mut [E],
) {
    let per_head = width / operand.heads;
    for (row, out) in rows.zip(out.chunks_exact_mut(width)) {
        let entries = operand.indptr[row]..operand.indptr[row + 1];
        for (head, out) in out.chunks_exact_mut(per_head).enumerate() {
            let first = head * per_head;
            let mut blocks = out.chunks_exact_mut(BLOCK);
            let mut at = first;
            for block in &mut blocks {
                let mut sums = [E::default(); BLOCK];
                for entry in entries.clone() {
                    let value: E = operand.value(entry, head);
                    let from = operand.indices[entry] as usize * width + at;
                    for (sum, &x) in sums.iter_mut().zip(&x[from..from + BLOCK]) {
                        *sum += value * x;
                    }
                }
                block.copy_from_slice(&sums);
                at += BLOCK;
            }
            let tail = blocks.into_remainder();
            if tail.is_empty() {
                continue;
            }
            for entry in entries.clone() {
                let value: E = operand.value(entry, head);
                let from = operand.indices[entry] as usize * width + at;
                for (sum, &x) in tail.iter_mut().zip(&x[from..]) {
                    *sum += value * x;
                }
            }
        }
    }
}

impl<V: Scalar> Operand<'_, V> {
    #[inline(always)]
    fn value<E: Scalar>(&self, entry: usize, head: usize) -> E {
        let entry = self.source.map_or(entry, |source| source[entry]);
        E::narrow(self.values[entry * self.heads + head].widen())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{arb_csr, noise, random_graph};
    use super::*;

    fn naive(csr: &Csr<f32>, x: &[f32], width: usize) -> Vec<f32> {
        let dense = csr.to_dense();
        let mut out = vec![0.0; csr.n_rows() * width];
        for row in 0..csr.n_rows() {
            for col in 0..csr.n_cols() {
                for j in 0..width {
                    out[row * width + j] += dense[row * csr.n_cols() + col] * x[col * width + j];
                }
            }
        }
        out
    }

    #[test]
    fn hand_worked_product() {
        let csr = Csr::from_dense(2, 3, &[1.0_f64, 0.0, 2.0, 0.0, 0.0, 0.0]).unwrap();
        let product = csr.mul_dense(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2);
        assert_eq!(product, [11.0, 14.0, 0.0, 0.0]);
        assert!(csr.mul_dense(&[], 0).is_empty());
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        let graph = random_graph(400, 3000, 5);
        let x: Vec<f32> = noise(400 * 70, 6).into_iter().map(|v| v as f32).collect();
        let on = |threads| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap()
                .install(|| graph.mul_dense(&x, 70))
        };
        let one = on(1);
        assert_eq!(one, on(4));
        for (a, b) in one.iter().zip(naive(&graph, &x, 70)) {
            assert!((a - b).abs() < 1e-4);
        }
    }

    #[test]
    #[should_panic(expected = "a matrix of 3 columns times 5 numbers in rows of 2")]
    fn wrong_width_panics() {
        let csr = Csr::from_dense(1, 3, &[1.0_f32, 0.0, 2.0]).unwrap();
        csr.mul_dense(&[0.0; 5], 2);
    }

    proptest! {
        #[test]
        fn equals_the_dense_product(csr in arb_csr(9, 9), width in 1_usize..70) {
            let x: Vec<f32> = noise(csr.n_cols() * width, 1).into_iter().map(|v| v as f32).collect();
            for (a, b) in csr.mul_dense(&x, width).iter().zip(naive(&csr, &x, width)) {
                prop_assert!((a - b).abs() < 1e-5);
            }
        }
    }
}
