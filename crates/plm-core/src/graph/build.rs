//! Sparse matrices from lists of edges, coordinates and dense tables.

use super::csr::{Csr, check_dims, check_values};
use super::scalar::Scalar;
use crate::{Error, Result};

/// What becomes of entries that name the same row and column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Duplicates {
    /// Their values are added, in the order given.
    Sum,
    /// The largest value stays.
    Max,
    /// The value given first stays.
    First,
    /// They are an error.
    Reject,
}

impl<T: Scalar> Csr<T> {
    /// The matrix of entries `(rows[i], cols[i], values[i])`, given in any order.
    ///
    /// Needs memory for `n_rows` rows however few entries there are: a reader must check sizes
    /// that a file claims before it comes here.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the lists differ in length, an index is out of range, a value (or a
    /// sum of duplicates) is not finite, a dimension exceeds 2³¹ − 1, or duplicates are rejected.
    pub fn from_coo(
        n_rows: usize,
        n_cols: usize,
        rows: &[u32],
        cols: &[u32],
        values: &[T],
        duplicates: Duplicates,
    ) -> Result<Self> {
        check_dims(n_rows, n_cols)?;
        check_values(values, rows.len())?;
        if rows.len() != cols.len() {
            return Err(Error::invalid(
                "coordinates",
                format!("{} rows and {} columns", rows.len(), cols.len()),
            ));
        }
        check_ids("row", rows, n_rows)?;
        check_ids("column", cols, n_cols)?;

        let mut starts = vec![0_usize; n_rows + 1];
        for &row in rows {
            starts[row as usize + 1] += 1;
        }
        for row in 0..n_rows {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let mut entries = vec![(0_u32, T::default()); rows.len()];
        for ((&row, &col), &value) in rows.iter().zip(cols).zip(values) {
            entries[next[row as usize]] = (col, value);
            next[row as usize] += 1;
        }

        let mut indptr = Vec::with_capacity(n_rows + 1);
        let mut indices: Vec<u32> = Vec::with_capacity(rows.len());
        let mut merged: Vec<T> = Vec::with_capacity(rows.len());
        indptr.push(0);
        for row in 0..n_rows {
            let entries = &mut entries[starts[row]..starts[row + 1]];
            // Stable, so that "first" and the order of sums are those of the input.
            entries.sort_by_key(|&(col, _)| col);
            let begin = indices.len();
            for &(col, value) in entries.iter() {
                if indices.len() == begin || indices[indices.len() - 1] != col {
                    indices.push(col);
                    merged.push(value);
                    continue;
                }
                let held = merged.len() - 1;
                match duplicates {
                    Duplicates::Sum => merged[held] += value,
                    Duplicates::Max if value > merged[held] => merged[held] = value,
                    Duplicates::Max | Duplicates::First => {}
                    Duplicates::Reject => {
                        return Err(Error::invalid(
                            "coordinates",
                            format!("row {row}, column {col} is given twice"),
                        ));
                    }
                }
            }
            indptr.push(indices.len());
        }
        check_values(&merged, indices.len())?;
        Ok(Self::from_parts(n_rows, n_cols, indptr, indices, merged))
    }

    /// The directed graph of `edges`, one entry of value 1 at (first, second) for each.
    ///
    /// [`Duplicates::Sum`] counts repeated edges, [`Duplicates::First`] and [`Duplicates::Max`]
    /// keep them once. Self-loops stay. For an undirected graph go on with [`Csr::symmetrize`].
    ///
    /// # Errors
    /// As [`Csr::from_coo`].
    pub fn from_edges(
        n_nodes: usize,
        edges: &[(u32, u32)],
        duplicates: Duplicates,
    ) -> Result<Self> {
        let (rows, cols): (Vec<u32>, Vec<u32>) = edges.iter().copied().unzip();
        let ones = vec![T::narrow(1.0); edges.len()];
        Self::from_coo(n_nodes, n_nodes, &rows, &cols, &ones, duplicates)
    }

    /// The non-zero entries of a dense table, row by row.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `table` has not `n_rows * n_cols` numbers, one is not finite, or a
    /// dimension exceeds 2³¹ − 1.
    pub fn from_dense(n_rows: usize, n_cols: usize, table: &[T]) -> Result<Self> {
        check_dims(n_rows, n_cols)?;
        if n_rows.checked_mul(n_cols) != Some(table.len()) {
            return Err(Error::invalid(
                "dense table",
                format!("{} numbers for {n_rows} x {n_cols}", table.len()),
            ));
        }
        check_values(table, table.len())?;
        let mut indptr = vec![0];
        let (mut indices, mut values) = (Vec::new(), Vec::new());
        for row in 0..n_rows {
            for (col, &value) in table[row * n_cols..(row + 1) * n_cols].iter().enumerate() {
                if value != T::default() {
                    indices.push(col as u32);
                    values.push(value);
                }
            }
            indptr.push(indices.len());
        }
        Ok(Self::from_parts(n_rows, n_cols, indptr, indices, values))
    }

    /// The matrix as a dense table, row by row; for tests and small matrices.
    pub fn to_dense(&self) -> Vec<T> {
        let mut table = vec![T::default(); self.n_rows() * self.n_cols()];
        for (row, col, value) in self.entries() {
            table[row as usize * self.n_cols() + col as usize] = value;
        }
        table
    }

    /// The rows, columns and values of all entries, row by row.
    pub fn to_coo(&self) -> (Vec<u32>, Vec<u32>, Vec<T>) {
        (
            self.pattern.rows().collect(),
            self.indices().to_vec(),
            self.values().to_vec(),
        )
    }

    /// The identity of size `n`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `n` exceeds 2³¹ − 1.
    pub fn identity(n: usize) -> Result<Self> {
        check_dims(n, n)?;
        Ok(Self::from_parts(
            n,
            n,
            (0..=n).collect(),
            (0..n as u32).collect(),
            vec![T::narrow(1.0); n],
        ))
    }

    /// One matrix with `blocks` on its diagonal: a batch of graphs that do not touch.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the sum of rows or of columns exceeds 2³¹ − 1.
    pub fn block_diagonal(blocks: &[Self]) -> Result<Self> {
        let n_rows = blocks.iter().map(Self::n_rows).sum();
        let n_cols = blocks.iter().map(Self::n_cols).sum();
        check_dims(n_rows, n_cols)?;
        let mut indptr = Vec::with_capacity(n_rows + 1);
        indptr.push(0);
        let (mut indices, mut values) = (Vec::new(), Vec::new());
        let mut first_col = 0_u32;
        for block in blocks {
            let first_entry = indices.len();
            indptr.extend(block.indptr()[1..].iter().map(|end| first_entry + end));
            indices.extend(block.indices().iter().map(|col| first_col + col));
            values.extend_from_slice(block.values());
            first_col += block.n_cols() as u32;
        }
        Ok(Self::from_parts(n_rows, n_cols, indptr, indices, values))
    }
}

fn check_ids(kind: &str, ids: &[u32], limit: usize) -> Result<()> {
    match ids.iter().position(|&id| id as usize >= limit) {
        Some(at) => Err(Error::invalid(
            "coordinates",
            format!("entry {at} has {kind} {} of {limit}", ids[at]),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coo(duplicates: Duplicates) -> Result<Csr<f64>> {
        Csr::from_coo(
            2,
            3,
            &[1, 0, 1, 1, 1],
            &[2, 1, 0, 2, 2],
            &[5.0, 1.0, 2.0, 7.0, -1.0],
            duplicates,
        )
    }

    #[test]
    fn duplicates_follow_the_stated_rule() {
        for (rule, expected) in [
            (Duplicates::Sum, 11.0),
            (Duplicates::Max, 7.0),
            (Duplicates::First, 5.0),
        ] {
            let csr = coo(rule).unwrap();
            assert_eq!(csr.to_dense(), [0.0, 1.0, 0.0, 2.0, 0.0, expected]);
            assert_eq!(csr.nnz(), 3);
        }
        let error = coo(Duplicates::Reject).unwrap_err().to_string();
        assert!(error.contains("row 1, column 2 is given twice"), "{error}");
    }

    #[test]
    fn bad_coordinates_are_errors() {
        let from = |rows: &[u32], cols: &[u32], values: &[f32]| {
            Csr::from_coo(2, 2, rows, cols, values, Duplicates::Sum)
                .unwrap_err()
                .to_string()
        };
        assert!(from(&[2], &[0], &[1.0]).contains("entry 0 has row 2 of 2"));
        assert!(from(&[0, 1], &[0, 9], &[1.0, 1.0]).contains("entry 1 has column 9 of 2"));
        assert!(from(&[0], &[0, 1], &[1.0]).contains("1 rows and 2 columns"));
        assert!(from(&[0], &[0], &[f32::INFINITY]).contains("finite"));
        assert!(from(&[0, 0], &[0, 0], &[f32::MAX, f32::MAX]).contains("finite"));
        assert!(Csr::from_dense(2, 2, &[1.0_f32; 3]).is_err());
        assert!(Csr::<f32>::from_dense(usize::MAX / 2, 4, &[]).is_err());
    }

    #[test]
    fn edges_identity_and_blocks() {
        let pair = Csr::<f32>::from_edges(2, &[(0, 1), (0, 1)], Duplicates::Sum).unwrap();
        assert_eq!(pair.to_dense(), [0.0, 2.0, 0.0, 0.0]);
        let batch = Csr::block_diagonal(&[pair, Csr::identity(1).unwrap()]).unwrap();
        assert_eq!(
            batch.to_dense(),
            [0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
        );
        assert_eq!(Csr::<f32>::block_diagonal(&[]).unwrap().n_rows(), 0);
    }

    #[test]
    fn coordinates_round_trip() {
        let csr = coo(Duplicates::Sum).unwrap();
        let (rows, cols, values) = csr.to_coo();
        let back = Csr::from_coo(2, 3, &rows, &cols, &values, Duplicates::Reject).unwrap();
        assert_eq!(back, csr);
        assert_eq!(Csr::from_dense(2, 3, &csr.to_dense()).unwrap(), csr);
    }
}
