//! The normalized adjacency matrix as an operator.

use std::ops::Range;

use rayon::prelude::*;

use crate::graph::Adjacency;
use crate::{Error, Result};

/// Entries and rows that one task works through. Fixed, so that sums over tasks do not depend on the
/// number of threads.
const TASK: usize = 1 << 14;

/// How many columns are summed at once: one cache line of each row that is read.
pub(super) const COLUMNS: usize = 8;

/// The least teleport probability: below it the condition of the system, 2/α, eats up the digits of `f64`.
const LEAST_TELEPORT: f64 = 1e-6;

/// Â = D̃^-1/2 (A + I) D̃^-1/2 of a graph, and the teleport probability α of its PageRank.
///
/// D̃ holds the weighted degrees plus one for the self-loop that every node gets. The values of Â are
/// computed while it is applied: besides the graph, which is shared, 16 bytes a node are kept. A graph
/// of 2.4 million nodes and 124 million entries needs 1.0 GB for its compressed rows, and a product
/// with eight columns 0.15 GB for the input and as much for the output.
///
/// Products run over all threads; each row is summed in the order of its entries, so results do not
/// depend on the number of threads.
#[derive(Debug, Clone)]
pub struct Diffusion {
    adjacency: Adjacency,
    degrees: Vec<f64>,
    inverse_roots: Vec<f64>,
    tasks: Vec<Range<usize>>,
    teleport: f64,
}

impl Diffusion {
    /// The operator of `adjacency` with teleport probability `teleport` (the paper's α; the reference
    /// code's option `pagerank_prob` is 1 − α).
    ///
    /// # Errors
    /// [`Error::Core`] where `teleport` is not in [1e-6, 1]: for less the answer would drown in rounding.
    pub fn new(adjacency: &Adjacency, teleport: f64) -> Result<Self> {
        if !(LEAST_TELEPORT..=1.0).contains(&teleport) {
            return Err(Error::config(
                "Diffusion",
                "teleport",
                format!("is {teleport}, must be in [{LEAST_TELEPORT:e}, 1]"),
            ));
        }
        let mut degrees = adjacency.csr().degrees();
        degrees.iter_mut().for_each(|degree| *degree += 1.0);
        let inverse_roots = degrees.iter().map(|degree| degree.sqrt().recip()).collect();
        Ok(Self {
            tasks: tasks(adjacency.csr().indptr()),
            adjacency: adjacency.clone(),
            degrees,
            inverse_roots,
            teleport,
        })
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.degrees.len()
    }

    /// The graph.
    pub fn adjacency(&self) -> &Adjacency {
        &self.adjacency
    }

    /// The teleport probability α.
    pub fn teleport(&self) -> f64 {
        self.teleport
    }

    /// The weighted degrees d̃, self-loops included: `[n_nodes]`, each at least 1.
    pub fn degrees(&self) -> &[f64] {
        &self.degrees
    }

    /// The value of Â for an edge of weight `weight` between `row` and `col`; the self-loop of a node
    /// has weight 1.
    ///
    /// # Panics
    /// If a node is out of range.
    pub fn value(&self, row: u32, col: u32, weight: f32) -> f64 {
        f64::from(weight) * self.inverse_roots[row as usize] * self.inverse_roots[col as usize]
    }

    /// Â·X for `width` columns.
    ///
    /// # Shapes
    /// - x: `[n_nodes * width]`, rows after one another
    /// - result: the same
    ///
    /// # Panics
    /// If `x` has another length.
    pub fn propagate(&self, x: &[f64], width: usize) -> Vec<f64> {
        assert_eq!(
            x.len(),
            self.n_nodes() * width,
            "{} numbers for {} nodes x {width}",
            x.len(),
            self.n_nodes()
        );
        let mut out = vec![0.0; x.len()];
        self.split(&mut out, width)
            .into_par_iter()
            .zip(&self.tasks)
            .for_each(|(out, rows)| self.propagate_rows(rows.clone(), x, width, out));
        out
    }

    /// The rows in runs of about equal work.
    pub(super) fn tasks(&self) -> &[Range<usize>] {
        &self.tasks
    }

    /// The part of `data` (`[n_nodes * width]`) of each task.
    pub(super) fn split<'a>(&self, data: &'a mut [f64], width: usize) -> Vec<&'a mut [f64]> {
        let mut rest = data;
        let mut parts = Vec::with_capacity(self.tasks.len());
        for rows in &self.tasks {
            let (part, tail) = rest.split_at_mut(rows.len() * width);
            parts.push(part);
            rest = tail;
        }
        parts
    }

    /// The rows `rows` of Â·X.
    pub(super) fn propagate_rows(
        &self,
        rows: Range<usize>,
        x: &[f64],
        width: usize,
        out: &mut [f64],
    ) {
        if width == 0 {
            return;
        }
        for (row, out) in rows.zip(out.chunks_exact_mut(width)) {
            let mut at = 0;
            while at < width {
                let out = &mut out[at..];
                at += match width - at {
                    8.. => self.gather::<8>(row, &x[at..], width, out),
                    4.. => self.gather::<4>(row, &x[at..], width, out),
                    2.. => self.gather::<2>(row, &x[at..], width, out),
                    _ => self.gather::<1>(row, &x[at..], width, out),
                };
            }
        }
    }

    /// The first `N` columns of one row of Â·X, summed in registers; returns `N`.
    #[inline(always)]
    fn gather<const N: usize>(
        &self,
        row: usize,
        x: &[f64],
        width: usize,
        out: &mut [f64],
    ) -> usize {
        let mut sums = [0.0; N];
        let mut add = |node: usize, weight: f64| {
            let factor = weight * self.inverse_roots[node];
            let x = &x[node * width..][..N];
            for column in 0..N {
                sums[column] += factor * x[column];
            }
        };
        add(row, 1.0);
        let (columns, weights) = self.adjacency.csr().row(row);
        for (&column, &weight) in columns.iter().zip(weights) {
            add(column as usize, f64::from(weight));
        }
        let root = self.inverse_roots[row];
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = sum * root;
        }
        N
    }
}

fn tasks(indptr: &[usize]) -> Vec<Range<usize>> {
    let n_rows = indptr.len() - 1;
    let mut tasks = Vec::new();
    let mut start = 0;
    for row in 0..n_rows {
        let load = indptr[row + 1] - indptr[start] + row + 1 - start;
        if load >= TASK || row + 1 == n_rows {
            tasks.push(start..row + 1);
            start = row + 1;
        }
    }
    tasks
}

#[cfg(test)]
mod tests {
    use plm_core::graph::Normalization;
    use plm_core::rng::Seed;
    use rand::RngExt;

    use super::*;

    fn random(nodes: u32, edges: usize) -> Adjacency {
        let mut rng = Seed::new(4).stream("graph");
        let edges: Vec<(u32, u32)> = (0..edges)
            .map(|_| (rng.random_range(0..nodes), rng.random_range(0..nodes)))
            .collect();
        Adjacency::from_edges(nodes as usize, &edges).unwrap()
    }

    #[test]
    fn equals_the_stored_matrix_on_any_number_of_threads() {
        let graph = random(3000, 30_000);
        let diffusion = Diffusion::new(&graph, 0.15).unwrap();
        assert!(diffusion.tasks().len() > 2);
        let mut rng = Seed::new(5).stream("x");
        for width in [1, 8, 11] {
            let x: Vec<f64> = (0..3000 * width).map(|_| rng.random()).collect();
            let on = |threads| {
                rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap()
                    .install(|| diffusion.propagate(&x, width))
            };
            let found = on(1);
            assert_eq!(found, on(3));
            let stored = graph.csr().cast::<f64>().unwrap();
            let stored = stored.normalize(Normalization::SymmetricWithLoops).unwrap();
            for (a, b) in found.iter().zip(stored.mul_dense(&x, width)) {
                assert!((a - b).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn no_nodes_and_no_columns_are_nothing() {
        let none = Diffusion::new(&Adjacency::from_edges(0, &[]).unwrap(), 1.0).unwrap();
        assert!(none.propagate(&[], 3).is_empty());
        let some = Diffusion::new(&random(4, 5), 1.0).unwrap();
        assert!(some.propagate(&[], 0).is_empty());
    }

    #[test]
    fn teleport_is_checked() {
        let graph = random(2, 1);
        for teleport in [0.0, 1e-7, -0.1, 1.5, f64::NAN, f64::INFINITY] {
            let error = Diffusion::new(&graph, teleport).unwrap_err().to_string();
            assert!(error.contains("must be in [1e-6, 1]"), "{error}");
        }
    }
}
