//! Sparse matrices from sparse matrices: transpose, self-loops, both directions.

use super::build::Duplicates;
use super::csr::{Csr, check_dims};
use super::scalar::Scalar;
use crate::{Error, Result};

impl<T: Scalar> Csr<T> {
    /// The transpose.
    pub fn transpose(&self) -> Self {
        let transposed = self.pattern.transposed();
        Self::from_parts(
            self.n_cols(),
            self.n_rows(),
            transposed.indptr.clone(),
            transposed.indices.clone(),
            transposed
                .source
                .iter()
                .map(|&entry| self.values[entry])
                .collect(),
        )
    }

    /// The matrix with nothing on its diagonal.
    pub fn without_self_loops(&self) -> Self {
        self.filter(|row, col, _| row != col)
    }

    /// The matrix with `weight` at every place of the diagonal, replacing what was there.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) where the matrix is not square or `weight` is not
    /// finite.
    pub fn with_self_loops(&self, weight: T) -> Result<Self> {
        self.require_square("self-loops")?;
        let n = self.n_rows();
        let (mut rows, mut cols, mut values) = self.without_self_loops().to_coo();
        rows.extend(0..n as u32);
        cols.extend(0..n as u32);
        values.extend(std::iter::repeat_n(weight, n));
        Self::from_coo(n, n, &rows, &cols, &values, Duplicates::Reject)
    }

    /// The entries of the matrix and of its transpose together.
    ///
    /// Where both have an entry, `both` decides, the matrix counting as given first:
    /// [`Duplicates::Max`] makes a 0/1 graph undirected, [`Duplicates::Sum`] is A + Aᵀ (which
    /// doubles the diagonal), [`Duplicates::Reject`] insists on one direction only.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) where the matrix is not square, a sum is not
    /// finite, or both have an entry and that is rejected.
    pub fn symmetrize(&self, both: Duplicates) -> Result<Self> {
        self.require_square("symmetrize")?;
        let (rows, cols, values) = self.to_coo();
        Self::from_coo(
            self.n_rows(),
            self.n_cols(),
            &[rows.as_slice(), cols.as_slice()].concat(),
            &[cols.as_slice(), rows.as_slice()].concat(),
            &[values.as_slice(), values.as_slice()].concat(),
            both,
        )
    }

    /// The rows `rows`, in the order given; a row may be taken several times.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) where a row is out of range or there are more than
    /// 2³¹ − 1 of them.
    pub fn select_rows(&self, rows: &[u32]) -> Result<Self> {
        check_dims(rows.len(), self.n_cols())?;
        if let Some(row) = rows.iter().find(|&&row| row as usize >= self.n_rows()) {
            return Err(Error::invalid(
                "rows",
                format!("row {row} of {}", self.n_rows()),
            ));
        }
        let mut indptr = Vec::with_capacity(rows.len() + 1);
        indptr.push(0);
        let (mut indices, mut values) = (Vec::new(), Vec::new());
        for &row in rows {
            let (columns, row_values) = self.row(row as usize);
            indices.extend_from_slice(columns);
            values.extend_from_slice(row_values);
            indptr.push(indices.len());
        }
        Ok(Self::from_parts(
            rows.len(),
            self.n_cols(),
            indptr,
            indices,
            values,
        ))
    }

    /// The entries for which `keep(row, column, value)` is true, in a matrix of the same size.
    pub fn filter(&self, mut keep: impl FnMut(u32, u32, T) -> bool) -> Self {
        let mut indptr = Vec::with_capacity(self.n_rows() + 1);
        indptr.push(0);
        let (mut indices, mut values) = (Vec::new(), Vec::new());
        for row in 0..self.n_rows() {
            let (columns, row_values) = self.row(row);
            for (&col, &value) in columns.iter().zip(row_values) {
                if keep(row as u32, col, value) {
                    indices.push(col);
                    values.push(value);
                }
            }
            indptr.push(indices.len());
        }
        Self::from_parts(self.n_rows(), self.n_cols(), indptr, indices, values)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::arb_csr;
    use super::*;

    #[test]
    fn hand_worked_edits() {
        let csr = Csr::from_dense(2, 2, &[3.0_f32, 1.0, 0.0, 0.0]).unwrap();
        assert_eq!(csr.transpose().to_dense(), [3.0, 0.0, 1.0, 0.0]);
        assert_eq!(csr.without_self_loops().to_dense(), [0.0, 1.0, 0.0, 0.0]);
        assert_eq!(
            csr.with_self_loops(5.0).unwrap().to_dense(),
            [5.0, 1.0, 0.0, 5.0]
        );
        assert_eq!(
            csr.symmetrize(Duplicates::Sum).unwrap().to_dense(),
            [6.0, 1.0, 1.0, 0.0]
        );
        assert_eq!(
            csr.symmetrize(Duplicates::Max).unwrap().to_dense(),
            [3.0, 1.0, 1.0, 0.0]
        );
        assert!(csr.symmetrize(Duplicates::Reject).is_err());
        let rows = csr.select_rows(&[1, 0, 0]).unwrap();
        assert_eq!(rows.to_dense(), [0.0, 0.0, 3.0, 1.0, 3.0, 1.0]);
        let error = csr.select_rows(&[0, 2]).unwrap_err().to_string();
        assert!(error.contains("row 2 of 2"), "{error}");
        assert!(csr.with_self_loops(f32::NAN).is_err());
        let wide = Csr::from_dense(1, 2, &[1.0_f32, 0.0]).unwrap();
        assert!(wide.with_self_loops(1.0).is_err());
        assert!(wide.symmetrize(Duplicates::Sum).is_err());
    }

    proptest! {
        #[test]
        fn transposing_twice_changes_nothing(csr in arb_csr(8, 8)) {
            prop_assert_eq!(csr.transpose().transpose(), csr.clone());
            let dense = csr.to_dense();
            let turned = csr.transpose().to_dense();
            for row in 0..csr.n_rows() {
                for col in 0..csr.n_cols() {
                    prop_assert_eq!(
                        dense[row * csr.n_cols() + col],
                        turned[col * csr.n_rows() + row]
                    );
                }
            }
        }

        #[test]
        fn symmetrized_is_symmetric(csr in arb_csr(8, 1).prop_map(|csr| {
            let n = csr.n_rows();
            let (rows, cols, values) = csr.to_coo();
            let cols: Vec<u32> = cols.iter().zip(&rows).map(|(c, r)| (c * 5 + r * 3) % n as u32).collect();
            Csr::from_coo(n, n, &rows, &cols, &values, Duplicates::Sum).unwrap()
        })) {
            for rule in [Duplicates::Sum, Duplicates::Max] {
                prop_assert!(csr.symmetrize(rule).unwrap().is_symmetric(0.0));
            }
        }

        #[test]
        fn arbitrary_arrays_never_panic(
            n_rows in 0_usize..6,
            n_cols in 0_usize..6,
            indptr in proptest::collection::vec(prop_oneof![0_usize..8, Just(usize::MAX)], 0..8),
            indices in proptest::collection::vec(prop_oneof![0_u32..7, Just(u32::MAX)], 0..8),
            values in proptest::collection::vec(proptest::num::f32::ANY, 0..8),
        ) {
            if let Ok(csr) = Csr::new(n_rows, n_cols, indptr.clone(), indices.clone(), values) {
                // What is accepted is whole: every access stays inside.
                prop_assert_eq!(csr.nnz(), indices.len());
                prop_assert_eq!(csr.indptr(), &indptr[..]);
                prop_assert_eq!(csr.transpose().transpose(), csr);
            }
        }

        #[test]
        fn one_wrong_number_is_found_or_harmless(
            csr in arb_csr(6, 6),
            in_indptr: bool,
            at: proptest::sample::Index,
            number in prop_oneof![0_usize..9, Just(usize::MAX)],
        ) {
            let (mut indptr, mut indices) = (csr.indptr().to_vec(), csr.indices().to_vec());
            match in_indptr || indices.is_empty() {
                true => *at.get_mut(&mut indptr) = number,
                false => *at.get_mut(&mut indices) = number as u32,
            }
            let (n_rows, n_cols) = (csr.n_rows(), csr.n_cols());
            let values = csr.values().to_vec();
            if let Ok(changed) = Csr::new(n_rows, n_cols, indptr, indices, values.clone()) {
                prop_assert_eq!(changed.entries().count(), values.len());
                for row in 0..n_rows {
                    let columns = changed.row(row).0;
                    prop_assert!(columns.windows(2).all(|pair| pair[0] < pair[1]));
                    prop_assert!(columns.iter().all(|&col| (col as usize) < n_cols));
                }
            }
        }
    }
}
