//! Named nodes, and pairs of a node and one above it.

use plm_core::graph::{Csr, Duplicates};

use crate::{Error, Result};

/// The most ancestors of a closure, of all nodes together.
const MOST_PAIRS: usize = 1 << 28;

/// Pairs (node, ancestor) of named nodes, without cycles where a [closure](Hierarchy::closure) is taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Hierarchy {
    names: Vec<String>,
    related: Csr<f32>,
}

impl Hierarchy {
    /// The pairs (lower, upper) of nodes, which are places in `names`.
    ///
    /// # Errors
    /// [`Error::Core`] where there is no name, or a pair names no node, one node twice, or comes twice.
    pub fn new(names: Vec<String>, pairs: &[(u32, u32)]) -> Result<Self> {
        if names.is_empty() {
            return Err(invalid("has no node"));
        }
        if let Some((node, _)) = pairs.iter().find(|(lower, upper)| lower == upper) {
            return Err(invalid(&format!("node {node} is above itself")));
        }
        let related = Csr::from_edges(names.len(), pairs, Duplicates::Reject)?;
        Ok(Self { names, related })
    }

    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.names.len()
    }

    /// The names of the nodes.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Row u has an entry for each node above u, ascending: `[nodes, nodes]`.
    pub fn related(&self) -> &Csr<f32> {
        &self.related
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.related.nnz()
    }

    /// Whether no node is above another.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pairs (lower, upper), by lower node.
    pub fn pairs(&self) -> impl Iterator<Item = (u32, u32)> {
        self.related
            .entries()
            .map(|(lower, upper, _)| (lower, upper))
    }

    /// The transitive closure: all pairs of a node and one that some steps upward lead to.
    ///
    /// # Errors
    /// [`Error::Core`] where a node is above itself in some steps, or there would be more than 2²⁸ pairs.
    pub fn closure(&self) -> Result<Self> {
        let nodes = self.nodes();
        let mut mark = vec![u32::MAX; nodes];
        let mut pairs = Vec::new();
        let mut open = Vec::new();
        for node in 0..nodes as u32 {
            open.push(node);
            while let Some(at) = open.pop() {
                for &upper in self.related.row(at as usize).0 {
                    if upper == node {
                        let name = &self.names[node as usize];
                        return Err(invalid(&format!("`{name}` is above itself in some steps")));
                    }
                    if std::mem::replace(&mut mark[upper as usize], node) != node {
                        pairs.push((node, upper));
                        open.push(upper);
                    }
                }
            }
            if pairs.len() > MOST_PAIRS {
                let reason = format!("its closure has more than {MOST_PAIRS} pairs, the limit");
                return Err(invalid(&reason));
            }
        }
        Self::new(self.names.clone(), &pairs)
    }
}

pub(super) fn invalid(reason: &str) -> Error {
    plm_core::Error::invalid("hierarchy", reason).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn of(nodes: u32, pairs: &[(u32, u32)]) -> Result<Hierarchy> {
        Hierarchy::new((0..nodes).map(|n| n.to_string()).collect(), pairs)
    }

    /// A diamond: 3 below 1 and 2, both below 0.
    #[test]
    fn a_diamond_closes() {
        let diamond = of(4, &[(3, 2), (3, 1), (1, 0), (2, 0)]).unwrap();
        let closure = diamond.closure().unwrap();
        let pairs: Vec<_> = closure.pairs().collect();
        assert_eq!(pairs, [(1, 0), (2, 0), (3, 0), (3, 1), (3, 2)]);
        assert_eq!((closure.len(), closure.nodes()), (5, 4));
        assert_eq!(closure.closure().unwrap(), closure);
        assert!(of(2, &[]).unwrap().closure().unwrap().is_empty());
    }

    #[test]
    fn what_is_no_hierarchy_is_refused() {
        assert!(of(0, &[]).is_err() && of(2, &[(0, 2)]).is_err());
        assert!(
            of(2, &[(1, 1)])
                .unwrap_err()
                .to_string()
                .contains("above itself")
        );
        assert!(of(2, &[(0, 1), (0, 1)]).is_err());
        let cycle = of(4, &[(3, 0), (0, 1), (1, 2), (2, 0)]).unwrap();
        let error = cycle.closure().unwrap_err().to_string();
        assert!(
            error.contains("`0` is above itself in some steps"),
            "{error}"
        );
    }

    proptest! {
        /// A pair is in the closure where and only where a path leads up.
        #[test]
        fn closures_hold_what_can_be_reached(
            pairs in proptest::collection::btree_set((1_u32..8, 0_u32..7), 0..14),
        ) {
            let pairs: Vec<_> = pairs.into_iter().filter(|(low, up)| low > up).collect();
            let whole = of(8, &pairs).unwrap();
            let closure = whole.closure().unwrap();
            for node in 0..8_u32 {
                let mut reached = whole.related().reach(&[node], u32::MAX).unwrap().nodes;
                reached.retain(|&other| other != node);
                reached.sort_unstable();
                prop_assert_eq!(closure.related().row(node as usize).0, reached);
            }
        }
    }
}
