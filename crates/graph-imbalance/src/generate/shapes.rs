//! Small shapes with answers in closed form.

use crate::graph::Adjacency;
use crate::{Error, Result};

/// The most edges of a shape.
const LIMIT: usize = 50_000_000;

/// The path 0 – 1 – … – (n − 1).
///
/// # Errors
/// [`Error::Core`] for more than 50 million edges.
pub fn path(n_nodes: usize) -> Result<Adjacency> {
    check("path", n_nodes)?;
    let edges: Vec<(u32, u32)> = (1..n_nodes as u32).map(|node| (node - 1, node)).collect();
    Adjacency::from_edges(n_nodes, &edges)
}

/// The complete graph K_n: P = αI + (1 − α) J/n, where J is all ones.
///
/// # Errors
/// [`Error::Core`] for more than 50 million edges.
pub fn complete(n_nodes: usize) -> Result<Adjacency> {
    check("complete graph", pairs(n_nodes))?;
    Adjacency::from_edges(n_nodes, &clique(0, n_nodes as u32))
}

/// Two complete graphs of `side` nodes each, joined by one edge between their nodes `side − 1` and
/// `side`.
///
/// # Errors
/// [`Error::Core`] where `side` is 0 or for more than 50 million edges.
pub fn barbell(side: usize) -> Result<Adjacency> {
    check("barbell", pairs(side).saturating_mul(2).saturating_add(1))?;
    if side == 0 {
        return Err(Error::invalid(
            "barbell",
            "has sides of 0 nodes, at least 1",
        ));
    }
    let middle = side as u32;
    let mut edges = clique(0, middle);
    edges.extend(clique(middle, 2 * middle));
    edges.push((middle - 1, middle));
    Adjacency::from_edges(2 * side, &edges)
}

fn clique(first: u32, end: u32) -> Vec<(u32, u32)> {
    (first..end)
        .flat_map(|a| (a + 1..end).map(move |b| (a, b)))
        .collect()
}

fn pairs(n_nodes: usize) -> usize {
    n_nodes.saturating_mul(n_nodes.saturating_sub(1)) / 2
}

fn check(what: &str, edges: usize) -> Result<()> {
    if edges > LIMIT {
        return Err(Error::invalid(
            what,
            format!("has {edges} edges, at most {LIMIT}"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_textbook() {
        assert_eq!(path(4).unwrap().n_edges(), 3);
        assert_eq!(complete(5).unwrap().n_edges(), 10);
        let barbell = barbell(3).unwrap();
        assert_eq!((barbell.n_nodes(), barbell.n_edges()), (6, 7));
        assert_eq!(barbell.csr().get(2, 3), Some(1.0));
        assert_eq!(
            complete(0).unwrap().n_nodes() + path(0).unwrap().n_nodes(),
            0
        );
        assert!(path(usize::MAX).is_err() && complete(usize::MAX).is_err());
        assert!(super::barbell(0).is_err() && super::barbell(usize::MAX).is_err());
    }
}
