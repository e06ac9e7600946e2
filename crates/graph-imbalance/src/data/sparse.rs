//! A matrix in compressed sparse rows as files hold it: columns in any order.

use plm_core::graph::{Csr, Duplicates};

use crate::{Error, Result};

/// A checked matrix in compressed sparse rows. The columns of a row may come in any order and twice,
/// which SciPy allows.
#[derive(Debug)]
pub(crate) struct Compressed {
    shape: [usize; 2],
    indptr: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl Compressed {
    /// The matrix of `shape` whose row `i` has the entries `indptr[i]..indptr[i + 1]` of `indices`
    /// (columns) and `values`.
    ///
    /// The number of rows is as good as `indptr` is long; no memory is asked for that the arrays do
    /// not back.
    pub(super) fn new(
        shape: [usize; 2],
        indptr: &[i64],
        indices: &[i64],
        values: Vec<f32>,
    ) -> Result<Self, String> {
        if indptr.len().checked_sub(1) != Some(shape[0]) {
            return Err(format!("indptr of {} for {} rows", indptr.len(), shape[0]));
        }
        if values.len() != indices.len() {
            let (values, indices) = (values.len(), indices.len());
            return Err(format!("{values} values for {indices} indices"));
        }
        if let Some(row) = indptr.windows(2).position(|ends| ends[0] > ends[1]) {
            let (from, to) = (indptr[row], indptr[row + 1]);
            return Err(format!("indptr falls from {from} to {to} at row {row}"));
        }
        let (first, last) = (indptr[0], indptr[shape[0]]);
        if first != 0 || usize::try_from(last) != Ok(indices.len()) {
            let count = indices.len();
            return Err(format!(
                "indptr goes from {first} to {last}, not 0 to {count}"
            ));
        }
        let column = |&index: &i64| match u32::try_from(index) {
            Ok(column) if (column as usize) < shape[1] => Ok(column),
            _ => Err(format!("column {index} of {}", shape[1])),
        };
        Ok(Self {
            shape,
            // Not negative and not above the last, which fits.
            indptr: indptr.iter().map(|&end| end as usize).collect(),
            columns: indices.iter().map(column).collect::<Result<_, _>>()?,
            values,
        })
    }

    /// Rows and columns.
    pub(super) fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// Every entry as (row, column, value), in the order of the file.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u32, u32, f32)> {
        let rows = self.indptr.windows(2).zip(0_u32..);
        let rows = rows.flat_map(|(ends, row)| std::iter::repeat_n(row, ends[1] - ends[0]));
        rows.zip(&self.columns)
            .zip(&self.values)
            .map(|((row, &column), &value)| (row, column, value))
    }

    /// The matrix with sorted columns; entries of the same place are added, as SciPy does.
    ///
    /// # Errors
    /// [`Error::Core`] where a value is not finite or a dimension exceeds 2³¹ − 1.
    pub(super) fn into_csr(self) -> Result<Csr<f32>> {
        let [rows, columns] = self.shape;
        let ascends = |ends: &[usize]| {
            let row = &self.columns[ends[0]..ends[1]];
            row.windows(2).all(|pair| pair[0] < pair[1])
        };
        if self.indptr.windows(2).all(ascends) {
            return Csr::new(rows, columns, self.indptr, self.columns, self.values)
                .map_err(Error::from);
        }
        let row_of: Vec<u32> = self.entries().map(|(row, _, _)| row).collect();
        let sum = Duplicates::Sum;
        Ok(Csr::from_coo(
            rows,
            columns,
            &row_of,
            &self.columns,
            &self.values,
            sum,
        )?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_summed() {
        let sorted = Compressed::new([2, 3], &[0, 1, 3], &[2, 0, 1], vec![1.0, 2.0, 3.0]);
        let other = Compressed::new([2, 3], &[0, 1, 4], &[2, 1, 0, 1], vec![1.0, 1.0, 2.0, 2.0]);
        let [sorted, other] = [sorted, other].map(Result::unwrap);
        assert_eq!(other.entries().nth(1), Some((1, 1, 1.0)));
        let sorted = sorted.into_csr().unwrap();
        assert_eq!(sorted.to_dense(), [0.0, 0.0, 1.0, 2.0, 3.0, 0.0]);
        assert_eq!(other.into_csr().unwrap(), sorted);
    }

    #[test]
    fn wrong_arrays_are_named() {
        let new = |shape, indptr: &[i64], indices: &[i64]| {
            Compressed::new(shape, indptr, indices, vec![1.0; indices.len()]).map(|_| ())
        };
        assert_eq!(new([0, 5], &[0], &[]), Ok(()));
        for (result, text) in [
            (new([0, 5], &[], &[]), "indptr of 0 for 0 rows"),
            (new([usize::MAX, 5], &[0], &[]), "indptr of 1 for"),
            (new([2, 5], &[0, 2, 1], &[0]), "falls from 2 to 1 at row 1"),
            (new([1, 5], &[0, 2], &[0]), "goes from 0 to 2, not 0 to 1"),
            (new([1, 5], &[-1, 1], &[0]), "goes from -1 to 1"),
            (new([1, 5], &[0, 1], &[5]), "column 5 of 5"),
            (new([1, 5], &[0, 1], &[-1]), "column -1 of 5"),
        ] {
            let error = result.unwrap_err();
            assert!(error.contains(text), "{error}");
        }
        assert!(Compressed::new([0, 1], &[0], &[], vec![1.0]).is_err());
    }
}
