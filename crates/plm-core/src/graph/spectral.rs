//! Extreme eigenpairs of symmetric matrices.

use faer::{Mat, Side};

use super::csr::Csr;
use super::lanczos::{Lanczos, largest};
use super::scalar::Scalar;
use crate::{Error, Result};

/// Which end of the spectrum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Which {
    /// The smallest eigenvalues, ascending.
    Smallest,
    /// The largest eigenvalues, descending.
    Largest,
}

/// How [`eigen_sparse`] computes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EigenOptions {
    /// Matrices of at most this size are solved densely: n³ time and 3·8·n² bytes. Default 400.
    pub dense_up_to: usize,
    /// The largest residual |A v − λ v|, relative to the largest |λ|. Default 1e-9.
    pub tolerance: f64,
    /// How often the Krylov basis may be restarted for one set of pairs. Default 1000.
    pub restarts: usize,
}

impl Default for EigenOptions {
    fn default() -> Self {
        Self {
            dense_up_to: 400,
            tolerance: 1e-9,
            restarts: 1000,
        }
    }
}

/// Eigenvalues and orthonormal eigenvectors of a symmetric matrix.
///
/// The sign of each vector is chosen so that its entry of largest magnitude is positive (the first
/// of those that equal the largest to within 1e-6). The vectors of a multiple eigenvalue are one
/// orthonormal basis among many: only the space they span is determined, so compare projections.
#[derive(Debug, Clone, PartialEq)]
pub struct Eigen {
    /// The eigenvalues: `[k]`.
    pub values: Vec<f64>,
    /// The eigenvector of each eigenvalue: `[k][n]`.
    pub vectors: Vec<Vec<f64>>,
}

/// The `k` extreme eigenpairs of a symmetric sparse matrix, all of them if it is smaller than `k`.
///
/// Small matrices are solved densely, larger ones by Lanczos iteration with full
/// reorthogonalisation and thick restarts (Wu and Simon 2000), which needs about `3 k + 40` vectors.
/// Multiple eigenvalues are found in full: after convergence the search goes on in the orthogonal
/// complement until nothing better is left there. The start vectors are fixed, so equal input gives
/// equal output.
///
/// # Errors
/// [`Error::Invalid`] where the matrix is not symmetric to within rounding, or the iteration does
/// not converge.
pub fn eigen_sparse<T: Scalar>(
    csr: &Csr<T>,
    k: usize,
    which: Which,
    options: &EigenOptions,
) -> Result<Eigen> {
    csr.require_square("eigenvectors")?;
    let csr = csr.cast::<f64>()?;
    let n = csr.n_rows();
    let largest_value = csr.values().iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let rounding = match T::DTYPE {
        burn::tensor::DType::F64 => 1e-12,
        _ => 1e-6,
    };
    if !csr.is_symmetric(rounding * largest_value) {
        return Err(Error::invalid(
            "eigenvectors",
            format!("needs a symmetric matrix (to {rounding:e} of its largest value)"),
        ));
    }
    if n <= options.dense_up_to || k >= n {
        return eigen_dense(&csr.to_dense(), n, k, which);
    }
    eigen_operator(n, |x| csr.mul_dense(x, 1), k, which, options)
}

/// [`eigen_sparse`] for a symmetric matrix of size `n` known only by its products with vectors,
/// always by iteration.
///
/// # Errors
/// [`Error::Invalid`] where a product is not finite, or the iteration does not converge, as may
/// happen where `multiply` is not symmetric.
///
/// # Panics
/// If `multiply` returns a vector of another length than `n`.
pub fn eigen_operator(
    n: usize,
    multiply: impl Fn(&[f64]) -> Vec<f64>,
    k: usize,
    which: Which,
    options: &EigenOptions,
) -> Result<Eigen> {
    let sign = match which {
        Which::Smallest => -1.0,
        Which::Largest => 1.0,
    };
    let solver = Lanczos {
        n,
        multiply: &|x: &[f64]| {
            let mut out = multiply(x);
            assert_eq!(out.len(), n, "the operator's size");
            out.iter_mut().for_each(|value| *value *= sign);
            out
        },
        tolerance: options.tolerance,
        restarts: options.restarts,
    };
    let pairs = largest(&solver, k)?;
    Ok(Eigen {
        values: pairs.iter().map(|pair| sign * pair.value).collect(),
        vectors: pairs
            .into_iter()
            .map(|pair| oriented(pair.vector))
            .collect(),
    })
}

/// The `k` extreme eigenpairs of a symmetric dense matrix of size `n`, all of them if `n < k`.
///
/// Only the lower triangle of `table` (row by row) is read.
///
/// # Errors
/// [`Error::Invalid`] where `table` has not `n * n` finite numbers or the solver does not converge.
pub fn eigen_dense(table: &[f64], n: usize, k: usize, which: Which) -> Result<Eigen> {
    if n.checked_mul(n) != Some(table.len()) {
        return Err(Error::invalid(
            "eigenvectors",
            format!("{} numbers for {n} x {n}", table.len()),
        ));
    }
    if let Some(at) = table.iter().position(|value| !value.is_finite()) {
        return Err(Error::invalid(
            "eigenvectors",
            format!("the value at ({}, {}) is {}", at / n, at % n, table[at]),
        ));
    }
    let (values, vectors) = dense_pairs(table, n)?;
    let k = k.min(n);
    let chosen: Vec<usize> = match which {
        Which::Smallest => (0..k).collect(),
        Which::Largest => (n - k..n).rev().collect(),
    };
    Ok(Eigen {
        values: chosen.iter().map(|&at| values[at]).collect(),
        vectors: chosen
            .iter()
            .map(|&at| oriented((0..n).map(|row| vectors[(row, at)]).collect()))
            .collect(),
    })
}

/// All eigenvalues, ascending, and the vectors as columns.
pub(super) fn dense_pairs(table: &[f64], n: usize) -> Result<(Vec<f64>, Mat<f64>)> {
    if n == 0 {
        return Ok((Vec::new(), Mat::new()));
    }
    let matrix = Mat::from_fn(n, n, |row, col| table[row * n + col]);
    let solved = matrix.self_adjoint_eigen(Side::Lower).map_err(|error| {
        Error::invalid(
            "eigenvectors",
            format!("the dense solver failed on size {n}: {error:?}"),
        )
    })?;
    let values = solved.S().column_vector().iter().copied().collect();
    Ok((values, solved.U().to_owned()))
}

/// The vector with its leading entry positive.
fn oriented(mut vector: Vec<f64>) -> Vec<f64> {
    const EQUAL: f64 = 1.0 - 1e-6;
    let largest = vector.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let leading = vector.iter().find(|v| v.abs() >= largest * EQUAL);
    if leading.is_some_and(|&v| v < 0.0) {
        vector.iter_mut().for_each(|v| *v = -*v);
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::super::testing::random_graph;
    use super::super::{Duplicates, Normalization};
    use super::*;

    fn cycle(n: u32) -> Csr<f64> {
        let edges: Vec<(u32, u32)> = (0..n).map(|i| (i, (i + 1) % n)).collect();
        Csr::from_edges(n as usize, &edges, Duplicates::First)
            .unwrap()
            .symmetrize(Duplicates::Max)
            .unwrap()
    }

    fn iterative() -> EigenOptions {
        EigenOptions {
            dense_up_to: 0,
            ..EigenOptions::default()
        }
    }

    fn check(csr: &Csr<f64>, eigen: &Eigen, tolerance: f64) {
        for (i, (value, vector)) in eigen.values.iter().zip(&eigen.vectors).enumerate() {
            let image = csr.mul_dense(vector, 1);
            let residual: f64 = image
                .iter()
                .zip(vector)
                .map(|(a, v)| (a - value * v).powi(2))
                .sum::<f64>()
                .sqrt();
            assert!(residual < tolerance, "pair {i}: residual {residual}");
            for (j, other) in eigen.vectors.iter().enumerate() {
                let product: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
                let expected = f64::from(i == j);
                assert!((product - expected).abs() < 1e-9, "{i}.{j}: {product}");
            }
        }
    }

    #[test]
    fn the_cycle_has_cosines() {
        // The Laplacian of a cycle has eigenvalues 1 - cos(2 pi j / n), all but two of them double.
        let laplacian = cycle(24).normalized_laplacian().unwrap();
        let exact = |j: f64| 1.0 - (std::f64::consts::TAU * j / 24.0).cos();
        let expected = [0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0].map(exact);
        for options in [EigenOptions::default(), iterative()] {
            let eigen = eigen_sparse(&laplacian, 7, Which::Smallest, &options).unwrap();
            for (found, expected) in eigen.values.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-8, "{found} {expected}");
            }
            check(&laplacian, &eigen, 1e-8);
            let first = &eigen.vectors[0];
            assert!(
                first
                    .iter()
                    .all(|v| (v - (1.0 / 24.0_f64).sqrt()).abs() < 1e-7)
            );
        }
    }

    #[test]
    fn one_zero_for_each_component() {
        // Five cycles of different lengths and two isolated nodes.
        let mut blocks: Vec<Csr<f64>> = [5, 6, 7, 9, 11].map(cycle).to_vec();
        blocks.push(Csr::from_edges(2, &[], Duplicates::First).unwrap());
        let laplacian = Csr::block_diagonal(&blocks)
            .unwrap()
            .normalized_laplacian()
            .unwrap();
        for options in [EigenOptions::default(), iterative()] {
            let eigen = eigen_sparse(&laplacian, 8, Which::Smallest, &options).unwrap();
            assert!(eigen.values[..7].iter().all(|v| v.abs() < 1e-8));
            assert!(eigen.values[7] > 0.1);
            check(&laplacian, &eigen, 1e-8);
        }
    }

    #[test]
    fn iteration_equals_the_dense_solver() {
        let graph = random_graph(150, 900, 11).cast::<f64>().unwrap();
        let matrix = graph.normalize(Normalization::Symmetric).unwrap();
        for which in [Which::Smallest, Which::Largest] {
            let dense = eigen_sparse(&matrix, 6, which, &EigenOptions::default()).unwrap();
            let sparse = eigen_sparse(&matrix, 6, which, &iterative()).unwrap();
            for (a, b) in dense.values.iter().zip(&sparse.values) {
                assert!((a - b).abs() < 1e-9, "{which:?}: {a} {b}");
            }
            for (a, b) in dense.vectors.iter().zip(&sparse.vectors) {
                assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6));
            }
            check(&matrix, &sparse, 1e-8);
        }
    }

    #[test]
    fn multiple_eigenvalues_outside_one_krylov_space_are_found() {
        // Larger than the basis, so that the search in the complement has to find the other copies.
        let blocks = [30, 31, 32, 33, 34, 35].map(cycle);
        let laplacian = Csr::block_diagonal(&blocks)
            .unwrap()
            .normalized_laplacian()
            .unwrap();
        let eigen = eigen_sparse(&laplacian, 8, Which::Smallest, &iterative()).unwrap();
        assert!(eigen.values[..6].iter().all(|v| v.abs() < 1e-8));
        // Then the double eigenvalue of the longest cycle.
        let exact = 1.0 - (std::f64::consts::TAU / 35.0).cos();
        for found in &eigen.values[6..] {
            assert!((found - exact).abs() < 1e-8, "{found} {exact}");
        }
        check(&laplacian, &eigen, 1e-8);
    }

    #[test]
    fn a_long_path_has_cosines() {
        // Eigenvalues 1 - cos(pi j / (n - 1)), close together at the ends of the spectrum.
        let n = 300;
        let edges: Vec<(u32, u32)> = (1..n).map(|i| (i - 1, i)).collect();
        let laplacian = Csr::<f64>::from_edges(n as usize, &edges, Duplicates::First)
            .unwrap()
            .symmetrize(Duplicates::Max)
            .unwrap()
            .normalized_laplacian()
            .unwrap();
        let eigen = eigen_sparse(&laplacian, 4, Which::Smallest, &iterative()).unwrap();
        for (j, found) in eigen.values.iter().enumerate() {
            let exact = 1.0 - (std::f64::consts::PI * j as f64 / f64::from(n - 1)).cos();
            assert!((found - exact).abs() < 1e-9, "{j}: {found} {exact}");
        }
        check(&laplacian, &eigen, 1e-8);
    }

    #[test]
    fn operators_need_no_matrix() {
        // diag(0, 1, ..., 49) and a rank-one part that moves only the largest pair far away.
        let multiply = |x: &[f64]| -> Vec<f64> {
            let sum: f64 = x.iter().sum();
            x.iter()
                .enumerate()
                .map(|(i, x)| i as f64 * x + 10.0 * sum)
                .collect()
        };
        let found = eigen_operator(50, multiply, 3, Which::Largest, &iterative()).unwrap();
        let mut table = vec![10.0; 2500];
        (0..50).for_each(|i| table[i * 51] += i as f64);
        let expected = eigen_dense(&table, 50, 3, Which::Largest).unwrap();
        for (a, b) in found.values.iter().zip(&expected.values) {
            assert!((a - b).abs() < 1e-6, "{a} {b}");
        }
        let bad = eigen_operator(
            50,
            |x| vec![f64::NAN; x.len()],
            1,
            Which::Largest,
            &iterative(),
        );
        assert!(bad.is_err());
    }

    #[test]
    fn small_and_odd_cases() {
        let none = Csr::<f64>::from_edges(0, &[], Duplicates::First).unwrap();
        let options = EigenOptions::default();
        assert!(
            eigen_sparse(&none, 3, Which::Largest, &options)
                .unwrap()
                .values
                .is_empty()
        );
        let eigen = eigen_dense(&[2.0, 1.0, 1.0, 2.0], 2, 5, Which::Largest).unwrap();
        assert!((eigen.values[0] - 3.0).abs() < 1e-14 && (eigen.values[1] - 1.0).abs() < 1e-14);
        // Both entries of the second vector have the same magnitude: the first is made positive.
        assert!(eigen.vectors[1][0] > 0.0 && eigen.vectors[1][1] < 0.0);
        let empty = Csr::<f64>::from_edges(9, &[], Duplicates::First).unwrap();
        let zeros = eigen_sparse(&empty, 3, Which::Largest, &iterative()).unwrap();
        assert_eq!(zeros.values, [0.0; 3]);
        check(&empty, &zeros, 1e-12);
        assert!(
            eigen_sparse(&empty, 0, Which::Largest, &iterative())
                .unwrap()
                .values
                .is_empty()
        );

        let directed = Csr::<f64>::from_edges(2, &[(0, 1)], Duplicates::First).unwrap();
        let error = eigen_sparse(&directed, 1, Which::Largest, &options).unwrap_err();
        assert!(error.to_string().contains("symmetric"));
        assert!(eigen_dense(&[1.0; 3], 2, 1, Which::Largest).is_err());
        assert!(eigen_dense(&[f64::NAN], 1, 1, Which::Largest).is_err());
        let graph = random_graph(60, 300, 4);
        let impatient = EigenOptions {
            dense_up_to: 0,
            tolerance: 1e-300,
            restarts: 1,
        };
        let error = eigen_sparse(&graph, 2, Which::Largest, &impatient).unwrap_err();
        assert!(error.to_string().contains("1 restarts"), "{error}");
    }
}
