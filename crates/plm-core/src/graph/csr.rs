//! The compressed sparse row matrix.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::device_cache::DeviceCache;
use super::scalar::Scalar;
use crate::{Error, Result};

/// The most rows or columns a matrix can have: devices count them in 32-bit integers.
pub(crate) const MAX_DIM: usize = i32::MAX as usize;

/// Where the entries of a matrix lie, without their values.
pub(crate) struct Pattern {
    pub(crate) n_rows: usize,
    pub(crate) n_cols: usize,
    pub(crate) indptr: Vec<usize>,
    pub(crate) indices: Vec<u32>,
    transposed: OnceLock<TransposedPattern>,
    /// Row and column of every entry, uploaded once for each device.
    pub(crate) row_ids: DeviceCache,
    pub(crate) col_ids: DeviceCache,
}

/// The pattern of the transpose, and where each of its entries lies in the original.
pub(crate) struct TransposedPattern {
    pub(crate) indptr: Vec<usize>,
    pub(crate) indices: Vec<u32>,
    pub(crate) source: Vec<usize>,
}

impl Pattern {
    pub(crate) fn nnz(&self) -> usize {
        self.indices.len()
    }

    /// The row of every entry.
    pub(crate) fn rows(&self) -> impl Iterator<Item = u32> {
        self.indptr
            .windows(2)
            .enumerate()
            .flat_map(|(row, ends)| std::iter::repeat_n(row as u32, ends[1] - ends[0]))
    }

    /// The transpose's pattern, computed at first use and kept.
    pub(crate) fn transposed(&self) -> &TransposedPattern {
        self.transposed.get_or_init(|| {
            let mut indptr = vec![0_usize; self.n_cols + 1];
            for &col in &self.indices {
                indptr[col as usize + 1] += 1;
            }
            for col in 0..self.n_cols {
                indptr[col + 1] += indptr[col];
            }
            let mut next = indptr.clone();
            let mut indices = vec![0_u32; self.nnz()];
            let mut source = vec![0_usize; self.nnz()];
            for (entry, (row, &col)) in self.rows().zip(&self.indices).enumerate() {
                let slot = &mut next[col as usize];
                indices[*slot] = row;
                source[*slot] = entry;
                *slot += 1;
            }
            TransposedPattern {
                indptr,
                indices,
                source,
            }
        })
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}, {} entries", self.n_rows, self.n_cols, self.nnz())
    }
}

/// A sparse matrix in compressed sparse rows, the columns of each row strictly ascending.
///
/// Immutable and cheap to clone. Copies share the pattern, its transpose (computed when a gradient
/// first needs it) and what has been uploaded to devices.
///
/// ```
/// use plm_core::graph::{Csr, Duplicates};
///
/// let path = Csr::<f32>::from_edges(3, &[(0, 1), (1, 2)], Duplicates::First)?
///     .symmetrize(Duplicates::Max)?;
/// assert_eq!(path.row(1), (&[0, 2][..], &[1.0, 1.0][..]));
/// # Ok::<(), plm_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Csr<T: Scalar = f32> {
    pub(crate) pattern: Arc<Pattern>,
    pub(crate) values: Arc<[T]>,
    /// The values, uploaded once for each device and number type.
    pub(crate) uploaded: Arc<DeviceCache>,
}

impl<T: Scalar> Csr<T> {
    /// The matrix with these arrays: the entries of row `i` are `indptr[i]..indptr[i + 1]`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `indptr` has not `n_rows + 1` entries, does not begin at 0, falls,
    /// or does not end at the number of entries; where a row's columns are out of range or not
    /// strictly ascending; where a value is not finite; where a dimension exceeds 2³¹ − 1.
    pub fn new(
        n_rows: usize,
        n_cols: usize,
        indptr: Vec<usize>,
        indices: Vec<u32>,
        values: Vec<T>,
    ) -> Result<Self> {
        check_dims(n_rows, n_cols)?;
        check_indptr(n_rows, &indptr, indices.len())?;
        check_values(&values, indices.len())?;
        for (row, ends) in indptr.windows(2).enumerate() {
            let columns = &indices[ends[0]..ends[1]];
            if let Some(pair) = columns.windows(2).find(|pair| pair[0] >= pair[1]) {
                return Err(Error::invalid(
                    "csr indices",
                    format!(
                        "row {row} has column {} before {}; columns must ascend strictly",
                        pair[0], pair[1]
                    ),
                ));
            }
            if let Some(&last) = columns.last()
                && last as usize >= n_cols
            {
                return Err(Error::invalid(
                    "csr indices",
                    format!("row {row} has column {last} of {n_cols}"),
                ));
            }
        }
        Ok(Self::from_parts(n_rows, n_cols, indptr, indices, values))
    }

    /// As [`Csr::new`] for arrays that are right by construction.
    pub(crate) fn from_parts(
        n_rows: usize,
        n_cols: usize,
        indptr: Vec<usize>,
        indices: Vec<u32>,
        values: Vec<T>,
    ) -> Self {
        Self {
            pattern: Arc::new(Pattern {
                n_rows,
                n_cols,
                indptr,
                indices,
                transposed: OnceLock::new(),
                row_ids: DeviceCache::default(),
                col_ids: DeviceCache::default(),
            }),
            values: values.into(),
            uploaded: Arc::default(),
        }
    }

    /// The same pattern with other values, sharing what was derived from the pattern.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there is not one value for each entry or a value is not finite.
    pub fn with_values<U: Scalar>(&self, values: Vec<U>) -> Result<Csr<U>> {
        check_values(&values, self.nnz())?;
        Ok(Csr {
            pattern: Arc::clone(&self.pattern),
            values: values.into(),
            uploaded: Arc::default(),
        })
    }

    /// The same matrix in another number type.
    ///
    /// # Errors
    /// [`Error::Invalid`] where a value is too large for it.
    pub fn cast<U: Scalar>(&self) -> Result<Csr<U>> {
        self.with_values(
            self.values
                .iter()
                .map(|value| U::narrow(value.widen()))
                .collect(),
        )
    }

    /// Every value times `factor`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where a product is not finite.
    pub fn scale(&self, factor: f64) -> Result<Self> {
        self.with_values(
            self.values
                .iter()
                .map(|value| T::narrow(value.widen() * factor))
                .collect(),
        )
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.pattern.n_rows
    }

    /// Number of columns.
    pub fn n_cols(&self) -> usize {
        self.pattern.n_cols
    }

    /// Number of stored entries; an undirected edge counts twice.
    pub fn nnz(&self) -> usize {
        self.pattern.nnz()
    }

    /// Where each row's entries begin, and the number of entries: `[n_rows + 1]`.
    pub fn indptr(&self) -> &[usize] {
        &self.pattern.indptr
    }

    /// The column of every entry: `[nnz]`.
    pub fn indices(&self) -> &[u32] {
        &self.pattern.indices
    }

    /// The value of every entry: `[nnz]`.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The columns and values of one row.
    ///
    /// # Panics
    /// If `row` is out of range.
    pub fn row(&self, row: usize) -> (&[u32], &[T]) {
        let range = self.row_range(row);
        (&self.pattern.indices[range.clone()], &self.values[range])
    }

    /// Where the entries of one row lie in [`Csr::indices`] and [`Csr::values`].
    ///
    /// # Panics
    /// If `row` is out of range.
    pub fn row_range(&self, row: usize) -> std::ops::Range<usize> {
        self.pattern.indptr[row]..self.pattern.indptr[row + 1]
    }

    /// The number of entries of one row: its degree if the values do not count.
    ///
    /// # Panics
    /// If `row` is out of range.
    pub fn row_len(&self, row: usize) -> usize {
        self.row_range(row).len()
    }

    /// The stored value at `(row, col)`, found by binary search.
    ///
    /// # Panics
    /// If `row` is out of range.
    pub fn get(&self, row: usize, col: u32) -> Option<T> {
        let (columns, values) = self.row(row);
        columns.binary_search(&col).ok().map(|at| values[at])
    }

    /// The sum of each row: the weighted degrees of a graph.
    pub fn degrees(&self) -> Vec<f64> {
        self.pattern
            .indptr
            .windows(2)
            .map(|ends| {
                self.values[ends[0]..ends[1]]
                    .iter()
                    .map(|v| v.widen())
                    .sum()
            })
            .collect()
    }

    /// Whether the matrix equals its transpose to within `tolerance` in every entry.
    pub fn is_symmetric(&self, tolerance: f64) -> bool {
        let difference = |row: u32, col: u32, value: T| {
            let mirror = self.get(col as usize, row).map_or(0.0, Scalar::widen);
            (value.widen() - mirror).abs()
        };
        self.n_rows() == self.n_cols()
            && self
                .entries()
                .all(|(row, col, value)| difference(row, col, value) <= tolerance)
    }

    /// Every entry as (row, column, value), row by row.
    pub fn entries(&self) -> impl Iterator<Item = (u32, u32, T)> {
        self.pattern
            .rows()
            .zip(self.pattern.indices.iter().copied())
            .zip(self.values.iter().copied())
            .map(|((row, col), value)| (row, col, value))
    }

    pub(crate) fn require_square(&self, what: &str) -> Result<()> {
        if self.n_rows() == self.n_cols() {
            return Ok(());
        }
        Err(Error::invalid(
            what,
            format!(
                "needs a square matrix, got {} x {}",
                self.n_rows(),
                self.n_cols()
            ),
        ))
    }
}

impl<T: Scalar> PartialEq for Csr<T> {
    fn eq(&self, other: &Self) -> bool {
        self.n_rows() == other.n_rows()
            && self.n_cols() == other.n_cols()
            && self.indptr() == other.indptr()
            && self.indices() == other.indices()
            && self.values() == other.values()
    }
}

impl<T: Scalar> fmt::Debug for Csr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 16;
        write!(f, "Csr({:?})", self.pattern)?;
        f.debug_list()
            .entries(self.entries().take(SHOWN))
            .finish()?;
        if self.nnz() > SHOWN {
            write!(f, " and {} more", self.nnz() - SHOWN)?;
        }
        Ok(())
    }
}

pub(crate) fn check_dims(n_rows: usize, n_cols: usize) -> Result<()> {
    if n_rows.max(n_cols) > MAX_DIM {
        return Err(Error::invalid(
            "csr size",
            format!("{n_rows} x {n_cols}; at most {MAX_DIM} rows and columns"),
        ));
    }
    Ok(())
}

pub(crate) fn check_values<T: Scalar>(values: &[T], nnz: usize) -> Result<()> {
    if values.len() != nnz {
        return Err(Error::invalid(
            "csr values",
            format!("{} values for {nnz} entries", values.len()),
        ));
    }
    match values.iter().position(|value| !value.widen().is_finite()) {
        Some(at) => Err(Error::invalid(
            "csr values",
            format!("entry {at} is {:?}; values must be finite", values[at]),
        )),
        None => Ok(()),
    }
}

fn check_indptr(n_rows: usize, indptr: &[usize], nnz: usize) -> Result<()> {
    let fail = |reason: String| Err(Error::invalid("csr indptr", reason));
    if indptr.len() != n_rows + 1 {
        return fail(format!("{} entries for {n_rows} rows", indptr.len()));
    }
    if indptr[0] != 0 {
        return fail(format!("begins at {}, not 0", indptr[0]));
    }
    if let Some(row) = indptr.windows(2).position(|ends| ends[0] > ends[1]) {
        return fail(format!(
            "falls from {} to {} at row {row}",
            indptr[row],
            indptr[row + 1]
        ));
    }
    if indptr[n_rows] != nnz {
        return fail(format!("ends at {}, not {nnz}", indptr[n_rows]));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_arrays_are_named() {
        let new = |rows, cols, indptr: &[usize], indices: &[u32], values: &[f32]| {
            Csr::new(
                rows,
                cols,
                indptr.to_vec(),
                indices.to_vec(),
                values.to_vec(),
            )
            .map(|_| ())
            .map_err(|error| error.to_string())
        };
        assert_eq!(new(2, 3, &[0, 1, 3], &[2, 0, 1], &[1.0, 2.0, 3.0]), Ok(()));
        for (result, text) in [
            (new(2, 3, &[0, 1], &[0], &[1.0]), "2 entries for 2 rows"),
            (new(1, 3, &[1, 1], &[0], &[1.0]), "begins at 1, not 0"),
            (
                new(2, 3, &[0, 2, 1], &[0], &[1.0]),
                "falls from 2 to 1 at row 1",
            ),
            (new(1, 3, &[0, 9], &[0], &[1.0]), "ends at 9, not 1"),
            (new(1, 3, &[0, 1], &[3], &[1.0]), "row 0 has column 3 of 3"),
            (
                new(1, 3, &[0, 2], &[1, 1], &[1.0, 1.0]),
                "row 0 has column 1 before 1",
            ),
            (new(1, 3, &[0, 1], &[1], &[]), "0 values for 1 entries"),
            (new(1, 3, &[0, 1], &[1], &[f32::NAN]), "entry 0 is NaN"),
            (
                new(0, usize::MAX, &[0], &[], &[]),
                "at most 2147483647 rows and columns",
            ),
        ] {
            let error = result.unwrap_err();
            assert!(error.contains(text), "{error:?} lacks {text:?}");
        }
    }

    #[test]
    fn matrices_move_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Csr<f32>>();
        shared::<super::super::Segments>();
    }

    #[test]
    fn rows_degrees_and_lookups() {
        let csr = Csr::new(3, 4, vec![0, 2, 2, 3], vec![0, 3, 1], vec![0.5, -2.0, 4.0]).unwrap();
        assert_eq!(csr.row(0), (&[0, 3][..], &[0.5, -2.0][..]));
        assert_eq!(csr.row_len(1), 0);
        assert_eq!(csr.get(2, 1), Some(4.0));
        assert_eq!(csr.get(2, 2), None);
        assert_eq!(csr.degrees(), [-1.5, 0.0, 4.0]);
        assert_eq!(
            csr.entries().collect::<Vec<_>>(),
            [(0, 0, 0.5), (0, 3, -2.0), (2, 1, 4.0)]
        );
        assert!(csr.with_values(vec![1.0_f32]).is_err());
        assert!(csr.scale(f64::INFINITY).is_err());
        assert!(csr.scale(1e300).unwrap().cast::<f32>().is_err());
        assert_eq!(
            format!("{csr:?}"),
            "Csr(3x4, 3 entries)[(0, 0, 0.5), (0, 3, -2.0), (2, 1, 4.0)]"
        );
    }
}
