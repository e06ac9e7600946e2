//! A feed-forward layer of experts in tensor operations: every device, with gradients.

use burn::module::Module;
use burn::tensor::{Bool, Tensor};
use plm_core::kernel::{activate, dropout};
use plm_core::nn::{FeedForward, Ffn, FfnContext, apply, apply_activated};

use crate::host::values;
use crate::policy::Policy;
use crate::router::Router;
use crate::score::{Contribution, contributions, keep_selected, selected};

/// A feed-forward layer of which each token uses only the experts that its router chooses:
/// `y = Σ h_e · W_out_e + b_out` over the chosen experts e, without weights, renormalization or a
/// limit of tokens per expert (MoEfication, 2110.01786).
///
/// This form computes all neurons and masks those of other experts. It saves no time, but runs on every device
/// and carries gradients, to fine-tune a model with its experts in place. The choice itself has no
/// gradient. [`crate::SparseFfn`] is the fast form.
#[derive(Module, Debug)]
pub struct MoeFfn {
    /// The layer, its neurons expert by expert.
    pub ffn: FeedForward,
    /// Chooses the experts.
    pub router: Router,
    /// What unselected neurons count as, `[neurons]`; 0 where absent.
    pub mean: Option<Tensor<1>>,
    /// Number of experts.
    #[module(skip)]
    pub experts: usize,
    /// How many experts a token gets.
    #[module(skip)]
    pub policy: Policy,
    /// What counts as an expert's contribution.
    #[module(skip)]
    pub contribution: Contribution,
}

impl MoeFfn {
    /// The experts of each row.
    ///
    /// # Shapes
    /// - x: `[tokens, width]`
    /// - hidden: `[tokens, neurons]`, the values of all neurons
    /// - result: `[tokens, experts]`, true where chosen
    ///
    /// # Panics
    /// If a score is not a number.
    fn choose(&self, x: Tensor<2>, hidden: &Tensor<2>) -> Tensor<2, Bool> {
        let x = x.detach();
        let scores = self.router.scores(&x).unwrap_or_else(|| {
            contributions(
                self.contribution,
                hidden.clone().detach(),
                &self.ffn.outer.weight.val().detach(),
                self.mean.as_ref(),
                self.experts,
            )
        });
        let [tokens, experts] = scores.dims();
        let device = scores.device().inner();
        let selection = self
            .policy
            .select(&values(scores), experts)
            .unwrap_or_else(|error| panic!("choosing experts: {error}"));
        selected(&selection, 0..tokens, &device)
    }
}

impl Ffn for MoeFfn {
    /// # Panics
    /// If a router's score is not a number, or the policy chooses more experts than there are.
    fn forward(&self, x: Tensor<3>, context: &mut FfnContext<'_>) -> Tensor<3> {
        let [batch, length, width] = x.dims();
        let layer = context.layer;
        let taps = context.taps;
        if taps.ffn_inputs.contains(&layer) {
            let picked = taps.positions.pick(&x);
            context.tapped.ffn_inputs.insert(layer, picked);
        }
        let rows = x.clone().reshape([batch * length, width]);
        let hidden = if taps.ffn_pre_activations.contains(&layer) {
            let (pre, up) = pre_activations(&self.ffn, x);
            let picked = taps.positions.pick(&pre);
            context.tapped.ffn_pre_activations.insert(layer, picked);
            gate(activate(pre, self.ffn.activation), up)
        } else {
            hidden_values(&self.ffn, x)
        };
        let neurons = hidden.dims()[2];
        let flat = hidden.reshape([batch * length, neurons]);
        let chosen = self.choose(rows, &flat);
        let kept = keep_selected(flat, &chosen, self.mean.as_ref());
        let mut hidden = kept.reshape([batch, length, neurons]);
        if let Some(mask) = context.masks.get(&layer) {
            hidden = hidden * mask.clone();
        }
        if taps.ffn_activations.contains(&layer) {
            let picked = taps.positions.pick(&hidden);
            context.tapped.ffn_activations.insert(layer, picked);
        }
        apply(&self.ffn.outer, dropout(hidden, context.dropout.as_ref()))
    }
}

/// The values of a layer's neurons after activation and gate.
///
/// # Shapes
/// - x: `[..., width]`
/// - result: `[..., neurons]`
pub(crate) fn hidden_values<const D: usize>(ffn: &FeedForward, x: Tensor<D>) -> Tensor<D> {
    match &ffn.gate {
        None => apply_activated(&ffn.inner, x, ffn.activation),
        Some(weights) => {
            let up = apply(&ffn.inner, x.clone());
            apply_activated(weights, x, ffn.activation) * up
        }
    }
}

/// What the activation is applied to, and what the gate multiplies where there is one.
fn pre_activations(ffn: &FeedForward, x: Tensor<3>) -> (Tensor<3>, Option<Tensor<3>>) {
    match &ffn.gate {
        None => (apply(&ffn.inner, x), None),
        Some(weights) => (apply(weights, x.clone()), Some(apply(&ffn.inner, x))),
    }
}

fn gate(activated: Tensor<3>, up: Option<Tensor<3>>) -> Tensor<3> {
    match up {
        None => activated,
        Some(up) => activated * up,
    }
}
