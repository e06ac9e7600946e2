//! Settings of networks, checked where a network is made.

use burn::tensor::Device;
use plm_core::check::{at_least, below_one};
use plm_core::nn::init::{Init, initialize};
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::cheb::ChebLayer;
use super::dense::{DenseLayer, Mlp};
use super::gat::GatLayer;
use super::gcn::GcnLayer;
use super::network::Network;
use super::ppnp::{Appnp, PowerSteps, Ppnp};
use super::pprgo::Pprgo;
use super::sage::SageLayer;
use super::sgc::Sgc;
use super::stack::{GraphLayer, Stack};
use crate::{Error, Result};

/// Which network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Architecture {
    /// Graph convolution.
    Gcn,
    /// Graph attention.
    Gat {
        /// Heads of all layers but the last, which has one; divides the hidden width.
        heads: usize,
    },
    /// GraphSAGE with the mean aggregator.
    Sage,
    /// Chebyshev convolution.
    Cheb {
        /// K: polynomials have degree below it.
        order: usize,
    },
    /// Simplified graph convolution; the number of layers is the number of propagations.
    Sgc,
    /// A perceptron propagated by a PageRank matrix.
    Ppnp,
    /// A perceptron propagated by power steps.
    Appnp(PowerSteps),
    /// A perceptron propagated by sparse rows of PageRank; the power steps are those of inference.
    Pprgo(PowerSteps),
}

impl Architecture {
    /// Graph attention with the 4 heads of the ReNode experiments.
    pub fn gat() -> Self {
        Self::Gat { heads: 4 }
    }

    /// Chebyshev convolution with K = 2, as in the ReNode experiments.
    pub fn cheb() -> Self {
        Self::Cheb { order: 2 }
    }

    /// APPNP with 10 steps and the teleport probability 0.15 that ReNode has for its PageRank; the
    /// paper of APPNP has 0.1.
    pub fn appnp() -> Self {
        Self::Appnp(PowerSteps {
            steps: 10,
            teleport: 0.15,
        })
    }

    /// PPRGo with 2 steps of inference and teleport probability 0.15.
    pub fn pprgo() -> Self {
        Self::Pprgo(PowerSteps {
            steps: 2,
            teleport: 0.15,
        })
    }
}

/// Settings of a network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Which network.
    pub architecture: Architecture,
    /// Number of layers, at least 1.
    pub layers: usize,
    /// Width between layers; SGC has one layer and none between.
    pub hidden: usize,
    /// Dropout probability between layers, of which SGC has none.
    pub dropout: f64,
    /// Dropout probability of the features.
    pub input_dropout: f64,
}

impl NetworkConfig {
    /// The settings of the ReNode experiments: 2 layers, 32 wide, dropout 0.5 between them and none
    /// on the features; for PPRGo, dropout 0.1 on both.
    pub fn new(architecture: Architecture) -> Self {
        let (dropout, input_dropout) = match architecture {
            Architecture::Pprgo(_) => (0.1, 0.1),
            _ => (0.5, 0.0),
        };
        Self {
            architecture,
            layers: 2,
            hidden: 32,
            dropout,
            input_dropout,
        }
    }

    /// A network of these settings on `device`, which must be an autodiff device if it is to be
    /// trained. Weights are drawn by Glorot's rule from the streams of `seed`, biases are zero.
    ///
    /// # Errors
    /// [`Error::Core`] naming the setting, its value and the limit.
    pub fn init(
        &self,
        n_features: usize,
        n_classes: usize,
        seed: Seed,
        device: &Device,
    ) -> Result<Network> {
        self.check(n_features, n_classes)?;
        let (inputs, outputs) = (n_features, n_classes);
        let network = match self.architecture {
            Architecture::Gcn => Network::Gcn(self.stack(inputs, outputs, |from, to, _| {
                GcnLayer::new(from, to, device)
            })),
            Architecture::Gat { heads } => {
                Network::Gat(self.stack(inputs, outputs, |from, to, last| {
                    let heads = if last { 1 } else { heads };
                    GatLayer::new(from, heads, to / heads, device)
                }))
            }
            Architecture::Sage => Network::Sage(self.stack(inputs, outputs, |from, to, _| {
                SageLayer::new(from, to, device)
            })),
            Architecture::Cheb { order } => {
                Network::Cheb(self.stack(inputs, outputs, |from, to, _| {
                    ChebLayer::new(from, to, order, device)
                }))
            }
            Architecture::Sgc => Network::Sgc(Sgc {
                input_dropout: self.input_dropout,
                ..Sgc::new(inputs, outputs, self.layers, device)
            }),
            Architecture::Ppnp => Network::Ppnp(Ppnp {
                mlp: self.mlp(inputs, outputs, true, device),
            }),
            Architecture::Appnp(power) => Network::Appnp(Appnp {
                mlp: self.mlp(inputs, outputs, true, device),
                power,
            }),
            Architecture::Pprgo(power) => Network::Pprgo(Pprgo {
                mlp: self.mlp(inputs, outputs, false, device),
                power,
            }),
        };
        Ok(initialize(
            network,
            seed.child("network"),
            |path| match path.ends_with("bias") {
                true => Init::Constant(0.0),
                false => Init::Glorot,
            },
        ))
    }

    /// Layers made by `make` from the widths before and after it and whether it is the last.
    fn stack<L: GraphLayer>(
        &self,
        n_features: usize,
        n_classes: usize,
        make: impl Fn(usize, usize, bool) -> L,
    ) -> Stack<L> {
        let layer = |at: usize| {
            let last = at + 1 == self.layers;
            let from = if at == 0 { n_features } else { self.hidden };
            make(from, if last { n_classes } else { self.hidden }, last)
        };
        Stack {
            layers: (0..self.layers).map(layer).collect(),
            dropout: self.dropout,
            input_dropout: self.input_dropout,
        }
    }

    fn mlp(&self, n_features: usize, n_classes: usize, bias: bool, device: &Device) -> Mlp {
        self.stack(n_features, n_classes, |from, to, _| {
            DenseLayer::new(from, to, bias, device)
        })
    }

    fn check(&self, n_features: usize, n_classes: usize) -> Result<()> {
        const ORIGIN: &str = "NetworkConfig";
        let refuse = |key: &str, reason: String| Err(Error::config(ORIGIN, key, reason));
        for (key, value) in [
            ("layers", self.layers),
            ("hidden", self.hidden),
            ("n_features", n_features),
            ("n_classes", n_classes),
        ] {
            at_least(ORIGIN, key, value, 1)?;
        }
        for (key, value) in [
            ("dropout", self.dropout),
            ("input_dropout", self.input_dropout),
        ] {
            below_one(ORIGIN, key, value)?;
        }
        match self.architecture {
            Architecture::Gat { heads } if heads == 0 || !self.hidden.is_multiple_of(heads) => {
                let hidden = self.hidden;
                refuse(
                    "heads",
                    format!("is {heads}, must divide `hidden`, {hidden}"),
                )
            }
            Architecture::Cheb { order: 0 } => refuse("order", "is 0, must be positive".to_owned()),
            Architecture::Appnp(PowerSteps { teleport, .. })
            | Architecture::Pprgo(PowerSteps { teleport, .. })
                if !(teleport > 0.0 && teleport <= 1.0) =>
            {
                refuse("teleport", format!("is {teleport}, must lie in (0, 1]"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_settings_are_named() {
        let base = NetworkConfig::new(Architecture::Gcn);
        let device = plm_core::device::parse(plm_core::device::available()[0]).unwrap();
        let fail = |config: NetworkConfig| {
            let result = config.init(3, 2, Seed::new(1), &device);
            result.map(|_| ()).unwrap_err().to_string()
        };
        let power = |teleport| Architecture::Appnp(PowerSteps { steps: 1, teleport });
        for (config, text) in [
            (NetworkConfig { layers: 0, ..base }, "`layers` is 0"),
            (NetworkConfig { hidden: 0, ..base }, "`hidden` is 0"),
            (
                NetworkConfig {
                    dropout: 1.0,
                    ..base
                },
                "`dropout` is 1, must lie in [0, 1)",
            ),
            (
                NetworkConfig {
                    input_dropout: f64::NAN,
                    ..base
                },
                "`input_dropout` is NaN",
            ),
            (
                NetworkConfig::new(Architecture::Gat { heads: 5 }),
                "`heads` is 5, must divide `hidden`, 32",
            ),
            (
                NetworkConfig::new(Architecture::Cheb { order: 0 }),
                "`order` is 0",
            ),
            (NetworkConfig::new(power(0.0)), "`teleport` is 0"),
            (NetworkConfig::new(power(f64::NAN)), "`teleport` is NaN"),
        ] {
            let error = fail(config);
            assert!(error.contains(text), "{error:?} lacks {text:?}");
        }
        let error = base
            .init(0, 2, Seed::new(1), &device)
            .map(|_| ())
            .unwrap_err();
        assert!(error.to_string().contains("`n_features` is 0"));
    }

    #[test]
    fn settings_are_read_and_written() {
        for architecture in [
            Architecture::gat(),
            Architecture::Sage,
            Architecture::appnp(),
        ] {
            let config = NetworkConfig::new(architecture);
            let text = serde_json::to_string(&config).unwrap();
            assert_eq!(
                serde_json::from_str::<NetworkConfig>(&text).unwrap(),
                config
            );
        }
    }
}
