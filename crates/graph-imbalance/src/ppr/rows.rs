//! The PageRank matrix itself, or some of its rows.

use plm_core::check::at_least;
use plm_core::graph::{Csr, Scalar};

use super::dense::DENSE_LIMIT;
use super::diffusion::Diffusion;
use super::solver::PprSolver;
use crate::{Error, Result};

/// How many rows of a large graph are solved for at once.
const BLOCK: usize = 32;

/// How many rows of a small graph are solved for at once.
const SMALL_BLOCK: usize = 1024;

/// The whole matrix P, for PPNP on a small graph.
///
/// # Shapes
/// - result: `[n_nodes * n_nodes]`, rows after one another
///
/// # Errors
/// [`Error::Core`] where the graph has more than [`DENSE_LIMIT`] nodes; else as
/// [`PprSolver::solve`].
pub fn ppr_matrix(diffusion: &Diffusion, solver: &dyn PprSolver) -> Result<Vec<f32>> {
    let nodes = diffusion.n_nodes();
    if nodes > DENSE_LIMIT {
        return Err(Error::invalid(
            "PageRank matrix",
            format!("graph of {nodes} nodes, at most {DENSE_LIMIT}"),
        ));
    }
    let mut matrix = vec![0.0; nodes * nodes];
    let all: Vec<u32> = (0..nodes as u32).collect();
    let solve = solver.prepare(diffusion)?;
    for sources in all.chunks(SMALL_BLOCK) {
        let columns = unit_columns(nodes, &solve, sources)?;
        for (at, &source) in sources.iter().enumerate() {
            let row = &mut matrix[source as usize * nodes..][..nodes];
            for (node, value) in row.iter_mut().enumerate() {
                *value = columns[node * sources.len() + at] as f32;
            }
        }
    }
    Ok(matrix)
}

/// The rows of P for `nodes`, without zeros: `[nodes.len(), n_nodes]`.
///
/// With `top_k` each row keeps its `top_k` largest entries; of equal ones those of the smaller nodes.
/// Without it the rows of a connected graph are full. For many rows of a large graph
/// [`PushPpr::rows`](super::PushPpr::rows) is faster.
///
/// # Errors
/// [`Error::Core`] where a node is out of range, `top_k` is 0, or rows are asked for in full that
/// could have more than [`DENSE_LIMIT`]² entries; else as [`PprSolver::solve`].
pub fn ppr_rows(
    diffusion: &Diffusion,
    solver: &dyn PprSolver,
    nodes: &[u32],
    top_k: Option<usize>,
) -> Result<Csr<f32>> {
    check_nodes(diffusion, nodes, top_k)?;
    let entries = nodes.len().saturating_mul(diffusion.n_nodes());
    if top_k.is_none() && entries > DENSE_LIMIT * DENSE_LIMIT {
        return Err(Error::invalid(
            "PageRank rows",
            format!(
                "{} full rows of {} entries, at most {} entries in all; give `top_k`",
                nodes.len(),
                diffusion.n_nodes(),
                DENSE_LIMIT * DENSE_LIMIT
            ),
        ));
    }
    let mut rows = Vec::with_capacity(nodes.len());
    let solve = solver.prepare(diffusion)?;
    for sources in nodes.chunks(BLOCK) {
        let columns = unit_columns(diffusion.n_nodes(), &solve, sources)?;
        for at in 0..sources.len() {
            let mut row: Vec<(u32, f64)> = columns[at..]
                .iter()
                .step_by(sources.len())
                .enumerate()
                .filter(|&(_, &value)| value != 0.0)
                .map(|(node, &value)| (node as u32, value))
                .collect();
            if let Some(top_k) = top_k {
                keep_top(&mut row, top_k);
            }
            row.shrink_to_fit();
            rows.push(row);
        }
    }
    sparse_rows(diffusion.n_nodes(), rows)
}

/// P's columns for `sources`, which are its rows as well: `[n_nodes * sources.len()]`.
fn unit_columns(
    n_nodes: usize,
    solve: impl Fn(&[f64], usize) -> Result<Vec<f64>>,
    sources: &[u32],
) -> Result<Vec<f64>> {
    let mut rhs = vec![0.0; n_nodes * sources.len()];
    for (at, &source) in sources.iter().enumerate() {
        rhs[source as usize * sources.len() + at] = 1.0;
    }
    solve(&rhs, sources.len())
}

pub(super) fn check_nodes(
    diffusion: &Diffusion,
    nodes: &[u32],
    top_k: Option<usize>,
) -> Result<()> {
    at_least("PageRank rows", "top_k", top_k.unwrap_or(1), 1)?;
    let count = diffusion.n_nodes();
    match nodes.iter().find(|&&node| node as usize >= count) {
        Some(node) => Err(Error::invalid(
            "PageRank rows",
            format!("node {node} of {count}"),
        )),
        None => Ok(()),
    }
}

/// Leaves the `top_k` largest entries, in the order of their nodes.
pub(super) fn keep_top(row: &mut Vec<(u32, f64)>, top_k: usize) {
    if row.len() > top_k {
        row.select_nth_unstable_by(top_k - 1, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        row.truncate(top_k);
        row.sort_unstable_by_key(|&(node, _)| node);
    }
}

/// Rows of ascending nodes as one matrix.
pub(super) fn sparse_rows<T: Scalar>(n_nodes: usize, rows: Vec<Vec<(u32, f64)>>) -> Result<Csr<T>> {
    let entries = rows.iter().map(Vec::len).sum();
    let mut indptr = Vec::with_capacity(rows.len() + 1);
    let mut indices = Vec::with_capacity(entries);
    let mut values = Vec::with_capacity(entries);
    indptr.push(0);
    for row in &rows {
        indices.extend(row.iter().map(|&(node, _)| node));
        values.extend(row.iter().map(|&(_, value)| T::narrow(value)));
        indptr.push(indices.len());
    }
    Ok(Csr::new(rows.len(), n_nodes, indptr, indices, values)?)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::graph::Adjacency;
    use crate::ppr::{CgPpr, DensePpr, Prepared};

    /// Conjugate gradients, which count how often they are prepared.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl PprSolver for Counting {
        fn solve(&self, diffusion: &Diffusion, rhs: &[f64], width: usize) -> Result<Vec<f64>> {
            self.prepare(diffusion)?(rhs, width)
        }

        fn prepare<'a>(&'a self, diffusion: &'a Diffusion) -> Result<Prepared<'a>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(Box::new(move |rhs: &[f64], width: usize| {
                CgPpr::default().solve(diffusion, rhs, width)
            }))
        }
    }

    #[test]
    fn a_solver_is_prepared_once_for_all_rows() {
        let edges: Vec<(u32, u32)> = (1..70).map(|node| (node / 2, node)).collect();
        let count = |nodes: usize, rows: &[u32]| {
            let graph = Adjacency::from_edges(nodes, &edges).unwrap();
            let diffusion = Diffusion::new(&graph, 0.15).unwrap();
            let solver = Counting::default();
            match rows {
                [] => assert_eq!(
                    ppr_matrix(&diffusion, &solver).unwrap().len(),
                    nodes * nodes
                ),
                rows => {
                    let found = ppr_rows(&diffusion, &solver, rows, None).unwrap();
                    assert_eq!(found.n_rows(), rows.len());
                }
            }
            solver.0.into_inner()
        };
        assert_eq!(count(SMALL_BLOCK + 1, &[]), 1);
        assert_eq!(count(70, &[7; 2 * BLOCK + 1]), 1);
    }

    #[test]
    fn rows_are_those_of_the_matrix() {
        let edges: Vec<(u32, u32)> = (1..40).map(|node| (node / 2, node)).collect();
        let graph = Adjacency::from_edges(42, &edges).unwrap();
        let diffusion = Diffusion::new(&graph, 0.15).unwrap();
        let matrix = ppr_matrix(&diffusion, &DensePpr).unwrap();
        let nodes = [41, 3, 3, 0];
        let rows = ppr_rows(&diffusion, &CgPpr::default(), &nodes, None).unwrap();
        let dense = rows.to_dense();
        for (row, &node) in dense.chunks(42).zip(&nodes) {
            for (a, b) in row.iter().zip(&matrix[node as usize * 42..]) {
                assert!((a - b).abs() < 1e-7);
            }
        }
        assert_eq!(rows.row_len(0), 1);
        let top = ppr_rows(&diffusion, &DensePpr, &nodes, Some(5)).unwrap();
        assert_eq!((top.row_len(0), top.row_len(1)), (1, 5));
        let least = top.row(1).1.iter().fold(1.0_f32, |a, &b| a.min(b));
        let larger = matrix[3 * 42..4 * 42].iter().filter(|&&v| v > least);
        assert_eq!(larger.count(), 4);
    }

    #[test]
    fn of_equal_entries_the_first_stay() {
        let mut row = vec![(1, 0.5), (2, 1.0), (5, 0.5), (6, 0.5)];
        keep_top(&mut row, 3);
        assert_eq!(row, [(1, 0.5), (2, 1.0), (5, 0.5)]);
    }

    #[test]
    fn limits_are_named() {
        let graph = Adjacency::from_edges(6000, &[]).unwrap();
        let diffusion = Diffusion::new(&graph, 0.15).unwrap();
        let solver = CgPpr::default();
        let error = ppr_matrix(&diffusion, &solver).unwrap_err().to_string();
        assert!(error.contains("6000 nodes, at most 5000"), "{error}");
        let error = ppr_rows(&diffusion, &solver, &[0; 5000], None).unwrap_err();
        assert!(error.to_string().contains("give `top_k`"), "{error}");
        let error = ppr_rows(&diffusion, &solver, &[6000], None).unwrap_err();
        assert!(error.to_string().contains("node 6000 of 6000"), "{error}");
    }
}
