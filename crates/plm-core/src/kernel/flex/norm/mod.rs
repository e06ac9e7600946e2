//! Layer normalization, alone or after a residual connection with dropout, and root-mean-square
//! normalization.

mod passes;
mod rows;

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Flex, backend_extension};

use self::passes::{Affine, Saved, add_normalize, gradients, normalize};
use self::rows::Method;
use super::storage::contiguous;
use crate::kernel::SiteMask;

#[backend_extension(Flex, Autodiff)]
pub(crate) trait NormOps: Backend {
    /// See [`crate::kernel::layer_norm`].
    fn layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self>;

    /// See [`crate::kernel::add_layer_norm`].
    fn add_layer_norm(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        mask: Option<SiteMask>,
    ) -> FloatTensor<Self>;

    /// See [`crate::kernel::rms_norm`].
    fn rms_norm(x: FloatTensor<Self>, gamma: FloatTensor<Self>, epsilon: f64) -> FloatTensor<Self>;
}

/// The method of a layer norm.
fn centered(epsilon: f64) -> Method {
    Method {
        centered: true,
        epsilon: epsilon as f32,
    }
}

/// The method of a root-mean-square norm.
fn uncentered(epsilon: f64) -> Method {
    Method {
        centered: false,
        epsilon: epsilon as f32,
    }
}

impl NormOps for Flex {
    fn layer_norm(x: FlexTensor, gamma: FlexTensor, beta: FlexTensor, epsilon: f64) -> FlexTensor {
        let affine = Affine::new(&x, &gamma, Some(&beta));
        normalize(&contiguous(x), &affine, centered(epsilon)).0
    }

    fn add_layer_norm(
        x: FlexTensor,
        residual: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        epsilon: f64,
        mask: Option<SiteMask>,
    ) -> FlexTensor {
        let affine = Affine::new(&x, &gamma, Some(&beta));
        let method = centered(epsilon);
        add_normalize(x, residual, &affine, method, mask.as_ref(), false).output
    }

    fn rms_norm(x: FlexTensor, gamma: FlexTensor, epsilon: f64) -> FlexTensor {
        let affine = Affine::new(&x, &gamma, None);
        normalize(&contiguous(x), &affine, uncentered(epsilon)).0
    }
}

#[derive(Debug)]
struct NormBackward;

/// Parents: input, scale and, for layer norm, shift.
impl<const N: usize> Backward<Flex, N> for NormBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        let parameters = ops.parents[1..].iter().any(Option::is_some);
        let found = gradients(grad, &ops.state, false, parameters);
        let found = [found.input, found.gamma, found.beta];
        for (parent, grad) in ops.parents.iter().zip(found) {
            if let Some(parent) = parent {
                grads.register::<Flex>(parent.id, grad);
            }
        }
    }
}

#[derive(Debug)]
struct AddNormBackward;

impl Backward<Flex, 4> for AddNormBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, 4>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        let [x, residual, gamma, beta] = ops.parents;
        let parameters = gamma.is_some() || beta.is_some();
        let found = gradients(grad, &ops.state, x.is_some(), parameters);
        let dropped = found.dropped.unwrap_or_else(|| found.input.clone());
        let found = [
            (x, dropped),
            (residual, found.input),
            (gamma, found.gamma),
            (beta, found.beta),
        ];
        for (parent, grad) in found {
            if let Some(parent) = parent {
                grads.register::<Flex>(parent.id, grad);
            }
        }
    }
}

impl<C: CheckpointStrategy> NormOps for Autodiff<Flex, C> {
    fn layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), gamma.node(), beta.node()];
        let beta = Some(beta.into_primitive());
        let prep = NormBackward.prepare::<C>(nodes).compute_bound();
        let method = centered(epsilon);
        record(
            prep.stateful(),
            x.into_primitive(),
            gamma.into_primitive(),
            beta,
            method,
        )
    }

    fn add_layer_norm(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        mask: Option<SiteMask>,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), residual.node(), gamma.node(), beta.node()];
        let (x, residual) = (x.into_primitive(), residual.into_primitive());
        let (gamma, beta) = (gamma.into_primitive(), beta.into_primitive());
        let affine = Affine::new(&x, &gamma, Some(&beta));
        let method = centered(epsilon);
        match AddNormBackward
            .prepare::<C>(nodes)
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let found = add_normalize(x, residual, &affine, method, mask.as_ref(), true);
                let saved = Saved {
                    input: found.sum.expect("the sum is kept"),
                    moments: found.moments,
                    gamma,
                    method,
                    mask,
                };
                prep.finish(saved, found.output)
            }
            OpsKind::UnTracked(prep) => {
                let found = add_normalize(x, residual, &affine, method, mask.as_ref(), false);
                prep.finish(found.output)
            }
        }
    }

    fn rms_norm(x: FloatTensor<Self>, gamma: FloatTensor<Self>, epsilon: f64) -> FloatTensor<Self> {
        let nodes = [x.node(), gamma.node()];
        let prep = NormBackward.prepare::<C>(nodes).compute_bound();
        let method = uncentered(epsilon);
        record(
            prep.stateful(),
            x.into_primitive(),
            gamma.into_primitive(),
            None,
            method,
        )
    }
}

/// The forward pass without a residual, with what the backward pass needs put aside.
fn record<C: CheckpointStrategy, const N: usize>(
    prep: OpsKind<NormBackward, Flex, Saved, C, N>,
    x: FlexTensor,
    gamma: FlexTensor,
    beta: Option<FlexTensor>,
    method: Method,
) -> FloatTensor<Autodiff<Flex, C>> {
    let affine = Affine::new(&x, &gamma, beta.as_ref());
    let input = contiguous(x);
    let (output, moments) = normalize(&input, &affine, method);
    match prep {
        OpsKind::Tracked(prep) => {
            let mask = None;
            prep.finish(
                Saved {
                    input,
                    moments,
                    gamma,
                    method,
                    mask,
                },
                output,
            )
        }
        OpsKind::UnTracked(prep) => prep.finish(output),
    }
}
