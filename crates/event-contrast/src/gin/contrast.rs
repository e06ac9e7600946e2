use plm_core::check::{at_least, below_one};
use serde::{Deserialize, Serialize};

use crate::Result;

/// What a view is contrasted with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum GraphContrast {
    /// Momentum contrast (He et al., CVPR 2020): the keys come from a moving average of the encoder,
    /// negatives are the keys of earlier batches.
    Moco {
        /// Keys of earlier batches that are kept. The README of CLEVE advises 6 % of all nodes.
        queue: usize,
        /// What the moving average keeps of itself in each step, in [0, 1).
        momentum: f64,
    },
    /// The other pairs of the batch; both views go through the encoder itself.
    InBatch,
}

impl Default for GraphContrast {
    /// A queue of 32 and a momentum of 0.999, as released.
    fn default() -> Self {
        Self::Moco {
            queue: 32,
            momentum: 0.999,
        }
    }
}

impl GraphContrast {
    pub(super) fn check(&self) -> Result<()> {
        let Self::Moco { queue, momentum } = *self else {
            return Ok(());
        };
        at_least("GraphContrast", "queue", queue, 1)?;
        below_one("GraphContrast", "momentum", momentum)?;
        Ok(())
    }
}
