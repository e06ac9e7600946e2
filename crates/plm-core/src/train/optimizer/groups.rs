//! Parameter groups: settings for the parameters that a predicate chooses.

use std::fmt;
use std::sync::Arc;

use crate::Result;
use crate::check::not_negative;
use crate::train::ParamInfo;

type Predicate = Arc<dyn Fn(&ParamInfo<'_>) -> bool + Send + Sync>;

/// Parameters with a learning rate or weight decay of their own.
#[derive(Clone)]
pub struct ParamGroup {
    name: String,
    select: Predicate,
    lr: Option<f64>,
    weight_decay: Option<f64>,
}

/// What applies to one parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupSettings {
    /// The base learning rate, before the schedule.
    pub lr: f64,
    /// The weight decay.
    pub weight_decay: f64,
}

impl ParamGroup {
    /// The parameters that `select` chooses. `name` is used in error texts only.
    pub fn new(
        name: impl Into<String>,
        select: impl Fn(&ParamInfo<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            select: Arc::new(select),
            lr: None,
            weight_decay: None,
        }
    }

    /// Sets the group's base learning rate.
    pub fn with_lr(mut self, lr: f64) -> Self {
        self.lr = Some(lr);
        self
    }

    /// Sets the group's weight decay, also for its biases and normalization layers.
    pub fn with_weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = Some(weight_decay);
        self
    }

    /// The group's learning rate, if it has its own.
    pub fn lr(&self) -> Option<f64> {
        self.lr
    }

    /// The group's weight decay, if it has its own.
    pub fn weight_decay(&self) -> Option<f64> {
        self.weight_decay
    }

    /// Whether the group chooses this parameter.
    pub fn selects(&self, info: &ParamInfo<'_>) -> bool {
        (self.select)(info)
    }

    pub(super) fn check(&self) -> Result<()> {
        let origin = format!("ParamGroup {}", self.name);
        not_negative(&origin, "lr", self.lr.unwrap_or(0.0))?;
        not_negative(&origin, "weight_decay", self.weight_decay.unwrap_or(0.0))
    }
}

impl fmt::Debug for ParamGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParamGroup")
            .field("name", &self.name)
            .field("lr", &self.lr)
            .field("weight_decay", &self.weight_decay)
            .finish_non_exhaustive()
    }
}
