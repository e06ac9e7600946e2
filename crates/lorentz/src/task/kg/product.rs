//! Products of matrices on slices.

use super::real::Real;

/// A matrix in a slice: its numbers, and the distances between rows and between columns.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a, T> {
    data: &'a [T],
    strides: [usize; 2],
}

impl<'a, T> Matrix<'a, T> {
    /// Rows of `width` numbers.
    pub(super) fn rows(data: &'a [T], width: usize) -> Self {
        Self {
            data,
            strides: [width, 1],
        }
    }

    /// The transpose of rows of `width` numbers.
    pub(super) fn columns(data: &'a [T], width: usize) -> Self {
        Self {
            data,
            strides: [1, width],
        }
    }

    fn holds(&self, [rows, columns]: [usize; 2]) -> bool {
        let last = (rows - 1) * self.strides[0] + (columns - 1) * self.strides[1];
        last < self.data.len()
    }
}

/// `out = a · b` on this thread.
///
/// # Shapes
/// - a: `[m, k]`
/// - b: `[k, n]`
/// - out: `[m, n]` in rows
///
/// # Panics
/// If a slice is too short or a size is zero.
pub(super) fn multiply<T: Real>(
    [m, k, n]: [usize; 3],
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    out: &mut [T],
) {
    assert!(a.holds([m, k]) && b.holds([k, n]) && m * n == out.len());
    // SAFETY: the reach of all three was just checked.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            false,
            a.data.as_ptr(),
            a.strides[1] as isize,
            a.strides[0] as isize,
            b.data.as_ptr(),
            b.strides[1] as isize,
            b.strides[0] as isize,
            T::zero(),
            T::one(),
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_layouts_are_multiplied() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let b = [1.0, -1.0, 2.0, 0.5, 0.0, 1.0];
        let mut out = [f64::NAN; 4];
        multiply(
            [2, 3, 2],
            Matrix::rows(&a, 3),
            Matrix::rows(&b, 2),
            &mut out,
        );
        assert_eq!(out, [5.0, 3.0, 14.0, 4.5]);
        let mut out = [f64::NAN; 4];
        multiply(
            [2, 3, 2],
            Matrix::columns(&a, 2),
            Matrix::columns(&b, 3),
            &mut out,
        );
        // aᵀ = [[1, 3, 5], [2, 4, 6]], bᵀ has the columns (1, -1, 2) and (0.5, 0, 1).
        assert_eq!(out, [8.0, 5.5, 10.0, 7.0]);
    }
}
