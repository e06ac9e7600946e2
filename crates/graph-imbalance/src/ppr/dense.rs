//! Personalized PageRank by factoring the dense matrix.

use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

use super::diffusion::Diffusion;
use super::solver::{PprSolver, check_rhs};
use crate::{Error, Result};

/// The most nodes of a graph whose PageRank is computed as a dense matrix: 200 MB in `f64`.
pub const DENSE_LIMIT: usize = 5_000;

/// The Cholesky factor of I − (1 − α) Â, which is symmetric and positive definite: exact up to rounding.
///
/// Time n³/3 + 2·n²·width, memory 16·n² bytes; refuses graphs of more than [`DENSE_LIMIT`] nodes. The
/// path that all others are tested against.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DensePpr;

impl PprSolver for DensePpr {
    fn solve(&self, diffusion: &Diffusion, rhs: &[f64], width: usize) -> Result<Vec<f64>> {
        check_rhs(diffusion, rhs, width)?;
        let nodes = diffusion.n_nodes();
        if nodes > DENSE_LIMIT {
            return Err(Error::invalid(
                "DensePpr",
                format!("graph of {nodes} nodes, at most {DENSE_LIMIT}; use CgPpr"),
            ));
        }
        if rhs.is_empty() {
            return Ok(Vec::new());
        }
        let teleport = diffusion.teleport();
        let mut system = Mat::<f64>::zeros(nodes, nodes);
        for node in 0..nodes {
            let value = diffusion.value(node as u32, node as u32, 1.0);
            system[(node, node)] = 1.0 - (1.0 - teleport) * value;
        }
        for (row, col, weight) in diffusion.adjacency().csr().entries() {
            system[(row as usize, col as usize)] =
                -(1.0 - teleport) * diffusion.value(row, col, weight);
        }
        let factor = system.llt(Side::Lower).map_err(|error| {
            Error::invalid(
                "DensePpr",
                format!("no Cholesky factor at teleport {teleport}: {error:?}"),
            )
        })?;
        let mut x = Mat::from_fn(nodes, width, |row, col| teleport * rhs[row * width + col]);
        factor.solve_in_place(&mut x);
        Ok((0..nodes)
            .flat_map(|row| (0..width).map(move |col| (row, col)))
            .map(|at| x[at])
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Adjacency;

    #[test]
    fn two_nodes_by_hand() {
        // K_2: P = α I + (1 − α) J / 2.
        let graph = Adjacency::from_edges(2, &[(0, 1)]).unwrap();
        let diffusion = Diffusion::new(&graph, 0.15).unwrap();
        let p = DensePpr
            .solve(&diffusion, &[1.0, 0.0, 0.0, 1.0], 2)
            .unwrap();
        for (a, b) in p.iter().zip([0.575, 0.425, 0.425, 0.575]) {
            assert!((a - b).abs() < 1e-14);
        }
    }

    #[test]
    fn limits_are_named() {
        let graph = Adjacency::from_edges(DENSE_LIMIT + 1, &[]).unwrap();
        let diffusion = Diffusion::new(&graph, 0.15).unwrap();
        let error = DensePpr.solve(&diffusion, &[], 0).unwrap_err().to_string();
        assert!(error.contains("5001 nodes, at most 5000"), "{error}");
        let graph = Adjacency::from_edges(2, &[]).unwrap();
        let diffusion = Diffusion::new(&graph, 0.15).unwrap();
        for (rhs, text) in [
            (vec![0.0; 3], "3 numbers for 2 nodes x 2"),
            (vec![0.0, 0.0, f64::NAN, 0.0], "node 1, column 0: NaN"),
        ] {
            let error = DensePpr.solve(&diffusion, &rhs, 2).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
