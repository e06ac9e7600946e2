//! The losses by name, with their numbers for each class put on a device.

use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::check::{not_negative, positive};
use serde::{Deserialize, Serialize};

use super::class_balanced::class_balanced;
use super::cross_entropy::{cross_entropy, re_weighted, shifted_cross_entropy};
use super::factors::{effective_number, inverse_frequency, ldam_margins, log_counts, log_priors};
use super::focal::focal;
use super::ldam::ldam;
use crate::model::like;
use crate::{Error, Result};

/// Which loss, under the names of the ReNode experiments where they have one.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum LossConfig {
    /// [`cross_entropy`].
    #[default]
    #[serde(rename = "ce")]
    CrossEntropy,
    /// [`re_weighted`] by inverse class frequencies.
    ReWeight,
    /// [`focal`] with inverse class frequencies as factors.
    Focal {
        /// The exponent, not negative.
        gamma: f64,
    },
    /// [`class_balanced`] with factors from effective numbers.
    #[serde(rename = "cb-softmax")]
    ClassBalanced {
        /// How fast further samples lose value, in [0, 1).
        beta: f64,
    },
    /// [`shifted_cross_entropy`] by the logarithms of class counts.
    BalancedSoftmax,
    /// [`ldam`].
    Ldam {
        /// The margin of the rarest class.
        margin: f64,
        /// What shifted logits are multiplied by.
        scale: f64,
        /// Deferred re-weighting: from which epoch (from 0) losses are multiplied by factors from
        /// effective numbers with β = 0.9999; never if absent.
        deferred: Option<usize>,
    },
    /// [`shifted_cross_entropy`] by τ times the logarithms of class frequencies.
    LogitAdjust {
        /// τ.
        tau: f64,
    },
}

/// β of LDAM's deferred re-weighting, as published.
const DEFERRED_BETA: f64 = 0.9999;

impl LossConfig {
    /// Focal loss with γ = 2.
    pub fn focal() -> Self {
        Self::Focal { gamma: 2.0 }
    }

    /// The class-balanced loss with β = 0.9999.
    pub fn class_balanced() -> Self {
        Self::ClassBalanced { beta: 0.9999 }
    }

    /// LDAM with margin 0.5, scale 30 and re-weighting from epoch `deferred` on.
    pub fn ldam(deferred: Option<usize>) -> Self {
        Self::Ldam {
            margin: 0.5,
            scale: 30.0,
            deferred,
        }
    }

    fn check(&self) -> Result<()> {
        const ORIGIN: &str = "loss";
        match *self {
            Self::Focal { gamma } => not_negative(ORIGIN, "gamma", gamma)?,
            Self::Ldam { margin, scale, .. } => {
                not_negative(ORIGIN, "margin", margin)?;
                positive(ORIGIN, "scale", scale)?;
            }
            Self::LogitAdjust { tau } if !tau.is_finite() => {
                let reason = format!("is {tau}, must be finite");
                return Err(Error::config(ORIGIN, "tau", reason));
            }
            _ => {}
        }
        Ok(())
    }
}

/// A checked [`LossConfig`] for given class counts on a device.
#[derive(Debug, Clone)]
pub struct ClassLoss {
    config: LossConfig,
    /// Factors, shifts or margins: `[k]`; absent for plain cross-entropy.
    numbers: Option<Tensor<1>>,
    /// Factors of deferred re-weighting: `[k]`.
    deferred: Option<Tensor<1>>,
}

impl ClassLoss {
    /// The loss for `counts` labeled training nodes of each class.
    ///
    /// # Errors
    /// [`Error::EmptyClass`] where a count is 0; [`Error::Core`] naming a setting out of its domain.
    pub fn new(config: LossConfig, counts: &[usize], device: &Device) -> Result<Self> {
        config.check()?;
        let upload = |numbers: Vec<f64>| {
            let data = TensorData::new(numbers, [counts.len()]);
            Tensor::<1>::from_data(data, &device.clone().inner())
        };
        let numbers = match config {
            LossConfig::CrossEntropy => None,
            LossConfig::ReWeight | LossConfig::Focal { .. } => Some(inverse_frequency(counts)?),
            LossConfig::ClassBalanced { beta } => Some(effective_number(counts, beta)?),
            LossConfig::BalancedSoftmax => Some(log_counts(counts)?),
            LossConfig::Ldam { margin, .. } => Some(ldam_margins(counts, margin)?),
            LossConfig::LogitAdjust { tau } => Some(log_priors(counts, tau)?),
        };
        let deferred = match config {
            LossConfig::Ldam {
                deferred: Some(_), ..
            } => Some(effective_number(counts, DEFERRED_BETA)?),
            _ => None,
        };
        Ok(Self {
            config,
            numbers: numbers.map(upload),
            deferred: deferred.map(upload),
        })
    }

    /// The loss of each node in epoch `epoch`, counted from 0.
    ///
    /// # Shapes
    /// - logits: `[n, k]`
    /// - targets: `[n]`, classes below k
    /// - result: `[n]`
    ///
    /// # Panics
    /// If there are not k class counts.
    pub fn per_node(&self, logits: Tensor<2>, targets: Tensor<1, Int>, epoch: usize) -> Tensor<1> {
        let Some(numbers) = self.numbers.clone() else {
            return cross_entropy(logits, targets);
        };
        match self.config {
            LossConfig::CrossEntropy => cross_entropy(logits, targets),
            LossConfig::ReWeight => re_weighted(logits, targets, numbers),
            LossConfig::Focal { gamma } => focal(logits, targets, numbers, gamma),
            LossConfig::ClassBalanced { .. } => class_balanced(logits, targets, numbers),
            LossConfig::BalancedSoftmax | LossConfig::LogitAdjust { .. } => {
                shifted_cross_entropy(logits, targets, numbers)
            }
            LossConfig::Ldam {
                scale, deferred, ..
            } => {
                let losses = ldam(logits, targets.clone(), numbers, scale);
                match &self.deferred {
                    Some(factors) if deferred.is_some_and(|first| epoch >= first) => {
                        let factors = like(factors.clone(), &losses);
                        losses * factors.select(0, targets)
                    }
                    _ => losses,
                }
            }
        }
    }
}
