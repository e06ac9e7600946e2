//! From similarities to the weights of a graph.

use serde::{Deserialize, Serialize};

/// How a similarity becomes an edge weight, which must not be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Affinity {
    /// Negative similarities become 0.
    #[default]
    Clip,
    /// (1 + s) / 2, and 0 for similarities below −1.
    Shift,
}

impl Affinity {
    /// The weight of a similarity.
    pub fn weight(self, similarity: f64) -> f64 {
        match self {
            Self::Clip => similarity.max(0.0),
            Self::Shift => ((1.0 + similarity) / 2.0).max(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_never_negative() {
        let weights =
            |affinity: Affinity| [-2.0, -1.0, -0.5, 0.0, 1.0, 1.5].map(|s| affinity.weight(s));
        assert_eq!(weights(Affinity::Clip), [0.0, 0.0, 0.0, 0.0, 1.0, 1.5]);
        assert_eq!(weights(Affinity::Shift), [0.0, 0.0, 0.25, 0.5, 1.0, 1.25]);
    }
}
