//! Optimizers over whole modules, with parameter groups and state keyed by parameter path.
//!
//! burn's own `ModuleOptimizer` keys its state by `ParamId`, which safetensors files do not keep,
//! and runs AdamW as some ten element-wise passes, each by one thread on CPU devices. Here an update
//! on a CPU device is one pass by all threads, and elsewhere the same formula in tensor operations.
//! State belongs to a path and a shape: a parameter that has grown begins anew.

mod adafactor;
mod adamw;
mod groups;
mod sgd;
mod state;

pub use adafactor::AdafactorConfig;
pub use adamw::AdamWConfig;
pub use groups::{GroupSettings, ParamGroup};
pub use sgd::SgdConfig;

use std::collections::{BTreeMap, HashMap};

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

use self::state::Slots;
use super::flat::{Flat, on_host_path, to_host};
use super::gradients::Gradients;
use super::params::{AutodiffState, ParamInfo, Place};
use crate::Result;
use crate::check::not_negative;
use crate::kernel::precision::{at_least_single, to_dtype};

/// The update rule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Algorithm {
    /// Adam with decoupled weight decay.
    #[serde(rename = "adamw")]
    AdamW(AdamWConfig),
    /// Stochastic gradient descent.
    Sgd(SgdConfig),
    /// Factored second moments.
    Adafactor(AdafactorConfig),
}

impl Default for Algorithm {
    fn default() -> Self {
        Self::AdamW(AdamWConfig::default())
    }
}

impl Algorithm {
    fn check(&self) -> Result<()> {
        match self {
            Self::AdamW(config) => config.check(),
            Self::Sgd(config) => config.check(),
            Self::Adafactor(config) => config.check(),
        }
    }
}

/// What one update of one parameter needs beside the numbers themselves.
#[derive(Debug, Clone, Copy)]
struct Update<'a> {
    /// The learning rate, the schedule's factor included.
    lr: f64,
    weight_decay: f64,
    /// What the gradient is to be multiplied by first.
    grad_scale: f64,
    /// Number of this update of this parameter, from 1.
    step: u64,
    shape: &'a [usize],
}

/// An optimizer for all trainable parameters of a module.
///
/// ```
/// use plm_core::train::{AdamWConfig, Optimizer, ParamGroup};
///
/// // Weight decay 0.01, but none for biases and normalization layers; ten times the rate for the head.
/// let optimizer = Optimizer::adamw(AdamWConfig::default(), 2e-5)
///     .with_weight_decay(0.01)
///     .with_group(ParamGroup::new("head", |param| param.is_under("classifier")).with_lr(2e-4));
/// assert!(optimizer.check().is_ok());
/// ```
#[derive(Debug, Clone)]
pub struct Optimizer {
    algorithm: Algorithm,
    lr: f64,
    weight_decay: f64,
    decay_all: bool,
    groups: Vec<ParamGroup>,
    slots: BTreeMap<String, Slots>,
}

impl Optimizer {
    /// An optimizer with base learning rate `lr` and no weight decay.
    pub fn new(algorithm: Algorithm, lr: f64) -> Self {
        Self {
            algorithm,
            lr,
            weight_decay: 0.0,
            decay_all: false,
            groups: Vec::new(),
            slots: BTreeMap::new(),
        }
    }

    /// AdamW with base learning rate `lr`.
    pub fn adamw(config: AdamWConfig, lr: f64) -> Self {
        Self::new(Algorithm::AdamW(config), lr)
    }

    /// Stochastic gradient descent with base learning rate `lr`.
    pub fn sgd(config: SgdConfig, lr: f64) -> Self {
        Self::new(Algorithm::Sgd(config), lr)
    }

    /// Adafactor with base learning rate `lr`.
    pub fn adafactor(config: AdafactorConfig, lr: f64) -> Self {
        Self::new(Algorithm::Adafactor(config), lr)
    }

    /// Sets the weight decay of parameters that are no bias and belong to no normalization layer.
    pub fn with_weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// Lets weight decay act on biases and normalization layers too.
    pub fn with_decay_on_all(mut self) -> Self {
        self.decay_all = true;
        self
    }

    /// Adds a group with settings of its own. Where several groups choose a parameter, each setting
    /// comes from the first of them that has it.
    pub fn with_group(mut self, group: ParamGroup) -> Self {
        self.groups.push(group);
        self
    }

    /// The update rule.
    pub fn algorithm(&self) -> &Algorithm {
        &self.algorithm
    }

    /// The base learning rate.
    pub fn lr(&self) -> f64 {
        self.lr
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) naming the setting, its value and the limit.
    pub fn check(&self) -> Result<()> {
        self.algorithm.check()?;
        not_negative("Optimizer", "lr", self.lr)?;
        not_negative("Optimizer", "weight_decay", self.weight_decay)?;
        self.groups.iter().try_for_each(ParamGroup::check)
    }

    /// What applies to the parameter that `info` describes.
    pub fn settings(&self, info: &ParamInfo<'_>) -> GroupSettings {
        let decay = if self.decay_all || !info.is_bias_or_norm() {
            self.weight_decay
        } else {
            0.0
        };
        let mut chosen = self.groups.iter().filter(|group| group.selects(info));
        let (mut lr, mut weight_decay) = (None, None);
        for group in &mut chosen {
            lr = lr.or(group.lr());
            weight_decay = weight_decay.or(group.weight_decay());
        }
        GroupSettings {
            lr: lr.unwrap_or(self.lr),
            weight_decay: weight_decay.unwrap_or(decay),
        }
    }

    /// Number of parameters with optimizer state. Frozen parameters never have any.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no parameter has state yet.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The paths of the parameters with state.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.slots.keys().map(String::as_str)
    }

    /// One update of `module` with all learning rates multiplied by `factor`. Parameters without a
    /// gradient stay as they are.
    ///
    /// The state of a parameter whose shape is another one than at its last update, as that of an
    /// embedding with new rows, begins anew: averages and their count of updates start from nothing, for
    /// the old rows too. The other parameters keep theirs.
    ///
    /// # Panics
    /// If a gradient has another length than its parameter.
    pub fn step<M: Module>(&mut self, module: M, gradients: Gradients, factor: f64) -> M {
        let (grads, grad_scale) = gradients.into_parts();
        let mut slots = std::mem::take(&mut self.slots);
        let module = module.map(&mut Stepper {
            place: Place::default(),
            optimizer: self,
            slots: &mut slots,
            grads,
            grad_scale,
            factor,
        });
        self.slots = slots;
        module
    }
}

struct Stepper<'a> {
    place: Place,
    optimizer: &'a Optimizer,
    slots: &'a mut BTreeMap<String, Slots>,
    grads: HashMap<String, Flat>,
    grad_scale: f64,
    factor: f64,
}

impl ModuleMapper for Stepper<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.place.path();
        let Some(grad) = self.grads.remove(&path) else {
            return param;
        };
        let shape = param.lazy_shape();
        let settings = self.optimizer.settings(&self.place.info(&path, &param));
        let slots = self.slots.entry(path).or_default();
        slots.fit(shape.as_slice());
        slots.step += 1;
        let update = Update {
            lr: settings.lr * self.factor,
            weight_decay: settings.weight_decay,
            grad_scale: self.grad_scale,
            step: slots.step,
            shape: shape.as_slice(),
        };
        param.map(|tensor| apply(&self.optimizer.algorithm, &update, tensor, grad, slots))
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.place.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.place.exit();
    }
}

fn apply<const D: usize>(
    algorithm: &Algorithm,
    update: &Update<'_>,
    tensor: Tensor<D>,
    grad: Flat,
    slots: &mut Slots,
) -> Tensor<D> {
    let shape = tensor.shape();
    let count = shape.num_elements();
    let dtype = tensor.dtype();
    assert_eq!(grad.len(), count, "a gradient is as long as its parameter");
    let device = tensor.device().inner();
    let state = AutodiffState::of(&tensor);
    let plain = tensor.inner();
    match (algorithm, grad) {
        (Algorithm::AdamW(config), Flat::Host(grad)) if on_host_path(&plain) => {
            let mut values = to_host(plain);
            adamw::step_host(config, update, &mut values, &grad, slots);
            let data = TensorData::new(values, shape);
            state.restore(Tensor::from_data(data, (&device, dtype)))
        }
        (algorithm, grad) => {
            let grad = at_least_single(grad.to_tensor(&device)).mul_scalar(update.grad_scale);
            let values = at_least_single(plain).reshape([count]);
            let values = match algorithm {
                Algorithm::AdamW(config) => adamw::step(config, update, values, grad, slots),
                Algorithm::Sgd(config) => sgd::step(config, update, values, grad, slots),
                Algorithm::Adafactor(config) => {
                    adafactor::step(config, update, values, grad, slots)
                }
            };
            state.restore(to_dtype(values.reshape(shape), dtype))
        }
    }
}
