//! Symmetric matrices of similarities.

use plm_core::vector::dot;
use rayon::prelude::*;

use crate::{Error, Result};

/// The most items that a [`Similarity`] holds: 2 GiB of numbers.
pub const MAX_ITEMS: usize = 16_384;

/// A symmetric table of finite similarities between `n` items: `[n, n]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Similarity {
    n: usize,
    values: Vec<f64>,
}

impl Similarity {
    /// The similarities of this table, row by row.
    ///
    /// # Errors
    /// [`Error::Core`] where there are more than [`MAX_ITEMS`] items, `values` has not `n * n`
    /// numbers, one is not finite, or two that mirror each other differ by more than 1e-9.
    pub fn new(n: usize, values: Vec<f64>) -> Result<Self> {
        check_items(n)?;
        let fail = |reason| Err(Error::invalid("similarities", reason));
        if values.len() != n * n {
            return fail(format!("{} numbers for {n} items", values.len()));
        }
        for row in 0..n {
            for column in 0..=row {
                let (value, mirror) = (values[row * n + column], values[column * n + row]);
                if !(value.is_finite() && mirror.is_finite() && (value - mirror).abs() <= 1e-9) {
                    return fail(format!(
                        "({row}, {column}) is {value} and ({column}, {row}) is {mirror}; must be \
                         finite and equal"
                    ));
                }
            }
        }
        Ok(Self { n, values })
    }

    /// The cosines between all pairs of rows, computed over all threads in double precision.
    ///
    /// A row of zeros has cosine 0 with every row, itself included.
    ///
    /// # Shapes
    /// - rows: `[n, width]`, row after row
    ///
    /// # Errors
    /// [`Error::Core`] where the rows are not whole, a number is not finite or there are more than
    /// [`MAX_ITEMS`] rows.
    pub fn cosine(rows: &[f32], width: usize) -> Result<Self> {
        let unit = unit_rows(rows, width)?;
        let row = |at: usize| &unit[at * width..(at + 1) * width];
        Self::from_pairs(unit.len() / width, |a, b| {
            dot(row(a), row(b)).clamp(-1.0, 1.0)
        })
    }

    /// The table of `value(a, b)` for a ≥ b, mirrored; computed over all threads.
    pub(crate) fn from_pairs(n: usize, value: impl Fn(usize, usize) -> f64 + Sync) -> Result<Self> {
        check_items(n)?;
        let mut values = vec![0.0; n * n];
        if n > 0 {
            values
                .par_chunks_mut(n)
                .enumerate()
                .for_each(|(row, values)| {
                    for (column, slot) in values[..=row].iter_mut().enumerate() {
                        *slot = value(row, column);
                    }
                });
        }
        for row in 0..n {
            for column in 0..row {
                values[column * n + row] = values[row * n + column];
            }
        }
        Ok(Self { n, values })
    }

    /// The number of items.
    pub fn n(&self) -> usize {
        self.n
    }

    /// All similarities, row by row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The similarities of one item.
    ///
    /// # Panics
    /// If `item` is out of range.
    pub fn row(&self, item: usize) -> &[f64] {
        &self.values[item * self.n..(item + 1) * self.n]
    }

    /// The similarity of two items.
    ///
    /// # Panics
    /// If an item is out of range.
    pub fn get(&self, a: usize, b: usize) -> f64 {
        self.row(a)[b]
    }
}

fn check_items(n: usize) -> Result<()> {
    if n <= MAX_ITEMS {
        return Ok(());
    }
    Err(Error::invalid(
        "similarities",
        format!("{n} items, at most {MAX_ITEMS}; cluster a sample of them"),
    ))
}

/// The rows divided by their lengths; rows of zeros stay.
pub(crate) fn unit_rows(rows: &[f32], width: usize) -> Result<Vec<f64>> {
    let fail = |reason| Err(Error::invalid("representations", reason));
    if width == 0 || !rows.len().is_multiple_of(width) {
        return fail(format!("{} numbers in rows of {width}", rows.len()));
    }
    if let Some(at) = rows.iter().position(|value| !value.is_finite()) {
        return fail(format!(
            "number {} of item {} is {}; must be finite",
            at % width,
            at / width,
            rows[at]
        ));
    }
    let mut unit: Vec<f64> = rows.iter().map(|&value| f64::from(value)).collect();
    unit.chunks_exact_mut(width).for_each(normalize);
    Ok(unit)
}

/// The vector divided by its length; zeros stay.
pub(crate) fn normalize(vector: &mut [f64]) {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_are_as_worked_by_hand() {
        let rows = [3.0, 0.0, 1.0, 1.0, -2.0, 0.0, 0.0, 0.0];
        let found = Similarity::cosine(&rows, 2).unwrap();
        let half = 0.5_f64.sqrt();
        let expected = [
            [1.0, half, -1.0, 0.0],
            [half, 1.0, -half, 0.0],
            [-1.0, -half, 1.0, 0.0],
            [0.0; 4],
        ];
        for (a, row) in expected.iter().enumerate() {
            for (b, expected) in row.iter().enumerate() {
                assert!((found.get(a, b) - expected).abs() < 1e-12, "{a} {b}");
            }
        }
        assert_eq!(Similarity::new(4, found.values().to_vec()).unwrap(), found);
    }

    #[test]
    fn faults_are_named() {
        let text = |result: Result<Similarity>| result.unwrap_err().to_string();
        assert!(text(Similarity::cosine(&[1.0; 3], 2)).contains("3 numbers in rows of 2"));
        assert!(text(Similarity::cosine(&[], 0)).contains("rows of 0"));
        assert!(text(Similarity::cosine(&[1.0, f32::NAN], 1)).contains("item 1 is NaN"));
        assert!(text(Similarity::cosine(&[1.0; MAX_ITEMS + 1], 1)).contains("at most 16384"));
        assert!(text(Similarity::new(2, vec![1.0; 3])).contains("3 numbers for 2 items"));
        let skew = vec![1.0, 0.5, 0.4, 1.0];
        assert!(text(Similarity::new(2, skew)).contains("(1, 0) is 0.4 and (0, 1) is 0.5"));
        assert!(Similarity::new(1, vec![f64::INFINITY]).is_err());
        assert_eq!(Similarity::cosine(&[], 3).unwrap().n(), 0);
    }
}
