//! Personalized PageRank by factoring the dense matrix.

use faer::linalg::solvers::{Llt, Solve};
use faer::{Mat, Side};

use super::diffusion::Diffusion;
use super::solver::{PprSolver, Prepared, check_rhs};
use crate::{Error, Result};

/// The most nodes of a graph whose PageRank is computed as a dense matrix: 200 MB in `f64`.
pub const DENSE_LIMIT: usize = 5_000;

/// The Cholesky factor of I − (1 − α) Â, which is symmetric and positive definite: exact up to rounding.
///
/// Time n³/3 for the factor, which [`PprSolver::prepare`] computes once for all that follows, and 2·n² a
/// column; memory 16·n² bytes; refuses graphs of more than [`DENSE_LIMIT`] nodes. The path that all
/// others are tested against.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DensePpr;

impl PprSolver for DensePpr {
    fn solve(&self, diffusion: &Diffusion, rhs: &[f64], width: usize) -> Result<Vec<f64>> {
        check_rhs(diffusion, rhs, width)?;
        check_size(diffusion)?;
        if rhs.is_empty() {
            return Ok(Vec::new());
        }
        Ok(solved(&factor(diffusion)?, diffusion, rhs, width))
    }

    fn prepare<'a>(&'a self, diffusion: &'a Diffusion) -> Result<Prepared<'a>> {
        check_size(diffusion)?;
        let factor = match diffusion.n_nodes() {
            0 => None,
            _ => Some(factor(diffusion)?),
        };
        Ok(Box::new(
            move |rhs: &[f64], width: usize| -> Result<Vec<f64>> {
                check_rhs(diffusion, rhs, width)?;
                Ok(match &factor {
                    Some(factor) => solved(factor, diffusion, rhs, width),
                    None => Vec::new(),
                })
            },
        ))
    }
}

/// α times the inverse of the factored matrix, times `rhs` of `width` columns.
fn solved(factor: &Llt<f64>, diffusion: &Diffusion, rhs: &[f64], width: usize) -> Vec<f64> {
    let (nodes, teleport) = (diffusion.n_nodes(), diffusion.teleport());
    let mut x = Mat::from_fn(nodes, width, |row, col| teleport * rhs[row * width + col]);
    factor.solve_in_place(&mut x);
    (0..nodes)
        .flat_map(|row| (0..width).map(move |col| (row, col)))
        .map(|at| x[at])
        .collect()
}

fn check_size(diffusion: &Diffusion) -> Result<()> {
    let nodes = diffusion.n_nodes();
    if nodes > DENSE_LIMIT {
        return Err(Error::invalid(
            "DensePpr",
            format!("graph of {nodes} nodes, at most {DENSE_LIMIT}; use CgPpr"),
        ));
    }
    Ok(())
}

fn factor(diffusion: &Diffusion) -> Result<Llt<f64>> {
    let nodes = diffusion.n_nodes();
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
    system.llt(Side::Lower).map_err(|error| {
        Error::invalid(
            "DensePpr",
            format!("no Cholesky factor at teleport {teleport}: {error:?}"),
        )
    })
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

    #[test]
    fn a_factor_serves_for_several_right_hand_sides() {
        let graph = Adjacency::from_edges(4, &[(0, 1), (1, 2)]).unwrap();
        let diffusion = Diffusion::new(&graph, 0.15).unwrap();
        let solver = DensePpr;
        let prepared = solver.prepare(&diffusion).unwrap();
        for (rhs, width) in [
            (vec![1.0, 0.0, -2.0, 0.5], 1),
            ((0..8).map(f64::from).collect(), 2),
        ] {
            let expected = solver.solve(&diffusion, &rhs, width).unwrap();
            assert_eq!(prepared(&rhs, width).unwrap(), expected);
        }
        let error = prepared(&[1.0], 1).unwrap_err().to_string();
        assert!(error.contains("1 numbers for 4 nodes x 1"), "{error}");
        let graph = Adjacency::from_edges(DENSE_LIMIT + 1, &[]).unwrap();
        let diffusion = Diffusion::new(&graph, 0.15).unwrap();
        assert!(solver.prepare(&diffusion).is_err());
        let graph = Adjacency::from_edges(0, &[]).unwrap();
        let diffusion = Diffusion::new(&graph, 0.15).unwrap();
        let prepared = solver.prepare(&diffusion).unwrap();
        assert!(prepared(&[], 3).unwrap().is_empty());
    }
}
