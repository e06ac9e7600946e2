//! The layer with all its neurons, in the fastest way known: it is what the paths have to beat.
//!
//! Two products of matrices with bias and activation between, or for fewer tokens the kernels of
//! the other paths with nothing left out.

use rayon::prelude::*;

use crate::FfnWeights;

use super::activation::factors;
use super::simd::{Kernel, Vector, dispatch};
use super::{grouped, union};

/// Tokens up to which products of matrix and vector on all threads beat those of matrices.
const FEW: usize = 4;

/// Tokens up to which this crate's own products beat those of `gemm`, which are made for more.
const SEVERAL: usize = 64;

/// The output bias, zeros if there is none. `[d]`
pub(super) fn bias(weights: &FfnWeights) -> Vec<f32> {
    let zeros = || vec![0.0; weights.hidden_size];
    weights.b_out.clone().unwrap_or_else(zeros)
}

/// See [`super::ExpertFfn::dense`].
pub(super) fn run(weights: &FfnWeights, x: &[f32]) -> Vec<f32> {
    let base = bias(weights);
    if x.len() <= FEW * weights.hidden_size {
        return union::all(weights, x, &base);
    }
    if x.len() <= SEVERAL * weights.hidden_size {
        return grouped::all(weights, x, &base);
    }
    let h = hidden(weights, None, x, |_, _| {});
    output(weights, &h, &base)
}

/// The factors of all output rows, `[T, F]`.
///
/// `mask(token, factors)` may change those of a token while they are in the cache.
pub(super) fn hidden(
    weights: &FfnWeights,
    mean: Option<&[f32]>,
    x: &[f32],
    mask: impl Fn(usize, &mut [f32]) + Sync,
) -> Vec<f32> {
    let (d, f) = (weights.hidden_size, weights.neurons);
    let tokens = x.len() / d;
    let product = |rows: &[f32]| {
        let mut z = vec![0.0; tokens * f];
        multiply([tokens, d, f], x, (rows, [1, d]), &mut z, false);
        z
    };
    let mut z = product(&weights.w_in);
    let mut gate = weights.w_gate.as_deref().map(product).unwrap_or_default();
    let mut gates: Vec<&mut [f32]> = gate.chunks_mut(f).collect();
    gates.resize_with(tokens, Default::default);
    z.par_chunks_mut(f)
        .zip(gates.par_iter_mut())
        .enumerate()
        .for_each(|(token, (z, gate))| {
            dispatch(Factors {
                weights,
                mean,
                z,
                gate,
            });
            mask(token, z);
        });
    z
}

/// `base + h · W_out`, `[T, d]`.
pub(super) fn output(weights: &FfnWeights, h: &[f32], base: &[f32]) -> Vec<f32> {
    let (d, f) = (weights.hidden_size, weights.neurons);
    let tokens = h.len() / f;
    let mut y = base.repeat(tokens);
    multiply([tokens, f, d], h, (&weights.w_out, [d, 1]), &mut y, true);
    y
}

struct Factors<'a> {
    weights: &'a FfnWeights,
    mean: Option<&'a [f32]>,
    z: &'a mut [f32],
    gate: &'a mut [f32],
}

impl Kernel for Factors<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let rows = 0..self.weights.neurons;
        factors(self.weights, self.mean, rows, self.z, self.gate);
    }
}

/// `out = a · b` or, with `add`, `out += a · b`, on all threads.
///
/// # Shapes
/// - a: `[m, k]`, row-major
/// - b: `[k, n]`, with the given distances between rows and columns
/// - out: `[m, n]`, row-major
///
/// # Panics
/// If a slice has another size.
fn multiply(
    [m, k, n]: [usize; 3],
    a: &[f32],
    (b, [b_rows, b_columns]): (&[f32], [usize; 2]),
    out: &mut [f32],
    add: bool,
) {
    assert_eq!([a.len(), b.len(), out.len()], [m * k, k * n, m * n]);
    assert!([b_rows, b_columns] == [n, 1] || [b_rows, b_columns] == [1, k]);
    // SAFETY: the sizes were just checked, and strides of a dense matrix stay inside it.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            add,
            a.as_ptr(),
            1,
            k as isize,
            b.as_ptr(),
            b_columns as isize,
            b_rows as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::Rayon(0),
        );
    }
}

/// `a · b`: see [`multiply`].
pub(super) fn product(
    sizes: [usize; 3],
    a: &[f32],
    (b, strides): (&[f32], [usize; 2]),
) -> Vec<f32> {
    let mut out = vec![0.0; sizes[0] * sizes[2]];
    multiply(sizes, a, (b, strides), &mut out, false);
    out
}
