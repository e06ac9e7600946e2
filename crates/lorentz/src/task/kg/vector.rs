//! Loops over short vectors, compiled for the machine's vectors where
//! [`vectorized`](plm_core::kernel::vectorized) runs them.
//!
//! Sums are added in an order that depends on the length only.

use super::real::Real;

/// Terms that are added side by side.
const LANES: usize = 8;

#[inline(always)]
fn fold<T: Real>([a, b, c, d, e, f, g, h]: [T; LANES]) -> T {
    ((a + e) + (b + f)) + ((c + g) + (d + h))
}

/// Σ aᵢ bᵢ.
#[inline(always)]
pub(super) fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    let mut lanes = [T::zero(); LANES];
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for i in 0..LANES {
            lanes[i] += a[i] * b[i];
        }
    }
    for (i, (&a, &b)) in a_rest.iter().zip(b_rest).enumerate() {
        lanes[i] += a * b;
    }
    fold(lanes)
}

/// Σ aᵢ².
#[inline(always)]
pub(super) fn square<T: Real>(a: &[T]) -> T {
    dot(a, a)
}

/// Σ (aᵢ − factor bᵢ)².
#[inline(always)]
pub(super) fn square_of_difference<T: Real>(a: &[T], factor: T, b: &[T]) -> T {
    let mut lanes = [T::zero(); LANES];
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for i in 0..LANES {
            let difference = a[i] - factor * b[i];
            lanes[i] += difference * difference;
        }
    }
    for (i, (&a, &b)) in a_rest.iter().zip(b_rest).enumerate() {
        let difference = a - factor * b;
        lanes[i] += difference * difference;
    }
    fold(lanes)
}

/// Σ (aᵢ − bᵢ) cᵢ.
#[inline(always)]
pub(super) fn dot_of_difference<T: Real>(a: &[T], b: &[T], c: &[T]) -> T {
    let mut lanes = [T::zero(); LANES];
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    let (c_chunks, c_rest) = c.as_chunks::<LANES>();
    for ((a, b), c) in a_chunks.iter().zip(b_chunks).zip(c_chunks) {
        for i in 0..LANES {
            lanes[i] += (a[i] - b[i]) * c[i];
        }
    }
    for (i, ((&a, &b), &c)) in a_rest.iter().zip(b_rest).zip(c_rest).enumerate() {
        lanes[i] += (a - b) * c;
    }
    fold(lanes)
}

/// `target += factor · source`.
#[inline(always)]
pub(super) fn add_scaled<T: Real>(target: &mut [T], factor: T, source: &[T]) {
    for (target, &source) in target.iter_mut().zip(source) {
        *target += factor * source;
    }
}

/// How many of `values` are not below `bound`: what is not a number counts.
#[inline(always)]
pub(super) fn count_not_below<T: Real>(values: &[T], bound: T) -> usize {
    let mut lanes = [0_u32; 4 * LANES];
    let (chunks, rest) = values.as_chunks::<{ 4 * LANES }>();
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane += u32::from(not_below(value, bound));
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(rest) {
        *lane += u32::from(not_below(value, bound));
    }
    lanes.iter().map(|lane| *lane as usize).sum()
}

/// Whether `value` is at least `bound`, or one of them is not a number.
#[inline(always)]
#[expect(clippy::neg_cmp_op_on_partial_ord)]
pub(super) fn not_below<T: Real>(value: T, bound: T) -> bool {
    !(value < bound)
}

#[cfg(test)]
mod tests {
    use plm_core::kernel::vectorized;

    use super::*;

    #[test]
    fn sums_hold_for_every_length() {
        for length in 0..40_usize {
            let a: Vec<f64> = (0..length).map(|i| i as f64).collect();
            let b: Vec<f64> = a.iter().map(|a| 3.0 - a).collect();
            let sum = |term: fn(f64) -> f64| a.iter().map(|a| term(*a)).sum::<f64>();
            assert_eq!(dot(&a, &b), sum(|a| a * (3.0 - a)));
            assert_eq!(square(&a), sum(|a| a * a));
            assert_eq!(
                square_of_difference(&a, 2.0, &b),
                sum(|a| (3.0 * a - 6.0) * (3.0 * a - 6.0))
            );
            let found = dot_of_difference(&a, &b, &a);
            assert_eq!(found, sum(|a| (2.0 * a - 3.0) * a));
            let mut target = vec![1.0; length];
            add_scaled(&mut target, 2.0, &a);
            assert!(target.iter().zip(&a).all(|(t, a)| *t == 1.0 + 2.0 * a));
            let run = vectorized(
                #[inline(always)]
                || dot(&a, &b),
            );
            assert_eq!(run, dot(&a, &b));
        }
    }

    #[test]
    fn what_is_no_number_counts() {
        for length in [0, 5, 32, 70] {
            let values: Vec<f32> = (0..length).map(|i| i as f32).collect();
            assert_eq!(
                count_not_below(&values, 3.0),
                values.len().saturating_sub(3)
            );
            assert_eq!(count_not_below(&values, f32::NAN), values.len());
        }
        assert_eq!(count_not_below(&[f32::NAN, 1.0, 0.0], 0.5), 2);
    }
}
