//! Positions of nodes from the spectrum of their graph.

use plm_core::graph::{Csr, Eigen, EigenOptions, Normalization, Which, eigen_sparse};

use crate::Result;

/// The `k` largest eigenvalues of D^-1/2 A D^-1/2, descending, and their vectors.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where the matrix is not symmetric or has a negative degree,
/// or the solver does not converge.
pub fn laplacian_eigen(adjacency: &Csr<f32>, k: usize) -> Result<Eigen> {
    let normalized = adjacency
        .cast::<f64>()?
        .normalize(Normalization::Symmetric)?;
    Ok(eigen_sparse(
        &normalized,
        k,
        Which::Largest,
        &EigenOptions::default(),
    )?)
}

/// Laplacian positions (GCC): the eigenvectors of D^-1/2 A D^-1/2 with the min(n − 2, `width`)
/// largest eigenvalues, each node's row divided by its length, then zeros up to `width`. Graphs of
/// one or two nodes have zeros only.
///
/// The sign of an eigenvector is arbitrary and so is the basis of a multiple eigenvalue's vectors;
/// here both are fixed for each numbering of the nodes.
///
/// # Shapes
/// - result: `[n, width]`, row after row
///
/// # Errors
/// As [`laplacian_eigen`].
pub fn laplacian_positions(adjacency: &Csr<f32>, width: usize) -> Result<Vec<f32>> {
    let n = adjacency.n_rows();
    let k = n.saturating_sub(2).min(width);
    let mut positions = vec![0.0; n * width];
    if k == 0 {
        return Ok(positions);
    }
    let eigen = laplacian_eigen(adjacency, k)?;
    for (node, row) in positions.chunks_exact_mut(width).enumerate() {
        let values = eigen.vectors.iter().map(|vector| vector[node]);
        let length = values
            .clone()
            .map(|value| value * value)
            .sum::<f64>()
            .sqrt();
        // Rounding errors where all vectors are zero must not become a direction.
        if length > 1e-9 {
            for (slot, value) in row.iter_mut().zip(values) {
                *slot = (value / length) as f32;
            }
        }
    }
    Ok(positions)
}

#[cfg(test)]
mod tests {
    use plm_core::graph::Duplicates;

    use super::*;

    fn graph(n: usize, edges: &[(u32, u32)]) -> Csr<f32> {
        Csr::from_edges(n, edges, Duplicates::First)
            .unwrap()
            .symmetrize(Duplicates::Max)
            .unwrap()
    }

    #[test]
    fn the_path_and_the_triangle() {
        let path = graph(3, &[(0, 1), (1, 2)]);
        let eigen = laplacian_eigen(&path, 3).unwrap();
        let triangle = laplacian_eigen(&graph(3, &[(0, 1), (1, 2), (2, 0)]), 3).unwrap();
        for (values, expected) in [
            (&eigen.values, [1.0, 0.0, -1.0]),
            (&triangle.values, [1.0, -0.5, -0.5]),
        ] {
            assert!(
                values
                    .iter()
                    .zip(expected)
                    .all(|(v, e)| (v - e).abs() < 1e-12)
            );
        }
        let top = [0.5, 0.5_f64.sqrt(), 0.5];
        assert!(
            eigen.vectors[0]
                .iter()
                .zip(top)
                .all(|(v, e)| (v.abs() - e).abs() < 1e-12)
        );
        let positions = laplacian_positions(&path, 4).unwrap();
        // One vector: every row is ±1, all of one sign, then zeros.
        for row in positions.chunks(4) {
            assert!((row[0].abs() - 1.0).abs() < 1e-6 && row[0] == positions[0]);
            assert_eq!(row[1..], [0.0; 3]);
        }
    }

    #[test]
    fn rows_have_length_one_and_keep_their_products() {
        let ring = graph(6, &[(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0)]);
        let positions = laplacian_positions(&ring, 3).unwrap();
        for row in positions.chunks(3) {
            let length: f32 = row.iter().map(|v| v * v).sum();
            assert!((length - 1.0).abs() < 1e-5);
        }
        // Eigenvalues 1 and the double 1/2: vectors (1, √2 cos, √2 sin)/√6, so that rows at angle a
        // have the product (1 + 2 cos a) / 3, whatever signs and basis.
        for apart in 0..6 {
            let product: f32 = (0..3)
                .map(|at| positions[at] * positions[apart * 3 + at])
                .sum();
            let angle = apart as f32 * std::f32::consts::PI / 3.0;
            assert!(
                (product - (1.0 + 2.0 * angle.cos()) / 3.0).abs() < 1e-5,
                "{apart}"
            );
        }
    }

    #[test]
    fn small_graphs_have_no_positions() {
        for (n, edges) in [(0, &[][..]), (1, &[]), (2, &[(0, 1)])] {
            let positions = laplacian_positions(&graph(n, edges), 32).unwrap();
            assert_eq!(positions, vec![0.0; n * 32]);
        }
        // Of three isolated nodes one vector of the eigenvalue 0 is taken.
        let isolated = laplacian_positions(&graph(3, &[]), 2).unwrap();
        assert!(isolated.iter().all(|v| v.is_finite()));
        assert!(
            laplacian_positions(&graph(40, &[(0, 1)]), 0)
                .unwrap()
                .is_empty()
        );
    }
}
