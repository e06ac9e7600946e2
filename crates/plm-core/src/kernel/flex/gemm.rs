//! Matrix products on strided views.

use gemm::Parallelism;

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
/// that are initialised if `target.add`.
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
