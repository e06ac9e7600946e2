//! How a model is divided into experts.

use plm_core::kernel::Activation;
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use crate::router::RouterKind;
use crate::{Error, Result};

/// How neurons are divided into experts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitKind {
    /// At random.
    Random,
    /// Neighbors together.
    Contiguous,
    /// Balanced k-means over the normalized input weights (the gate's in gated layers).
    Cluster,
    /// Partition of the graph of neurons that are active together.
    Coactivation,
}

/// What the neurons of unselected experts count as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// 0: right where activations are often 0 (ReLU).
    Zero,
    /// Their mean over the captured tokens that routers are trained on (G-MoEfication): for GELU and
    /// SiLU.
    Mean,
}

/// How a model is converted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MoeConfig {
    /// Neurons of an expert; 32 in the paper.
    pub expert_size: usize,
    /// How neurons are divided.
    pub split: SplitKind,
    /// How experts are chosen.
    pub router: RouterKind,
    /// Share of the experts that a token gets, rounded to at least one: 0.2 in the paper.
    pub share: f64,
    /// What unselected neurons count as; where absent, 0 for ReLU and their mean for others.
    pub fill: Option<Fill>,
    /// Seed of splits and routers; the seed in a trained router's own settings counts besides.
    pub seed: Seed,
}

impl Default for MoeConfig {
    fn default() -> Self {
        Self {
            expert_size: 32,
            split: SplitKind::Cluster,
            router: RouterKind::Mlp(Default::default()),
            share: 0.2,
            fill: None,
            seed: Seed::new(0),
        }
    }
}

impl MoeConfig {
    /// Experts of `experts` that a token gets.
    ///
    /// # Errors
    /// [`Error::Setting`] where the share is not above 0 and at most 1, or there are no experts.
    pub fn k(&self, experts: usize) -> Result<usize> {
        if experts == 0 {
            return Err(Error::Setting {
                name: "experts",
                value: experts.to_string(),
                limit: "there must be at least one expert",
            });
        }
        if !(self.share > 0.0 && self.share <= 1.0) {
            return Err(Error::Setting {
                name: "share",
                value: self.share.to_string(),
                limit: "must be above 0 and at most 1",
            });
        }
        Ok(((self.share * experts as f64).round() as usize).clamp(1, experts))
    }

    /// What unselected neurons of a layer count as.
    pub fn fill(&self, activation: Activation) -> Fill {
        self.fill.unwrap_or(match activation {
            Activation::Relu => Fill::Zero,
            _ => Fill::Mean,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_to_one_expert_or_more() {
        let k = |share, experts| {
            let config = MoeConfig {
                share,
                ..MoeConfig::default()
            };
            config.k(experts)
        };
        assert_eq!([k(0.2, 96).unwrap(), k(0.3, 32).unwrap()], [19, 10]);
        assert_eq!([k(1e-9, 8).unwrap(), k(1.0, 8).unwrap()], [1, 8]);
        for (share, experts, name) in [(0.0, 8, "share"), (1.5, 8, "share"), (0.2, 0, "experts")] {
            let error = k(share, experts).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }
}
