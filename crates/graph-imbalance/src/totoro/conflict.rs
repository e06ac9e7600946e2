//! The conflicts of the labeled nodes.

/// The conflict T of each labeled node.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    nodes: Vec<u32>,
    values: Vec<f64>,
}

impl Conflict {
    pub(super) fn new(nodes: Vec<u32>, values: Vec<f64>) -> Self {
        Self { nodes, values }
    }

    /// The labeled nodes, in the order they were given.
    pub fn nodes(&self) -> &[u32] {
        &self.nodes
    }

    /// T of each of [`Conflict::nodes`], at least 0; exactly 0 where no node of another class can be
    /// reached.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// ΣT: the topology imbalance of the labeled set ("overall conflict").
    pub fn total(&self) -> f64 {
        self.values.iter().sum()
    }

    /// The mean of T, which compares sets of different sizes.
    pub fn mean(&self) -> f64 {
        self.total() / self.values.len() as f64
    }
}
