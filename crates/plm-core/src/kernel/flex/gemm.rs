//! Matrix products on strided views.

use std::mem::MaybeUninit;

use gemm::Parallelism;

use super::storage::filled;

/// Columns this many values apart, or a multiple of it, share few sets of a processor's first cache:
/// 2 KiB, where a set repeats every 4 KiB.
const CROWDED: isize = 512;

/// Rows of a left operand from which a copy of the right one pays.
const ROWS_FOR_COPY: usize = 8;

/// A read-only matrix somewhere in a buffer.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    data: &'a [f32],
    start: usize,
    rows: usize,
    columns: usize,
    row_stride: isize,
    column_stride: isize,
}

impl<'a> Matrix<'a> {
    /// The matrix with element (i, j) at `data[start + i * row_stride + j * column_stride]`.
    ///
    /// # Panics
    /// If an element lies outside `data`.
    pub fn new(
        data: &'a [f32],
        start: usize,
        [rows, columns]: [usize; 2],
        [row_stride, column_stride]: [isize; 2],
    ) -> Self {
        if rows > 0 && columns > 0 {
            let reach = |size: usize, stride: isize| (size - 1) as isize * stride;
            let (row_reach, column_reach) =
                (reach(rows, row_stride), reach(columns, column_stride));
            let lowest = start as isize + row_reach.min(0) + column_reach.min(0);
            let highest = start as isize + row_reach.max(0) + column_reach.max(0);
            assert!(
                lowest >= 0 && (highest as usize) < data.len(),
                "a matrix view reaches from {lowest} to {highest} in {} values",
                data.len()
            );
        }
        Self {
            data,
            start,
            rows,
            columns,
            row_stride,
            column_stride,
        }
    }

    /// The row-major matrix that fills `data`.
    pub fn row_major(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::new(data, 0, [rows, columns], [columns as isize, 1])
    }

    /// The transposed view.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// A row-major copy of the transposed view of a whole row-major matrix whose rows crowd the cache.
    ///
    /// `gemm` gathers such an operand across its rows, which then costs as much as the product itself
    /// where the other operand has few rows: a copy in blocks takes a fraction of that.
    fn copy_of_crowded(&self) -> Option<Vec<f32>> {
        let whole = self.row_stride == 1 && self.column_stride == self.rows as isize;
        if !whole || self.column_stride % CROWDED != 0 {
            return None;
        }
        let count = self.rows * self.columns;
        let data = &self.data[self.start..self.start + count];
        // SAFETY: any value is a valid `MaybeUninit` of its type, and the slice is only read.
        let data: &[MaybeUninit<f32>] =
            unsafe { std::slice::from_raw_parts(data.as_ptr().cast(), count) };
        // SAFETY: the transposed matrix has as many elements, all of them values of `data`.
        Some(unsafe {
            filled(count, |out| {
                transpose::transpose(data, out, self.rows, self.columns)
            })
        })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }
}

/// What a product is written to: rows of contiguous values, `row_stride` apart.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its first element.
    pub start: *mut f32,
    /// Distance between rows.
    pub row_stride: usize,
    /// Whether the product is added to what is there.
    pub add: bool,
}

/// `target = scale · a · b` (plus what was there), on this thread or on all.
///
/// The order of the additions does not depend on the number of threads.
///
/// # Safety
/// `target` must lead to `a.rows` rows of `b.columns` values that nobody else uses meanwhile, and
/// that are initialized if `target.add`.
///
/// # Panics
/// If the inner sizes differ.
pub unsafe fn multiply(
    a: Matrix<'_>,
    b: Matrix<'_>,
    scale: f32,
    target: Target,
    all_threads: bool,
) {
    assert_eq!(a.columns, b.rows, "inner sizes of a matrix product");
    if a.rows == 0 || b.columns == 0 {
        return;
    }
    if a.columns == 0 {
        if !target.add {
            for row in 0..a.rows {
                // SAFETY: the caller's promise.
                unsafe {
                    target
                        .start
                        .add(row * target.row_stride)
                        .write_bytes(0, b.columns)
                };
            }
        }
        return;
    }
    let copy = if a.rows < ROWS_FOR_COPY {
        None
    } else {
        b.copy_of_crowded()
    };
    let b = copy
        .as_ref()
        .map_or(b, |copy| Matrix::row_major(copy, b.rows, b.columns));
    let parallelism = if all_threads {
        Parallelism::Rayon(0)
    } else {
        Parallelism::None
    };
    // SAFETY: `Matrix::new` has checked the operands, the caller answers for the target.
    unsafe {
        gemm::gemm(
            a.rows,
            b.columns,
            a.columns,
            target.start,
            1,
            target.row_stride as isize,
            target.add,
            a.data.as_ptr().add(a.start),
            a.column_stride,
            a.row_stride,
            b.data.as_ptr().add(b.start),
            b.column_stride,
            b.row_stride,
            1.0,
            scale,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a · b` by the textbook.
    fn plain(a: Matrix<'_>, b: Matrix<'_>) -> Vec<f32> {
        let at = |m: Matrix<'_>, row: usize, column: usize| {
            let place = row as isize * m.row_stride + column as isize * m.column_stride;
            f64::from(m.data[m.start + place as usize])
        };
        let mut values = Vec::new();
        for row in 0..a.rows {
            for column in 0..b.columns {
                let sum: f64 = (0..a.columns)
                    .map(|inner| at(a, row, inner) * at(b, inner, column))
                    .sum();
                values.push(sum as f32);
            }
        }
        values
    }

    #[test]
    fn transposed_operands_of_any_width_and_place_give_the_plain_product() {
        let numbers: Vec<f32> = (0..40_000)
            .map(|number| ((number * 7919) % 1009) as f32 / 1009.0 - 0.5)
            .collect();
        for inner in [511, 512, 513, 1024] {
            for rows in [1, ROWS_FOR_COPY - 1, ROWS_FOR_COPY, 20] {
                for start in [0, 3] {
                    let columns = 17;
                    let size = [columns, inner];
                    let a = Matrix::new(&numbers, 1, [rows, inner], [inner as isize, 1]);
                    let b = Matrix::new(&numbers, start, size, [inner as isize, 1]).transposed();
                    assert_eq!(b.copy_of_crowded().is_some(), inner % 512 == 0);
                    let mut found = vec![0.0; rows * columns];
                    let target = Target {
                        start: found.as_mut_ptr(),
                        row_stride: columns,
                        add: false,
                    };
                    // SAFETY: the target is as large as the product.
                    unsafe { multiply(a, b, 1.0, target, false) };
                    for (found, expected) in found.iter().zip(plain(a, b)) {
                        assert!((found - expected).abs() < 1e-4, "{found} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn parts_of_matrices_are_not_copied() {
        let numbers = vec![0.0; 4 * 1024];
        let part = Matrix::new(&numbers, 0, [4, 512], [1024, 1]).transposed();
        assert!(part.copy_of_crowded().is_none());
        assert!(
            Matrix::row_major(&numbers, 512, 8)
                .copy_of_crowded()
                .is_none()
        );
    }
}
