//! A feed-forward layer of experts that skips what was not chosen.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use plm_core::nn::{Ffn, FfnContext};

use crate::exec::{ExpertFfn, Path, Planner, Situation};
use crate::experts::MoeLayer;
use crate::host::values;
use crate::layer::{FeedForwards, LayerId};
use crate::policy::{Policy, Selection};
use crate::router::HostRouter;
use crate::split::contiguous;
use crate::{Error, FfnWeights, Result};

/// The fast form of [`crate::MoeFfn`], for inference on the processor.
///
/// Weights lie in the host's memory, expert by expert. Each call chooses experts and takes the path
/// that was fastest when its situation was first met ([`crate::exec::Planner`]; numbers of tokens count
/// as the next power of 2), which is the whole layer where the chosen experts alone are slower than that
/// by more than a tenth. The router's own time is not part of this decision. There are no parameters and
/// no gradients; on other devices inputs and outputs are copied. Devices with gradients, feed-forward
/// taps other than the inputs, masks and dropout of the neurons' values are not served.
#[derive(Module, Debug)]
pub struct SparseFfn {
    #[module(skip)]
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    layer: ExpertFfn,
    router: HostRouter,
    policy: Policy,
    planner: SharedPlanner,
}

/// What layers of one model share: their situations are mostly the same.
///
/// Forward passes may run at once. Where several meet a new situation together, each measures it, and
/// the first decision stays.
#[derive(Debug, Clone, Default)]
pub struct SharedPlanner(Arc<Mutex<Planner>>);

impl SharedPlanner {
    /// A planner to be used by several layers.
    pub fn new(planner: Planner) -> Self {
        Self(Arc::new(Mutex::new(planner)))
    }

    /// The planner as it is now, with all it has decided.
    pub fn snapshot(&self) -> Planner {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Planner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, layer: &ExpertFfn, x: &[f32], selection: &Selection) -> Result<Vec<f32>> {
        let path = self.plan(layer, x, selection)?;
        layer.run(path, x, selection, None)
    }

    /// See [`Planner::plan`].
    fn plan(&self, layer: &ExpertFfn, x: &[f32], selection: &Selection) -> Result<Path> {
        let situation = Situation::of(layer, selection);
        let planner = {
            let shared = self.lock();
            if let Some(path) = shared.known(&situation) {
                return Ok(path);
            }
            shared.clone()
        };
        // Measuring runs on the pool, and a thread that waits there may take another forward pass,
        // which asks the planner in turn: so the lock is not held.
        let decision = planner.measure(layer, x, selection)?;
        Ok(self.lock().keep(decision))
    }
}

impl SparseFfn {
    /// The fast form of a converted layer.
    ///
    /// # Errors
    /// [`Error::NotFinite`] for a weight that is not a number; those of [`Policy::check`].
    pub fn new(layer: &MoeLayer, planner: &SharedPlanner) -> Result<Self> {
        let experts = layer.partition.experts();
        layer.policy.check(experts)?;
        let weights = FfnWeights::read(&layer.ffn)?;
        let order = contiguous(weights.neurons, experts)?;
        let mut own = ExpertFfn::new(&weights, &order)?;
        if let Some(mean) = &layer.mean {
            own = own.with_mean_fill(mean)?;
        }
        Ok(Self {
            parts: Arc::new(Parts {
                layer: own,
                router: HostRouter::new(&layer.router, layer.contribution)?,
                policy: layer.policy,
                planner: planner.clone(),
            }),
        })
    }

    /// The experts of each row. Where the policy gives every token all of them, the router is not asked.
    ///
    /// # Shapes
    /// - x: `[tokens, width]`
    ///
    /// # Errors
    /// [`Error::Size`] where `x` is not made of whole rows, [`Error::NotFinite`] for a score that is not
    /// a number.
    pub fn select(&self, x: &[f32]) -> Result<Selection> {
        let parts = &*self.parts;
        let (experts, width) = (parts.layer.experts(), parts.layer.hidden_size());
        if !x.len().is_multiple_of(width) {
            return Err(Error::Size {
                what: "x".to_owned(),
                found: x.len(),
                expected: x.len().next_multiple_of(width),
            });
        }
        if parts.policy.is_all(experts) {
            return Ok(Selection::all(x.len() / width, experts));
        }
        let scores = parts.router.scores(&parts.layer, x)?;
        parts.policy.select(&scores, experts)
    }

    /// The layer's output: that of the chosen experts, or of all of them where the planner finds this
    /// faster ([`Planner::dense`]).
    ///
    /// # Shapes
    /// - x and result: `[tokens, width]`
    ///
    /// # Errors
    /// As [`Self::select`].
    pub fn run(&self, x: &[f32]) -> Result<Vec<f32>> {
        // Once on a thread of the pool, the steps need not wake it one by one.
        rayon::scope(|_| {
            let selection = self.select(x)?;
            self.parts.planner.run(&self.parts.layer, x, &selection)
        })
    }

    /// The layer with its weights.
    pub fn layer(&self) -> &ExpertFfn {
        &self.parts.layer
    }
}

impl Ffn for SparseFfn {
    /// The output is of the input's number type; experts are computed in single precision.
    ///
    /// # Panics
    /// If an input is not a number, has another width than the experts or lies on an autodiff device, or a
    /// mask, dropout or a tap of the neurons' values is asked for.
    fn forward(&self, x: Tensor<3>, context: &mut FfnContext<'_>) -> Tensor<3> {
        let (layer, taps) = (context.layer, context.taps);
        assert!(
            !x.is_autodiff()
                && context.dropout.is_none()
                && !context.masks.contains_key(&layer)
                && !taps.ffn_activations.contains(&layer)
                && !taps.ffn_pre_activations.contains(&layer),
            "layer {layer}: the fast form of experts has no gradients, masks, dropout or taps of its neurons; use MoeFfn"
        );
        let (shape, device, dtype) = (x.dims(), x.device(), x.dtype());
        let width = self.parts.layer.hidden_size();
        assert_eq!(
            shape[2], width,
            "layer {layer}: the width of an input is not that of the experts, which are another model's"
        );
        if taps.ffn_inputs.contains(&layer) {
            let picked = taps.positions.pick(&x);
            context.tapped.ffn_inputs.insert(layer, picked);
        }
        let y = self
            .run(&values(x))
            .unwrap_or_else(|error| panic!("layer {layer}: {error}"));
        Tensor::from_data(TensorData::new(y, shape), (&device, dtype))
    }
}

/// `model` with the experts of `layers` in their fast form, and the planner that they share.
///
/// It is for inference on plain devices: forward passes on an autodiff device panic, as do those of a model
/// of another width than `layers`.
///
/// # Errors
/// As [`SparseFfn::new`].
///
/// # Panics
/// If `layers` lacks a layer of the model.
pub fn with_sparse_experts<M: FeedForwards>(
    model: M,
    layers: &BTreeMap<LayerId, MoeLayer>,
    planner: &SharedPlanner,
) -> Result<M::With<SparseFfn>> {
    let mut fast = BTreeMap::new();
    for (id, layer) in layers {
        fast.insert(*id, SparseFfn::new(layer, planner)?);
    }
    Ok(model.replace_ffns(|id, _| fast[&id].clone()))
}
