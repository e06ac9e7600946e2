//! Settings of subgraph sampling.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How views are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ViewSettings {
    /// The probability of starting again after a step, from 0.01 to 1.
    pub restart: f64,
    /// The least number of steps (`rw_hops`); better below the mean number of nodes of a graph.
    pub hops: usize,
    /// The power of the degree by which nodes are drawn and steps are counted, from 0 to 2.
    pub degree_power: f64,
    /// The width of the positions.
    pub position_width: usize,
    /// Sets of nodes whose positions are kept for later draws.
    pub cached_positions: usize,
}

impl Default for ViewSettings {
    /// Restart 0.8, 3 hops, power 0.75, width 32, as in CLEVE; 65 536 sets of nodes.
    fn default() -> Self {
        Self {
            restart: 0.8,
            hops: 3,
            degree_power: 0.75,
            position_width: 32,
            cached_positions: 65_536,
        }
    }
}

impl ViewSettings {
    pub(super) fn check(&self) -> Result<()> {
        // The number of steps grows with the power and with 1 / restart: both must stay moderate.
        if !(0.01..=1.0).contains(&self.restart) {
            let reason = format!("{}; must be from 0.01 to 1", self.restart);
            return Err(Error::invalid("restart", reason));
        }
        if self.hops == 0 {
            return Err(Error::invalid("hops", "0; must be at least 1"));
        }
        if !(0.0..=2.0).contains(&self.degree_power) {
            let reason = format!("{}; must be from 0 to 2", self.degree_power);
            return Err(Error::invalid("degree power", reason));
        }
        Ok(())
    }
}
