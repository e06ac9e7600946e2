//! Vectors of numbers on the host.

/// The inner product in double precision, in eight running sums side by side so that it can be vectorized:
/// the order of additions depends on the length only.
///
/// # Panics
/// If the lengths differ.
#[inline]
pub fn dot<T: Copy + Into<f64>>(a: &[T], b: &[T]) -> f64 {
    assert_eq!(a.len(), b.len(), "lengths of an inner product's vectors");
    let mut sums = [0.0_f64; 8];
    let (a_chunks, a_rest) = a.as_chunks::<8>();
    let (b_chunks, b_rest) = b.as_chunks::<8>();
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for (sum, (&a, &b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += product(a, b);
        }
    }
    for (sum, (&a, &b)) in sums.iter_mut().zip(a_rest.iter().zip(b_rest)) {
        *sum += product(a, b);
    }
    sums.iter().sum()
}

#[inline]
fn product<T: Into<f64>>(a: T, b: T) -> f64 {
    let (a, b): (f64, f64) = (a.into(), b.into());
    a * b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_products_of_any_length() {
        let single = |values: &[f64]| -> Vec<f32> { values.iter().map(|&x| x as f32).collect() };
        for length in [0, 1, 7, 8, 9, 16, 37] {
            let a: Vec<f64> = (0..length).map(f64::from).collect();
            let b: Vec<f64> = a.iter().map(|value| 2.0 - value).collect();
            let expected: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            assert_eq!(dot(&a, &b), expected, "{length}");
            assert_eq!(dot(&single(&a), &single(&b)), expected, "{length}");
        }
    }

    #[test]
    #[should_panic(expected = "lengths")]
    fn vectors_of_different_lengths_are_refused() {
        let _ = dot(&[1.0_f64; 9], &[1.0; 20]);
    }
}
