//! Edges, made symmetric and free of self-loops.

use plm_core::graph::{Csr, Duplicates};

use crate::{Error, Result};

/// What becomes of an edge that has a weight other than 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Weights {
    /// The edge is kept with weight 1; an entry of weight 0 is no edge and is left out.
    #[default]
    Drop,
    /// The edge keeps its weight, which must be positive and the same wherever the edge is given.
    Keep,
    /// It is an error.
    Reject,
}

/// What becomes of edges that are not as an undirected, unweighted graph has them.
///
/// The default is that of the paper's experiments: every edge counts in both directions, once, with
/// weight 1. Self-loops are always dropped: the normalization adds one to every node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EdgePolicy {
    /// Refuses edges that lack their opposite, instead of adding it.
    pub reject_asymmetric: bool,
    /// What becomes of weights.
    pub weights: Weights,
}

/// What was found in a list of edges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EdgeReport {
    /// Self-loops that were dropped.
    pub self_loops: usize,
    /// Entries given again in the same direction, of which one is kept.
    pub duplicates: usize,
    /// Entries without their opposite, which was added.
    pub one_way: usize,
    /// Entries whose weight is not 1.
    pub weighted: usize,
    /// Entries of weight 0 that were left out.
    pub zeros: usize,
}

/// The edges of an undirected graph: a symmetric matrix of positive weights with an empty diagonal.
#[derive(Debug, Clone, PartialEq)]
pub struct Adjacency {
    csr: Csr<f32>,
}

impl Adjacency {
    /// The graph of unweighted `edges` between `n_nodes` nodes, given in one direction or both.
    ///
    /// # Errors
    /// [`Error::Core`] where an end is out of range.
    pub fn from_edges(n_nodes: usize, edges: &[(u32, u32)]) -> Result<Self> {
        let entries = edges.iter().map(|&(a, b)| (a, b, 1.0));
        Ok(Self::from_entries(n_nodes, entries, EdgePolicy::default())?.0)
    }

    /// The graph of weighted `entries` (end, end, weight), and what was changed by `policy`.
    ///
    /// # Errors
    /// [`Error::Core`] where an end is out of range, a weight is not finite, or `policy` refuses an
    /// edge: not positive or of two different weights where weights are kept, other than 1 or one-way
    /// where that is rejected.
    pub fn from_entries(
        n_nodes: usize,
        entries: impl IntoIterator<Item = (u32, u32, f32)>,
        policy: EdgePolicy,
    ) -> Result<(Self, EdgeReport)> {
        let mut report = EdgeReport::default();
        let (mut rows, mut cols, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (row, col, weight) in entries {
            if weight != 1.0 {
                report.weighted += 1;
                check_weight(row, col, weight, policy.weights)?;
            }
            // What is left out here does not come to the matrix, which checks the ends of the others.
            let outside = row.max(col) as usize >= n_nodes;
            if row == col {
                if outside {
                    return Err(Error::invalid(
                        "edges",
                        format!("self-loop at node {row} of {n_nodes}"),
                    ));
                }
                report.self_loops += 1;
                continue;
            }
            if weight == 0.0 {
                if outside {
                    return Err(Error::invalid(
                        "edges",
                        format!("{row} → {col} in a graph of {n_nodes} nodes"),
                    ));
                }
                report.zeros += 1;
                continue;
            }
            rows.push(row);
            cols.push(col);
            values.push(if policy.weights == Weights::Keep {
                weight
            } else {
                1.0
            });
        }
        let given = rows.len();
        let once = Csr::from_coo(n_nodes, n_nodes, &rows, &cols, &values, Duplicates::First)?;
        report.duplicates = given - once.nnz();
        if policy.weights == Weights::Keep && report.duplicates > 0 {
            check_repeats(&once, &rows, &cols, &values)?;
        }
        for (row, col, weight) in once.entries() {
            match once.get(col as usize, row) {
                None if policy.reject_asymmetric => {
                    return Err(Error::invalid(
                        "edges",
                        format!("{row} → {col} has no opposite"),
                    ));
                }
                None => report.one_way += 1,
                Some(other) if other != weight => {
                    return Err(Error::invalid(
                        "edges",
                        format!("{row} → {col} has weight {weight}, its opposite {other}"),
                    ));
                }
                Some(_) => {}
            }
        }
        let csr = once.symmetrize(Duplicates::First)?;
        Ok((Self { csr }, report))
    }

    /// A matrix that already is as this type has it.
    ///
    /// # Errors
    /// [`Error::Core`] where it is not symmetric, has something on its diagonal, or a value is not
    /// positive.
    pub fn from_csr(csr: Csr<f32>) -> Result<Self> {
        for (row, col, value) in csr.entries() {
            if row == col {
                return Err(Error::invalid(
                    "adjacency",
                    format!("node {row} has a self-loop"),
                ));
            }
            if value <= 0.0 {
                return Err(Error::invalid(
                    "adjacency",
                    format!("{row} → {col} has weight {value}, must be positive"),
                ));
            }
        }
        if !csr.is_symmetric(0.0) {
            return Err(Error::invalid("adjacency", "is not symmetric"));
        }
        Ok(Self { csr })
    }

    /// The symmetric matrix.
    pub fn csr(&self) -> &Csr<f32> {
        &self.csr
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.csr.n_rows()
    }

    /// Number of undirected edges.
    pub fn n_edges(&self) -> usize {
        self.csr.nnz() / 2
    }

    /// Number of nodes without an edge.
    pub fn n_isolated(&self) -> usize {
        (0..self.n_nodes())
            .filter(|&node| self.csr.row_len(node) == 0)
            .count()
    }
}

fn check_weight(row: u32, col: u32, weight: f32, weights: Weights) -> Result<()> {
    let fault = match weights {
        _ if !weight.is_finite() => "must be finite",
        Weights::Reject => "must be 1",
        Weights::Keep if weight <= 0.0 => "must be positive",
        Weights::Keep | Weights::Drop => return Ok(()),
    };
    Err(Error::invalid(
        "edges",
        format!("{row} → {col} has weight {weight}, {fault}"),
    ))
}

/// Refuses entries that were given again in the same direction with another weight than in `once`.
fn check_repeats(once: &Csr<f32>, rows: &[u32], cols: &[u32], values: &[f32]) -> Result<()> {
    for ((&row, &col), &weight) in rows.iter().zip(cols).zip(values) {
        if let Some(first) = once.get(row as usize, col)
            && first != weight
        {
            return Err(Error::invalid(
                "edges",
                format!("{row} → {col} has weight {first} and again {weight}"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(policy: EdgePolicy, entries: &[(u32, u32, f32)]) -> Result<(Adjacency, EdgeReport)> {
        Adjacency::from_entries(3, entries.iter().copied(), policy)
    }

    #[test]
    fn what_is_changed_is_counted() {
        let list = [
            (0, 1, 1.0),
            (0, 1, 1.0),
            (1, 0, 1.0),
            (2, 2, 1.0),
            (1, 2, 1.0),
        ];
        let (graph, report) = entries(EdgePolicy::default(), &list).unwrap();
        let expected = EdgeReport {
            self_loops: 1,
            duplicates: 1,
            one_way: 1,
            weighted: 0,
            zeros: 0,
        };
        assert_eq!(report, expected);
        assert_eq!(graph.n_edges(), 2);
        assert_eq!(graph, Adjacency::from_edges(3, &[(1, 0), (2, 1)]).unwrap());
        assert_eq!(Adjacency::from_edges(3, &[(0, 1)]).unwrap().n_isolated(), 1);
        assert_eq!(Adjacency::from_csr(graph.csr().clone()).unwrap(), graph);
    }

    #[test]
    fn weights_follow_the_policy() {
        let policy = |weights| EdgePolicy {
            weights,
            ..EdgePolicy::default()
        };
        let list = [(0, 1, 2.5), (1, 0, 2.5)];
        let (kept, report) = entries(policy(Weights::Keep), &list).unwrap();
        assert_eq!((kept.csr().get(0, 1), report.weighted), (Some(2.5), 2));
        let (dropped, _) = entries(policy(Weights::Drop), &list).unwrap();
        assert_eq!(dropped.csr().get(0, 1), Some(1.0));
        let list = [(0, 1, 0.0), (1, 2, 2.5), (1, 2, 2.5), (2, 2, 0.0)];
        let (dropped, report) = entries(policy(Weights::Drop), &list).unwrap();
        assert_eq!(dropped, Adjacency::from_edges(3, &[(1, 2)]).unwrap());
        let expected = EdgeReport {
            self_loops: 1,
            duplicates: 1,
            one_way: 1,
            weighted: 4,
            zeros: 1,
        };
        assert_eq!(report, expected);
        let (kept, report) = entries(policy(Weights::Keep), &list[1..3]).unwrap();
        assert_eq!((kept.csr().get(2, 1), report.duplicates), (Some(2.5), 1));
        for (policy, list, text) in [
            (
                policy(Weights::Reject),
                vec![(0, 1, 2.5)],
                "weight 2.5, must be 1",
            ),
            (
                policy(Weights::Keep),
                vec![(0, 1, -1.0)],
                "must be positive",
            ),
            (
                policy(Weights::Drop),
                vec![(0, 1, f32::NAN)],
                "must be finite",
            ),
            (
                policy(Weights::Keep),
                vec![(0, 1, 2.0), (1, 0, 3.0)],
                "0 → 1 has weight 2, its opposite 3",
            ),
            (
                policy(Weights::Keep),
                vec![(0, 1, 2.0), (1, 2, 1.0), (0, 1, 3.0)],
                "0 → 1 has weight 2 and again 3",
            ),
            (policy(Weights::Keep), vec![(0, 1, 0.0)], "must be positive"),
            (
                policy(Weights::Drop),
                vec![(0, 3, 0.0)],
                "0 → 3 in a graph of 3 nodes",
            ),
            (policy(Weights::Drop), vec![(0, 3, 1.0)], "column 3 of 3"),
            (
                policy(Weights::Drop),
                vec![(3, 3, 1.0)],
                "self-loop at node 3 of 3",
            ),
            (
                EdgePolicy {
                    reject_asymmetric: true,
                    ..EdgePolicy::default()
                },
                vec![(0, 1, 1.0)],
                "0 → 1 has no opposite",
            ),
        ] {
            let error = entries(policy, &list).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
        let one_way = Csr::from_dense(2, 2, &[0.0, 1.0, 0.0, 0.0]).unwrap();
        assert!(Adjacency::from_csr(one_way).is_err());
        assert!(Adjacency::from_csr(Csr::identity(2).unwrap()).is_err());
    }
}
