//! Vectorized arithmetic: the scalar functions that loops are built from.
//!
//! The functions are branch-free and always inlined, so that loops over them become vector code where
//! [`vectorized`](crate::kernel::vectorized) runs them. All of them hand NaN on.

/// Terms that [`sum`], [`dot`] and [`max`] add side by side: two AVX-512 or four AVX registers.
const LANES: usize = 32;

/// Whether this machine has the fused multiply-add that the loops are written for.
pub(super) fn supported() -> bool {
    #[cfg(target_arch = "x86_64")]
    return crate::kernel::instruction_set::has_avx2_and_fma();
    #[cfg(not(target_arch = "x86_64"))]
    return cfg!(target_arch = "aarch64");
}

/// e^x to 3 units in the last place; 0 below -87.3, ∞ above 88.37.
///
/// x = n ln 2 + r, e^r by the minimax polynomial 1 + r + r² q(r) on |r| ≤ ln 2 / 2 (error 3e-9).
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // Adding 1.5 · 2^23 rounds to an integer, which then stands in the low bits of the mantissa.
    const ROUND: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    const LOWEST: f32 = -87.3;
    const HIGHEST: f32 = 88.37;
    // Comparisons with NaN are false, so these leave NaN as it is.
    let bounded = if x < LOWEST { LOWEST } else { x };
    let bounded = if bounded > HIGHEST { HIGHEST } else { bounded };
    let shifted = bounded.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN2_LOW, n.mul_add(-LN2_HIGH, bounded));
    let q = 1.381_446_7e-3_f32;
    let q = q.mul_add(r, 8.368_781e-3);
    let q = q.mul_add(r, 4.166_839_3e-2);
    let q = q.mul_add(r, 1.666_652e-1);
    let q = q.mul_add(r, 4.999_999_4e-1);
    let power = (r * r).mul_add(q, r) + 1.0;
    let scale = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    let y = if x > HIGHEST {
        f32::INFINITY
    } else {
        power * scale
    };
    if x < LOWEST { 0.0 } else { y }
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// tanh x, absolute error below 2e-7.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    let y = 1.0 - 2.0 / (1.0 + exp(2.0 * x.abs()));
    // Near 0 the difference would cancel: x - x³/3 + 2x⁵/15 there.
    let square = x * x;
    let near = square.mul_add(2.0 / 15.0, -1.0 / 3.0).mul_add(square, 1.0) * x.abs();
    let magnitude = if square < 0.01 { near } else { y };
    magnitude.copysign(x)
}

/// The upper tail of the normal distribution and e^(-a²/2), for a ≥ 0.
///
/// Φ(-a) = e^(-a²/2) g(1 / (1 + a/4)) with a polynomial g as in Abramowitz and Stegun 26.2.17, here
/// of degree 7 and fitted to max(a, 1) Φ(-a) (error 3e-9).
#[inline(always)]
pub(super) fn normal_tail(a: f32) -> (f32, f32) {
    let bell = exp(-0.5 * a * a);
    let t = 1.0 / a.mul_add(0.25, 1.0);
    let g = -8.858_570_8e-2_f32;
    let g = g.mul_add(t, 3.261_229e-1);
    let g = g.mul_add(t, -2.340_207_1e-1);
    let g = g.mul_add(t, 2.439_309_8e-1);
    let g = g.mul_add(t, 4.830_980_4e-2);
    let g = g.mul_add(t, 1.043_383e-1);
    let g = g.mul_add(t, 9.990_442_4e-2);
    (bell * g * t, bell)
}

/// `LANES` partial results folded in halves.
#[inline(always)]
fn fold(mut lanes: [f32; LANES], combine: impl Fn(f32, f32) -> f32) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = combine(lanes[i], lanes[i + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// The sum of `term` over the elements of `row`, in an order that depends on its length only.
#[inline(always)]
pub(super) fn sum_of(row: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for i in 0..LANES {
            lanes[i] += term(chunk[i]);
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(rest) {
        *lane += term(value);
    }
    fold(lanes, |x, y| x + y)
}

/// The sum of `term` over pairs of elements, in an order that depends on the length only.
#[inline(always)]
pub fn sum_of_pairs(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for i in 0..LANES {
            lanes[i] += term(a[i], b[i]);
        }
    }
    for ((lane, &a), &b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += term(a, b);
    }
    fold(lanes, |x, y| x + y)
}

/// The largest element that is not NaN; -∞ if there is none.
#[inline(always)]
pub(super) fn max(row: &[f32]) -> f32 {
    let larger = |x: f32, y: f32| if y > x { y } else { x };
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for i in 0..LANES {
            lanes[i] = larger(lanes[i], chunk[i]);
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(rest) {
        *lane = larger(*lane, value);
    }
    fold(lanes, larger)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::vectorized;

    /// Largest |f - exact| over a fine grid on `[low, high]`.
    fn error(low: f64, high: f64, f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> f64 {
        (0..=200_000)
            .map(|i| {
                let x = (low + (high - low) * f64::from(i) / 200_000.0) as f32;
                (f64::from(f(x)) - exact(f64::from(x))).abs()
            })
            .fold(0.0, f64::max)
    }

    /// Φ(-a) by the continued fraction of Laplace for large a, else by its power series.
    fn tail(a: f64) -> f64 {
        let density = (-a * a / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        if a > 3.0 {
            let fraction = (1..200).rev().fold(a, |f, k| a + f64::from(k) / f);
            density / fraction
        } else {
            let (mut term, mut sum) = (a, a);
            for k in 1..200 {
                term *= a * a / f64::from(2 * k + 1);
                sum += term;
            }
            0.5 - density * sum
        }
    }

    #[test]
    fn functions_are_accurate() {
        assert!(error(-90.0, 0.0, exp, f64::exp) <= 1.2e-7);
        assert!(error(0.0, 88.0, |x| exp(x) / x.exp(), |_| 1.0) <= 4e-7);
        assert!(error(-30.0, 30.0, sigmoid, |x| 1.0 / (1.0 + (-x).exp())) <= 1.2e-7);
        assert!(error(-12.0, 12.0, tanh, f64::tanh) <= 2e-7);
        assert!(error(1e-6, 0.1, |x| tanh(x) / x, |x| x.tanh() / x) <= 3e-7);
        let found = error(0.0, 20.0, |a| normal_tail(a).0, tail);
        assert!(found <= 2e-7, "{found}");
        let found = error(0.0, 20.0, |a| a * normal_tail(a).0, |a| a * tail(a));
        assert!(found <= 2e-7, "{found}");
    }

    #[test]
    fn functions_keep_nan_and_limits() {
        for f in [exp, sigmoid, tanh, |x| normal_tail(x).0] {
            assert!(f(f32::NAN).is_nan());
            assert!(f(f32::from_bits(0x7fc0_0001)).is_nan());
        }
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(-1.0e9), 0.0);
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(1000.0), f32::INFINITY);
        assert_eq!([tanh(50.0), tanh(-50.0), tanh(0.0)], [1.0, -1.0, 0.0]);
        assert_eq!(
            [sigmoid(100.0), sigmoid(0.0), sigmoid(-100.0)],
            [1.0, 0.5, 0.0]
        );
    }

    #[test]
    fn reductions_handle_any_length() {
        for length in [0, 1, 7, 31, 32, 33, 64, 100] {
            let row: Vec<f32> = (0..length).map(|i| i as f32 - 3.0).collect();
            let expected: f32 = row.iter().sum();
            assert_eq!(
                vectorized(
                    #[inline(always)]
                    || sum_of(&row, |x| x)
                ),
                expected
            );
            assert_eq!(
                sum_of_pairs(&row, &row, |x, y| x * y),
                row.iter().map(|x| x * x).sum::<f32>()
            );
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            assert_eq!(max(&row), largest);
        }
        assert!(sum_of(&[1.0, f32::NAN], |x| x).is_nan());
        assert_eq!(max(&[f32::NAN, 1.0]), 1.0);
    }
}
