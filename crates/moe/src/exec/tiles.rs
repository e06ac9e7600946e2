//! The inner loops of all paths: products small enough to stay in registers.
//!
//! A value depends on its row and its column only, not on the tile that it was computed in: tokens
//! can be grouped in any way without changing a bit of the result.

use super::simd::Vector;

/// Vectors that [`combine`] is wide.
pub(super) const STRIP_VECTORS: usize = 3;

/// The products of `M` inputs with `N` weight rows, all of the same length.
///
/// `out[m][n] = x[m] · w[n]`. Three inputs by four rows fill the sixteen registers of AVX2.
///
/// # Safety
/// The instructions of `V` must be enabled.
#[inline(always)]
pub(super) unsafe fn dots<V: Vector, const M: usize, const N: usize>(
    x: [&[f32]; M],
    w: [&[f32]; N],
) -> [[f32; N]; M] {
    let width = x[0].len();
    assert!(x.iter().all(|x| x.len() == width) && w.iter().all(|w| w.len() == width));
    let whole = width - width % V::LANES;
    let mut out = [[0.0; N]; M];
    // SAFETY: the caller answers for the instructions; all accesses end before `whole`.
    unsafe {
        let mut sums = [[V::splat(0.0); N]; M];
        for i in (0..whole).step_by(V::LANES) {
            let mut inputs = [V::splat(0.0); M];
            for m in 0..M {
                inputs[m] = V::load(x[m].as_ptr().add(i));
            }
            for n in 0..N {
                let row = V::load(w[n].as_ptr().add(i));
                for m in 0..M {
                    sums[m][n] = sums[m][n].add_product(inputs[m], row);
                }
            }
        }
        for m in 0..M {
            for n in 0..N {
                out[m][n] = sums[m][n].sum();
            }
        }
    }
    for i in whole..width {
        for m in 0..M {
            for n in 0..N {
                out[m][n] += x[m][i] * w[n][i];
            }
        }
    }
    out
}

/// Adds `sum over i of factors[i] * rows[i]` to `y`, all of the same length.
///
/// # Safety
/// The instructions of `V` must be enabled.
#[inline(always)]
pub(super) unsafe fn add_rows<V: Vector, const N: usize>(
    factors: [f32; N],
    rows: [&[f32]; N],
    y: &mut [f32],
) {
    let width = y.len();
    assert!(rows.iter().all(|row| row.len() == width));
    let whole = width - width % V::LANES;
    // SAFETY: the caller answers for the instructions; all accesses end before `whole`.
    unsafe {
        let mut splats = [V::splat(0.0); N];
        for n in 0..N {
            splats[n] = V::splat(factors[n]);
        }
        for i in (0..whole).step_by(V::LANES) {
            let place = y.as_mut_ptr().add(i);
            let mut sum = V::load(place);
            for n in 0..N {
                sum = sum.add_product(splats[n], V::load(rows[n].as_ptr().add(i)));
            }
            sum.store(place);
        }
    }
    for i in whole..width {
        for n in 0..N {
            y[i] += factors[n] * rows[n][i];
        }
    }
}

/// Adds `h[m] · strip` to `y[places[m]..]` for `M` tokens.
///
/// `strip` holds [`STRIP_VECTORS`] vectors for each of the `h[m].len()` neurons. Three tokens by
/// three vectors: a fourth token would make compilers move registers to memory and back.
///
/// # Safety
/// The instructions of `V` must be enabled.
#[inline(always)]
pub(super) unsafe fn combine<V: Vector, const M: usize>(
    h: [&[f32]; M],
    strip: &[f32],
    y: &mut [f32],
    places: [usize; M],
) {
    let neurons = h[0].len();
    let width = STRIP_VECTORS * V::LANES;
    assert!(h.iter().all(|h| h.len() == neurons) && strip.len() == neurons * width);
    assert!(places.iter().all(|&place| place + width <= y.len()));
    // SAFETY: the caller answers for the instructions; the lengths were just checked.
    unsafe {
        let mut sums = [[V::splat(0.0); STRIP_VECTORS]; M];
        for i in 0..neurons {
            let from = strip.as_ptr().add(i * width);
            let mut row = [V::splat(0.0); STRIP_VECTORS];
            for (n, row) in row.iter_mut().enumerate() {
                *row = V::load(from.add(n * V::LANES));
            }
            for m in 0..M {
                let factor = V::splat(*h[m].get_unchecked(i));
                for n in 0..STRIP_VECTORS {
                    sums[m][n] = sums[m][n].add_product(factor, row[n]);
                }
            }
        }
        for m in 0..M {
            for (n, &sum) in sums[m].iter().enumerate() {
                let place = y.as_mut_ptr().add(places[m] + n * V::LANES);
                V::load(place).add(sum).store(place);
            }
        }
    }
}
