//! Degree normalizations and the graph Laplacian.

use super::build::Duplicates;
use super::csr::Csr;
use super::scalar::Scalar;
use crate::{Error, Result};

/// How [`Csr::normalize`] divides by degrees. Rows and columns of degree zero stay zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Normalization {
    /// D^-1/2 A D^-1/2, D the row sums of a symmetric A.
    Symmetric,
    /// The same of A with its diagonal set to 1, so that an isolated node keeps itself: the
    /// propagation matrix of graph convolutions (Kipf and Welling 2017, "renormalization trick").
    SymmetricWithLoops,
    /// D^-1 A: each row sums to 1. The mean over neighbors.
    Row,
    /// A D^-1 with the column sums in D: each column sums to 1.
    Column,
}

impl<T: Scalar> Csr<T> {
    /// The matrix divided by its degrees; sums are taken in double precision.
    ///
    /// # Errors
    /// [`Error::Invalid`] where a symmetric form is asked of a matrix that is not square or has a
    /// negative degree, or where a quotient is not finite.
    pub fn normalize(&self, how: Normalization) -> Result<Self> {
        match how {
            Normalization::SymmetricWithLoops => self
                .with_self_loops(T::narrow(1.0))?
                .normalize(Normalization::Symmetric),
            Normalization::Symmetric => {
                self.require_square("symmetric normalization")?;
                let roots = self.degree_roots()?;
                self.divide(|row, col| roots[row] * roots[col])
            }
            Normalization::Row => {
                let sums = self.degrees();
                self.divide(|row, _| sums[row])
            }
            Normalization::Column => {
                let mut sums = vec![0.0; self.n_cols()];
                for (_, col, value) in self.entries() {
                    sums[col as usize] += value.widen();
                }
                self.divide(|_, col| sums[col])
            }
        }
    }

    /// The symmetric normalized Laplacian I − D^-1/2 A D^-1/2 of a symmetric graph, self-loops left
    /// out.
    ///
    /// The row of an isolated node is zero, so that the eigenvalue 0 has one dimension for each
    /// connected component. Eigenvalues lie in [0, 2].
    ///
    /// # Errors
    /// [`Error::Invalid`] where the matrix is not square or a degree is negative.
    pub fn normalized_laplacian(&self) -> Result<Self> {
        let plain = self.without_self_loops();
        let normalized = plain.normalize(Normalization::Symmetric)?;
        let (mut rows, mut cols, values) = normalized.to_coo();
        let mut values: Vec<T> = values
            .iter()
            .map(|value| T::narrow(-value.widen()))
            .collect();
        for (node, degree) in plain.degrees().into_iter().enumerate() {
            if degree > 0.0 {
                rows.push(node as u32);
                cols.push(node as u32);
                values.push(T::narrow(1.0));
            }
        }
        let n = self.n_rows();
        Self::from_coo(n, n, &rows, &cols, &values, Duplicates::Reject)
    }

    fn degree_roots(&self) -> Result<Vec<f64>> {
        self.degrees()
            .into_iter()
            .enumerate()
            .map(|(node, degree)| {
                if degree >= 0.0 {
                    return Ok(degree.sqrt());
                }
                Err(Error::invalid(
                    "symmetric normalization",
                    format!("node {node} has degree {degree}; degrees must not be negative"),
                ))
            })
            .collect()
    }

    /// Each value divided by `by(row, column)`; zero where that is zero.
    fn divide(&self, by: impl Fn(usize, usize) -> f64) -> Result<Self> {
        let values = self
            .entries()
            .map(|(row, col, value)| match by(row as usize, col as usize) {
                0.0 => T::default(),
                divisor => T::narrow(value.widen() / divisor),
            })
            .collect();
        self.with_values(values)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{arb_csr, arb_graph};
    use super::*;

    /// The path 0 - 1 - 2 and the isolated node 3.
    fn path() -> Csr<f64> {
        Csr::from_edges(4, &[(0, 1), (1, 2)], Duplicates::First)
            .unwrap()
            .symmetrize(Duplicates::Max)
            .unwrap()
    }

    #[test]
    fn hand_worked_path() {
        let half = 0.5_f64.sqrt();
        let symmetric = path().normalize(Normalization::Symmetric).unwrap();
        assert_eq!(symmetric.row(0).0, [1]);
        assert!((symmetric.row(0).1[0] - half).abs() < 1e-15);
        assert_eq!(symmetric.row_len(3), 0);

        let looped = path().normalize(Normalization::SymmetricWithLoops).unwrap();
        let expected = [1.0 / 2.0, 1.0 / 6.0_f64.sqrt()];
        for (value, expected) in looped.row(0).1.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-15);
        }
        assert_eq!(looped.row(3), (&[3][..], &[1.0][..]));

        let mean = path().normalize(Normalization::Row).unwrap();
        assert_eq!(mean.row(1), (&[0, 2][..], &[0.5, 0.5][..]));
        let column = path().normalize(Normalization::Column).unwrap();
        assert_eq!(column.row(1), (&[0, 2][..], &[1.0, 1.0][..]));

        let laplacian = path().normalized_laplacian().unwrap();
        assert_eq!(laplacian.get(1, 1), Some(1.0));
        assert!((laplacian.get(0, 1).unwrap() + half).abs() < 1e-15);
        assert_eq!(laplacian.row_len(3), 0);
    }

    #[test]
    fn negative_degrees_and_shapes_are_errors() {
        let bad = Csr::from_dense(2, 2, &[0.0_f32, -1.0, -1.0, 0.0]).unwrap();
        let error = bad.normalize(Normalization::Symmetric).unwrap_err();
        assert!(error.to_string().contains("node 0 has degree -1"));
        let wide = Csr::from_dense(1, 2, &[1.0_f32, 3.0]).unwrap();
        assert!(wide.normalize(Normalization::Symmetric).is_err());
        assert!(wide.normalized_laplacian().is_err());
        let rows = wide.normalize(Normalization::Row).unwrap();
        assert_eq!(rows.to_dense(), [0.25, 0.75]);
    }

    #[test]
    fn opposite_values_leave_a_zero_row() {
        let csr = Csr::from_dense(1, 2, &[1.0_f32, -1.0]).unwrap();
        let rows = csr.normalize(Normalization::Row).unwrap();
        assert_eq!(rows.to_dense(), [0.0, 0.0]);
    }

    proptest! {
        #[test]
        fn row_sums_are_one_or_zero(csr in arb_csr(9, 7)) {
            // Positive values: sums that nearly cancel would only test rounding.
            let csr = csr.with_values(csr.values().iter().map(|v| v.abs() + 0.1).collect::<Vec<_>>()).unwrap();
            for (how, sums) in [
                (Normalization::Row, csr.normalize(Normalization::Row).unwrap().degrees()),
                (Normalization::Column, csr.normalize(Normalization::Column).unwrap().transpose().degrees()),
            ] {
                for sum in sums {
                    prop_assert!(sum == 0.0 || (sum - 1.0).abs() < 1e-5, "{how:?}: {sum}");
                }
            }
        }

        #[test]
        fn symmetric_forms_are_symmetric_and_bounded(graph in arb_graph(9)) {
            for how in [Normalization::Symmetric, Normalization::SymmetricWithLoops] {
                let normalized = graph.normalize(how).unwrap();
                prop_assert!(normalized.is_symmetric(1e-12));
                prop_assert!(normalized.values().iter().all(|v| (0.0..=1.0 + 1e-12).contains(v)));
                // The square roots of the degrees are the eigenvector of 1 (or 0 if isolated).
                let with_loops = graph.with_self_loops(1.0).unwrap();
                let degrees = match how {
                    Normalization::Symmetric => graph.degrees(),
                    _ => with_loops.degrees(),
                };
                let roots: Vec<f64> = degrees.iter().map(|d| d.sqrt()).collect();
                let image = normalized.mul_dense(&roots, 1);
                for (a, b) in image.iter().zip(&roots) {
                    prop_assert!((a - b).abs() < 1e-10);
                }
            }
        }
    }
}
