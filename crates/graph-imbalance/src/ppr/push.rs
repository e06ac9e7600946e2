//! Personalized PageRank of single sources by forward push.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use plm_core::graph::{Csr, Scalar};
use rayon::prelude::*;

use super::diffusion::Diffusion;
use super::rows::{check_nodes, keep_top, sparse_rows};
use super::solver::{PprSolver, check_rhs};
use crate::{Error, Result};

/// The least product αε: its reciprocal bounds the edges that one source may touch.
const WORK_LIMIT: f64 = 1e-13;

/// How many sources of a product are held at once.
const BATCH: usize = 256;

/// Which matrix the rows of [`PushPpr::rows`] are of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PprForm {
    /// P = α (I − (1 − α) Â)^-1, whose entries are √(d̃ᵢ/d̃ⱼ) times those of the walk form (PPRGo's
    /// normalization `sym`).
    #[default]
    Symmetric,
    /// α (I − (1 − α) D̃^-1 (A + I))^-1: rows sum to one where nothing is left out (PPRGo's `row`).
    Walk,
}

/// Forward push (Andersen, Chung and Lang 2006, algorithm `ApproximatePageRank`): a row of the PageRank
/// matrix, however large the graph is.
///
/// | paper | here |
/// |---|---|
/// | p, r | estimate, residual |
/// | ε | [`PushPpr::new`]'s `epsilon` |
/// | d(u) | weighted degree with its self-loop |
///
/// A node u whose residual is at least ε·d̃ᵤ is pushed: α of the residual goes to the estimate and the
/// rest to the neighbors in proportion to their weights. What remains bounds the error: in walk form
/// 0 ≤ P − p ≤ ε·d̃ⱼ for each entry j, in symmetric form ε·√(d̃ᵢ d̃ⱼ). A source touches at most 1/(αε)
/// edges, and the memory is that of the nodes it touched. A source whose d̃ is above 1/ε is never pushed: its
/// row is empty, and a conflict taken from it 0.
///
/// The reference code differs: it walks without self-loops (its matrix is another one), keeps a stack
/// that it searches from end to end before each insertion, and adds the last residuals to nothing. Here
/// the queue is first in, first out, and each node knows whether it is in it.
///
/// The reference's ε = 1e-4 changes the ranks of conflicts (Spearman 0.90 to 0.99 on the citation
/// graphs, weights by up to 0.55): prefer [`CgPpr`](super::CgPpr) where n × classes numbers fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PushPpr {
    epsilon: f64,
}

impl PushPpr {
    /// Pushes residuals of at least `epsilon` times the degree.
    ///
    /// # Errors
    /// [`Error::Core`] where `epsilon` is not in (0, 1).
    pub fn new(epsilon: f64) -> Result<Self> {
        if !(epsilon > 0.0 && epsilon < 1.0) {
            return Err(Error::config(
                "PushPpr",
                "epsilon",
                format!("is {epsilon}, must be in (0, 1)"),
            ));
        }
        Ok(Self { epsilon })
    }

    /// The rows of the PageRank matrix for `sources`, as a sparse matrix `[sources.len(), n_nodes]`.
    ///
    /// With `top_k` each row keeps its `top_k` largest entries by walk form, as PPRGo does before it
    /// converts them; of equal ones those of the smaller nodes. Rows are computed over all threads.
    ///
    /// # Errors
    /// [`Error::Core`] where a source is out of range, `top_k` is 0, or αε is below 1e-13.
    pub fn rows<T: Scalar>(
        &self,
        diffusion: &Diffusion,
        sources: &[u32],
        top_k: Option<usize>,
        form: PprForm,
    ) -> Result<Csr<T>> {
        self.check(diffusion)?;
        check_nodes(diffusion, sources, top_k)?;
        let rows: Vec<Vec<(u32, f64)>> = sources
            .par_iter()
            .map(|&source| {
                let mut row = self.row(diffusion, source);
                if let Some(top_k) = top_k {
                    keep_top(&mut row, top_k);
                }
                if form == PprForm::Symmetric {
                    make_symmetric(diffusion, source, &mut row);
                }
                row
            })
            .collect();
        sparse_rows(diffusion.n_nodes(), rows)
    }

    fn check(&self, diffusion: &Diffusion) -> Result<()> {
        if self.epsilon * diffusion.teleport() < WORK_LIMIT {
            return Err(Error::config(
                "PushPpr",
                "epsilon",
                format!(
                    "is {:e} at teleport {}, their product must be at least {WORK_LIMIT:e}",
                    self.epsilon,
                    diffusion.teleport()
                ),
            ));
        }
        Ok(())
    }

    /// The positive estimates of one source in walk form, by node.
    fn row(&self, diffusion: &Diffusion, source: u32) -> Vec<(u32, f64)> {
        let teleport = diffusion.teleport();
        let mut touched = Touched::default();
        touched.receive(source, 1.0, self.epsilon * degree(diffusion, source));
        while let Some(at) = touched.queue.pop_front() {
            let state = &mut touched.states[at];
            let node = state.node;
            let residual = std::mem::take(&mut state.residual);
            state.queued = false;
            state.estimate += teleport * residual;
            let share = (1.0 - teleport) * residual / degree(diffusion, node);
            let mut spread = |to: u32, weight: f64| {
                touched.receive(to, share * weight, self.epsilon * degree(diffusion, to));
            };
            spread(node, 1.0);
            let (neighbors, weights) = diffusion.adjacency().csr().row(node as usize);
            for (&neighbor, &weight) in neighbors.iter().zip(weights) {
                spread(neighbor, f64::from(weight));
            }
        }
        let mut row: Vec<(u32, f64)> = touched
            .states
            .iter()
            .filter(|state| state.estimate > 0.0)
            .map(|state| (state.node, state.estimate))
            .collect();
        row.sort_unstable_by_key(|&(node, _)| node);
        row
    }
}

impl PprSolver for PushPpr {
    /// P·B through one push for each non-zero row of B.
    ///
    /// An entry (j, c) of the result is wrong by at most ε·Σᵢ √(d̃ᵢ d̃ⱼ)·|Bᵢ꜀|. Meant for a B of few
    /// non-zero rows, such as labels: with a dense one every node is a source.
    fn solve(&self, diffusion: &Diffusion, rhs: &[f64], width: usize) -> Result<Vec<f64>> {
        self.check(diffusion)?;
        check_rhs(diffusion, rhs, width)?;
        let mut out = vec![0.0; rhs.len()];
        if width == 0 {
            return Ok(out);
        }
        let of = |node: u32| &rhs[node as usize * width..(node as usize + 1) * width];
        let sources: Vec<u32> = (0..diffusion.n_nodes() as u32)
            .filter(|&node| of(node).iter().any(|&value| value != 0.0))
            .collect();
        for batch in sources.chunks(BATCH) {
            let rows: Vec<Vec<(u32, f64)>> = batch
                .par_iter()
                .map(|&source| {
                    let mut row = self.row(diffusion, source);
                    make_symmetric(diffusion, source, &mut row);
                    row
                })
                .collect();
            for (&source, row) in batch.iter().zip(rows) {
                for (node, value) in row {
                    let out = &mut out[node as usize * width..(node as usize + 1) * width];
                    for (out, rhs) in out.iter_mut().zip(of(source)) {
                        *out += value * rhs;
                    }
                }
            }
        }
        Ok(out)
    }
}

fn degree(diffusion: &Diffusion, node: u32) -> f64 {
    diffusion.degrees()[node as usize]
}

fn make_symmetric(diffusion: &Diffusion, source: u32, row: &mut [(u32, f64)]) {
    for (node, value) in row {
        *value *= (degree(diffusion, source) / degree(diffusion, *node)).sqrt();
    }
}

/// The nodes that a push has reached, and those that wait to be pushed.
#[derive(Default)]
struct Touched {
    index: HashMap<u32, usize, BuildHasherDefault<NodeHasher>>,
    states: Vec<State>,
    queue: VecDeque<usize>,
}

/// A hash of a node's number by one multiplication: most of a push is looking nodes up.
#[derive(Default)]
struct NodeHasher(u64);

impl Hasher for NodeHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(u32::from(byte));
        }
    }

    fn write_u32(&mut self, node: u32) {
        // The table reads both ends of the hash, and a product's low bits are poor.
        let product = (self.0 ^ u64::from(node)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ (product >> 32);
    }
}

struct State {
    node: u32,
    estimate: f64,
    residual: f64,
    queued: bool,
}

impl Touched {
    /// Adds `amount` to the residual of `node`, which waits from `threshold` on.
    fn receive(&mut self, node: u32, amount: f64, threshold: f64) {
        let at = *self.index.entry(node).or_insert_with(|| {
            self.states.push(State {
                node,
                estimate: 0.0,
                residual: 0.0,
                queued: false,
            });
            self.states.len() - 1
        });
        let state = &mut self.states[at];
        state.residual += amount;
        if state.residual >= threshold && !state.queued {
            state.queued = true;
            self.queue.push_back(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Adjacency;

    #[test]
    fn two_nodes_by_hand() {
        // An edge, α = 1/2, ε = 1/8, so that residuals of 1/4 on are pushed. Node 0 (residual 1) keeps
        // 1/2 and sends 1/4 to itself and to node 1. Node 0 then has 1/8 more and sends 1/16 to each;
        // node 1 has 1/4 + 1/16 = 5/16, keeps 5/32 and sends 5/64 to each. What is left, 9/64 and
        // 5/64, is below 1/4.
        let graph = Adjacency::from_edges(2, &[(0, 1)]).unwrap();
        let diffusion = Diffusion::new(&graph, 0.5).unwrap();
        let push = PushPpr::new(0.125).unwrap();
        let rows = push
            .rows::<f64>(&diffusion, &[0], None, PprForm::Walk)
            .unwrap();
        assert_eq!(rows.row(0), (&[0, 1][..], &[0.625, 0.156_25][..]));
        let top = push
            .rows::<f32>(&diffusion, &[1, 0], Some(1), PprForm::Symmetric)
            .unwrap();
        assert_eq!(top.row(0), (&[1][..], &[0.625][..]));
        assert_eq!(top.row(1), (&[0][..], &[0.625][..]));
    }

    #[test]
    fn an_isolated_source_keeps_itself() {
        let graph = Adjacency::from_edges(3, &[(0, 1)]).unwrap();
        let diffusion = Diffusion::new(&graph, 0.15).unwrap();
        let push = PushPpr::new(1e-9).unwrap();
        let p = push.solve(&diffusion, &[0.0, 0.0, 1.0], 1).unwrap();
        assert_eq!(p[..2], [0.0, 0.0]);
        assert!((p[2] - 1.0).abs() < 1e-9);
    }

    /// The hub of a star of five leaves has d̃ = 6, and its residual of 1 is pushed unless ε·d̃ is above it.
    #[test]
    fn a_source_of_too_many_neighbors_has_an_empty_row() {
        let edges: Vec<(u32, u32)> = (1..6).map(|leaf| (0, leaf)).collect();
        let graph = Adjacency::from_edges(6, &edges).unwrap();
        let diffusion = Diffusion::new(&graph, 0.5).unwrap();
        let row_len = |epsilon| {
            let push = PushPpr::new(epsilon).unwrap();
            let rows = push.rows::<f64>(&diffusion, &[0], None, PprForm::Walk);
            rows.unwrap().row_len(0)
        };
        assert_eq!(
            [row_len(0.2), row_len(0.1)].map(|len| len > 0),
            [false, true]
        );
    }

    #[test]
    fn settings_and_sources_are_checked() {
        for epsilon in [0.0, 1.0, -1.0, f64::NAN] {
            assert!(PushPpr::new(epsilon).is_err());
        }
        let graph = Adjacency::from_edges(3, &[(0, 1)]).unwrap();
        let diffusion = Diffusion::new(&graph, 0.1).unwrap();
        let rows = |epsilon, source, top_k| {
            PushPpr::new(epsilon)
                .unwrap()
                .rows::<f64>(&diffusion, &[source], top_k, PprForm::Walk)
                .unwrap_err()
                .to_string()
        };
        assert!(rows(1e-13, 0, None).contains("their product must be at least 1e-13"));
        assert!(rows(1e-3, 3, None).contains("node 3 of 3"));
        assert!(rows(1e-3, 0, Some(0)).contains("top_k"));
    }
}
