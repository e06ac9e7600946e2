//! Products of the neurons of an expert with all tokens that chose it.

use std::ops::Range;

use crate::FfnWeights;

use super::activation::factors;
use super::simd::{Kernel, Vector};
use super::tiles::{STRIP_VECTORS, combine, dots};

/// Some neurons of an expert, and the tokens that chose it.
pub(super) struct Piece<'a> {
    /// At most [`Self::NEURONS`] rows.
    pub(super) rows: Range<usize>,
    /// Numbers of tokens, in rising order.
    pub(super) tokens: &'a [u32],
}

impl Piece<'_> {
    /// Neurons of a piece: its weights should fit the second cache.
    pub(super) const NEURONS: usize = 64;
}

/// Adds up what some pieces contribute to a block of tokens, `[tokens, d]`.
pub(super) struct Work<'a> {
    /// The layer, neurons expert by expert.
    pub(super) weights: &'a FfnWeights,
    /// What is subtracted from the neurons' values, `[F]`.
    pub(super) mean: Option<&'a [f32]>,
    /// The pieces.
    pub(super) pieces: &'a [Piece<'a>],
    /// The inputs of all tokens.
    pub(super) x: &'a [f32],
    /// The block.
    pub(super) tokens: Range<usize>,
}

impl Kernel for Work<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    unsafe fn run<V: Vector>(self) -> Vec<f32> {
        let weights = self.weights;
        let d = weights.hidden_size;
        let width = STRIP_VECTORS * V::LANES;
        // Rows are padded to whole strips while sums grow.
        let padded = d.next_multiple_of(width);
        let mut sums = vec![0.0; self.tokens.len() * padded];
        let largest = self.pieces.iter().map(|piece| piece.rows.len()).max();
        let mut packed = vec![0.0; largest.unwrap_or(0) * padded];
        let (mut z, mut gate) = (Vec::new(), Vec::new());
        for piece in self.pieces {
            let count = piece.rows.len();
            z.resize(piece.tokens.len() * count, 0.0);
            // SAFETY: the caller answers for the instructions; so below.
            unsafe { products::<V>(piece, &weights.w_in, self.x, d, &mut z) };
            if let Some(w_gate) = &weights.w_gate {
                gate.resize(z.len(), 0.0);
                unsafe { products::<V>(piece, w_gate, self.x, d, &mut gate) };
            }
            for (token, z) in z.chunks_exact_mut(count).enumerate() {
                let place = gate.len().min(token * count)..gate.len().min((token + 1) * count);
                let rows = piece.rows.clone();
                factors(weights, self.mean, rows, z, &mut gate[place]);
            }
            pack(&weights.w_out, d, &piece.rows, width, &mut packed);
            unsafe { self.outputs::<V>(piece, &z, &packed, &mut sums, padded) };
        }
        if padded > d {
            for token in 0..self.tokens.len() {
                sums.copy_within(token * padded..token * padded + d, token * d);
            }
            sums.truncate(self.tokens.len() * d);
        }
        sums
    }
}

impl Work<'_> {
    /// Adds `z · packed` to the sums of the piece's tokens.
    ///
    /// # Safety
    /// The instructions of `V` must be enabled.
    #[inline(always)]
    unsafe fn outputs<V: Vector>(
        &self,
        piece: &Piece<'_>,
        z: &[f32],
        packed: &[f32],
        sums: &mut [f32],
        padded: usize,
    ) {
        let count = piece.rows.len();
        let width = STRIP_VECTORS * V::LANES;
        let h = |i: usize| &z[i * count..(i + 1) * count];
        let (threes, rest) = piece.tokens.as_chunks::<3>();
        let last = 3 * threes.len();
        for (strip, packed) in packed.chunks_exact(count * width).enumerate() {
            if strip * width >= padded {
                break;
            }
            let first = |token: u32| (token as usize - self.tokens.start) * padded;
            let place = |token: u32| first(token) + strip * width;
            for (i, &[a, b, c]) in threes.iter().enumerate() {
                let h = [h(3 * i), h(3 * i + 1), h(3 * i + 2)];
                let places = [place(a), place(b), place(c)];
                // SAFETY: the caller answers for the instructions; so below.
                unsafe { combine::<V, 3>(h, packed, sums, places) };
            }
            match *rest {
                [a, b] => {
                    let (h, places) = ([h(last), h(last + 1)], [place(a), place(b)]);
                    unsafe { combine::<V, 2>(h, packed, sums, places) };
                }
                [a] => unsafe { combine::<V, 1>([h(last)], packed, sums, [place(a)]) },
                _ => {}
            }
        }
    }
}

/// Copies rows of `w_out` strip after strip: `packed[strip][row][column]`.
///
/// The padding of the last strip is left as it is; what it leads to is dropped.
#[inline(always)]
fn pack(w_out: &[f32], d: usize, rows: &Range<usize>, width: usize, packed: &mut [f32]) {
    let count = rows.len();
    let matrix = &w_out[rows.start * d..rows.end * d];
    for (n, row) in matrix.chunks_exact(d).enumerate() {
        for (strip, values) in row.chunks(width).enumerate() {
            packed[(strip * count + n) * width..][..values.len()].copy_from_slice(values);
        }
    }
}

/// `z[token][n] = x[token] · matrix[n]` for the tokens and neurons of a piece.
///
/// # Safety
/// The instructions of `V` must be enabled.
#[inline(always)]
unsafe fn products<V: Vector>(
    piece: &Piece<'_>,
    matrix: &[f32],
    x: &[f32],
    d: usize,
    z: &mut [f32],
) {
    let count = piece.rows.len();
    let row = |n: usize| &matrix[(piece.rows.start + n) * d..(piece.rows.start + n + 1) * d];
    let fours = count - count % 4;
    for n in (0..fours).step_by(4) {
        let w = [row(n), row(n + 1), row(n + 2), row(n + 3)];
        // SAFETY: the caller answers for the instructions; so below.
        unsafe { columns::<V, 4>(piece, w, n, x, z) };
    }
    for n in fours..count {
        unsafe { columns::<V, 1>(piece, [row(n)], n, x, z) };
    }
}

/// The products with `N` rows, the first of them the piece's row `n`.
///
/// # Safety
/// The instructions of `V` must be enabled.
#[inline(always)]
unsafe fn columns<V: Vector, const N: usize>(
    piece: &Piece<'_>,
    w: [&[f32]; N],
    n: usize,
    x: &[f32],
    z: &mut [f32],
) {
    let d = w[0].len();
    let count = piece.rows.len();
    let x = |token: u32| &x[token as usize * d..(token as usize + 1) * d];
    let mut write = |token: usize, products: [f32; N]| {
        z[token * count + n..][..N].copy_from_slice(&products);
    };
    let (threes, rest) = piece.tokens.as_chunks::<3>();
    let last = 3 * threes.len();
    for (i, &[a, b, c]) in threes.iter().enumerate() {
        // SAFETY: the caller answers for the instructions; so below.
        let [a, b, c] = unsafe { dots::<V, 3, N>([x(a), x(b), x(c)], w) };
        write(3 * i, a);
        write(3 * i + 1, b);
        write(3 * i + 2, c);
    }
    match *rest {
        [a, b] => {
            let [a, b] = unsafe { dots::<V, 2, N>([x(a), x(b)], w) };
            write(last, a);
            write(last + 1, b);
        }
        [a] => {
            let [a] = unsafe { dots::<V, 1, N>([x(a)], w) };
            write(last, a);
        }
        _ => {}
    }
}
