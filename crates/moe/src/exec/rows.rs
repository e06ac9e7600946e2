//! Products of a few neurons with one token, and their spread over threads.

use std::ops::Range;

use rayon::prelude::*;

use crate::FfnWeights;

use super::activation::factors;
use super::observe::RowsRead;
use super::simd::{Kernel, Vector, dispatch};
use super::tiles::{add_rows, dots};

/// Neurons that are computed at once.
pub(super) const STRIP: usize = 32;

/// Weight values from which on a second thread pays.
const PARALLEL: usize = 1 << 17;

/// What is computed of each neuron.
#[derive(Clone, Copy)]
pub(super) struct Neurons<'a> {
    /// The layer, neurons expert by expert.
    pub(super) weights: &'a FfnWeights,
    /// What is subtracted from the neurons' values, `[F]`.
    pub(super) mean: Option<&'a [f32]>,
    /// Whether the output rows of neurons whose factor is 0 are passed over.
    pub(super) skip: bool,
    /// Who is told about the rows.
    pub(super) observer: Option<&'a RowsRead>,
}

impl Neurons<'_> {
    /// Adds what the neurons `rows`, at most [`STRIP`], contribute to a token.
    ///
    /// # Shapes
    /// - x: `[d]`
    /// - y: `[d]`
    pub(super) fn add(&self, rows: Range<usize>, x: &[f32], y: &mut [f32]) {
        dispatch(Strip {
            neurons: self,
            rows,
            x,
            y,
        });
    }
}

struct Strip<'a> {
    neurons: &'a Neurons<'a>,
    rows: Range<usize>,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for Strip<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let Self {
            neurons,
            rows,
            x,
            y,
        } = self;
        let weights = neurons.weights;
        let d = x.len();
        let (mut z, mut gate) = ([0.0; STRIP], [0.0; STRIP]);
        let (z, gate) = (&mut z[..rows.len()], &mut gate[..rows.len()]);
        let part = rows.start * d..rows.end * d;
        // SAFETY: the caller answers for the instructions; so below.
        unsafe { products::<V>(&weights.w_in[part.clone()], x, z) };
        if let Some(w_gate) = &weights.w_gate {
            unsafe { products::<V>(&w_gate[part.clone()], x, gate) };
        }
        factors(weights, neurons.mean, rows.clone(), z, gate);
        let w_out = &weights.w_out[part];
        let (mut kept, mut count) = ([0_usize; STRIP], 0);
        for (i, &factor) in z.iter().enumerate() {
            kept[count] = i;
            count += usize::from(!neurons.skip || factor != 0.0);
        }
        let row = |i: usize| &w_out[i * d..(i + 1) * d];
        let (fours, rest) = kept[..count].as_chunks::<4>();
        for &[i, j, k, l] in fours {
            let factors = [z[i], z[j], z[k], z[l]];
            unsafe { add_rows::<V, 4>(factors, [row(i), row(j), row(k), row(l)], y) };
        }
        for &i in rest {
            unsafe { add_rows::<V, 1>([z[i]], [row(i)], y) };
        }
        if let Some(observer) = neurons.observer {
            observer.add_input(rows.clone());
            for &i in &kept[..count] {
                observer.add_output(rows.start + i..rows.start + i + 1);
            }
        }
    }
}

/// `z[n] = w[n] · x` for the rows of `w`.
///
/// # Safety
/// The instructions of `V` must be enabled.
#[inline(always)]
unsafe fn products<V: Vector>(w: &[f32], x: &[f32], z: &mut [f32]) {
    let d = x.len();
    let row = |i: usize| &w[i * d..(i + 1) * d];
    let (fours, rest) = z.as_chunks_mut::<4>();
    let fours_end = fours.len() * 4;
    for (i, z) in fours.iter_mut().enumerate() {
        let rows = [row(4 * i), row(4 * i + 1), row(4 * i + 2), row(4 * i + 3)];
        // SAFETY: the caller answers for the instructions; so below.
        let [products] = unsafe { dots::<V, 1, 4>([x], rows) };
        *z = products;
    }
    for (i, z) in rest.iter_mut().enumerate() {
        let [[product]] = unsafe { dots::<V, 1, 1>([x], [row(fours_end + i)]) };
        *z = product;
    }
}

/// The rows of an expert in strips.
pub(super) fn strips(expert: u32, size: usize) -> impl Iterator<Item = Range<usize>> {
    let (start, end) = (expert as usize * size, (expert as usize + 1) * size);
    let strip = move |from| from..end.min(from + STRIP);
    (start..end).step_by(STRIP).map(strip)
}

/// Calls `work(job, sum)` for every job, each with a sum of `width` zeros of its own, and returns
/// the sums in the order of the jobs.
///
/// Small work is done on the calling thread; `values` is the number of weight values that it reads.
pub(super) fn sums<J: Sync>(
    jobs: &[J],
    width: usize,
    values: usize,
    work: impl Fn(&J, &mut [f32]) + Sync,
) -> Vec<Vec<f32>> {
    let one = |job: &J| {
        let mut sum = vec![0.0; width];
        work(job, &mut sum);
        sum
    };
    if values < PARALLEL {
        jobs.iter().map(one).collect()
    } else {
        jobs.par_iter().map(one).collect()
    }
}

/// Adds `sum` to `y`.
pub(super) fn add_to(y: &mut [f32], sum: &[f32]) {
    for (y, &value) in y.iter_mut().zip(sum) {
        *y += value;
    }
}
