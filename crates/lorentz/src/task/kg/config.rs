//! Settings of model and training.

use plm_core::Error;
use plm_core::check::{below_one, positive};
use serde::{Deserialize, Serialize};

use crate::Result;

/// The space of the entities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityGeometry {
    /// The hyperboloid with k = 1. Homogeneity makes other curvatures the same model with other
    /// bounds.
    #[default]
    Lorentz,
    /// Euclidean space of as many numbers: affine maps of relations and negative squared distances.
    Euclidean,
}

/// Which random tails are no negatives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NegativeFilter {
    /// Every entity may be one, the right tail included.
    None,
    /// Tails that a training triple names are none.
    #[default]
    Train,
    /// Tails that a triple of any split names are none, as with the authors' `real_neg`. It tells the
    /// model about test triples: for comparison only.
    AllSplits,
}

/// Settings of [`fit`](super::fit) and of both learners.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompletionConfig {
    /// The space of the entities.
    pub geometry: EntityGeometry,
    /// Numbers of an entity, its time included.
    pub d_model: usize,
    /// Added to all scores.
    pub margin: f64,
    /// λ: how far the time of a transformed head can rise.
    pub scale: f64,
    /// Largest norm of an entity's space components.
    pub max_space_norm: f64,
    /// Longest step of an entity.
    pub max_step: f64,
    /// Triples of a step; all of them where there are fewer. What is left over at the end of an epoch is
    /// dropped.
    pub batch_size: usize,
    /// Negatives of each triple.
    pub negatives: usize,
    /// Which random tails are no negatives.
    pub negative_filter: NegativeFilter,
    /// Learning rate of everything.
    pub learning_rate: f64,
    /// Bound on the norm of all ambient gradients.
    pub clip: Option<f64>,
    /// Decay of the first moments.
    pub beta_1: f64,
    /// Decay of the second moments.
    pub beta_2: f64,
    /// Added to the roots of the second moments.
    pub epsilon: f64,
    /// Epochs at most.
    pub epochs: u64,
    /// Epochs between evaluations.
    pub evaluate_every: u64,
    /// Evaluations without a better one after which training stops.
    pub patience: Option<u64>,
}

impl Default for CompletionConfig {
    fn default() -> Self {
        Self::wn18rr()
    }
}

impl CompletionConfig {
    /// The authors' settings for WN18RR, with negatives filtered by the training triples alone.
    pub fn wn18rr() -> Self {
        Self {
            geometry: EntityGeometry::Lorentz,
            d_model: 32,
            margin: 8.0,
            scale: 3.5,
            max_space_norm: 1.5,
            max_step: 1.5,
            batch_size: 1000,
            negatives: 50,
            negative_filter: NegativeFilter::Train,
            learning_rate: 0.005,
            clip: Some(1.0),
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            epochs: 1000,
            evaluate_every: 10,
            patience: Some(20),
        }
    }

    /// The authors' settings for FB15k-237, where negatives are not filtered.
    pub fn fb15k_237() -> Self {
        Self {
            scale: 2.5,
            batch_size: 500,
            negative_filter: NegativeFilter::None,
            learning_rate: 0.003,
            epochs: 500,
            evaluate_every: 5,
            ..Self::wn18rr()
        }
    }

    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting that is out of its limits.
    pub(super) fn check(&self) -> Result<()> {
        const ORIGIN: &str = "CompletionConfig";
        let refuse = |key: &str, value: String, limit: &str| {
            let reason = format!("is {value}, must be {limit}");
            Err(Error::config(ORIGIN, key, reason).into())
        };
        for (key, value, least) in [
            ("d_model", self.d_model, 2),
            ("batch_size", self.batch_size, 1),
            ("negatives", self.negatives, 1),
            ("epochs", self.epochs as usize, 1),
            ("evaluate_every", self.evaluate_every as usize, 1),
        ] {
            if value < least || u32::try_from(value).is_err() {
                return refuse(key, value.to_string(), &format!("{least} to 2^32 - 1"));
            }
        }
        if self.batch_size.saturating_mul(self.negatives + 1) > u32::MAX as usize {
            let limit = "small enough for fewer than 2^32 candidates of a batch";
            return refuse("negatives", self.negatives.to_string(), limit);
        }
        for (key, value) in [
            ("scale", self.scale),
            ("max_space_norm", self.max_space_norm),
            ("max_step", self.max_step),
            ("learning_rate", self.learning_rate),
            ("clip", self.clip.unwrap_or(1.0)),
            ("epsilon", self.epsilon),
        ] {
            positive(ORIGIN, key, value)?;
        }
        for (key, value) in [("beta_1", self.beta_1), ("beta_2", self.beta_2)] {
            below_one(ORIGIN, key, value)?;
        }
        if self.patience == Some(0) {
            return refuse("patience", "0".into(), "at least 1, or null for never");
        }
        if !self.margin.is_finite() {
            return refuse("margin", self.margin.to_string(), "finite");
        }
        Ok(())
    }
}
