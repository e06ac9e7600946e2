//! From vectors to points.

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Flex, TensorMetadata, backend_extension};
use plm_core::kernel::flex::{contiguous, tensor, values, values_mut};

use super::rows::{self, Bound, Parts};
use super::{bound, width, with_width};

#[backend_extension(Flex, Autodiff)]
pub(crate) trait PointOps: Backend {
    /// See [`crate::kernel::lift`].
    fn lift(space: FloatTensor<Self>, k: f64) -> FloatTensor<Self>;

    /// See [`crate::kernel::bounded_point`].
    fn bounded_point(
        z: FloatTensor<Self>,
        log_scale: FloatTensor<Self>,
        k: f64,
    ) -> FloatTensor<Self>;
}

/// The points of z, in its memory where nothing else needs it, and what their gradients need.
fn bind(z: FlexTensor, bound: Bound) -> (FlexTensor, Vec<Parts>) {
    let width = width(&z.shape());
    let mut points = contiguous(z);
    let parts = rows::bind(values_mut(&mut points), width, &[], bound);
    (points, parts)
}

impl PointOps for Flex {
    fn lift(space: FlexTensor, k: f64) -> FlexTensor {
        let width = width(&space.shape());
        let shape = with_width(&space.shape(), width + 1);
        let space = contiguous(space);
        tensor(rows::lift(values(&space), width, k as f32), shape)
    }

    fn bounded_point(z: FlexTensor, log_scale: FlexTensor, k: f64) -> FlexTensor {
        bind(z, bound(&log_scale, k)).0
    }
}

#[derive(Debug)]
struct LiftBackward;

impl Backward<Flex, 1> for LiftBackward {
    /// The points.
    type State = FlexTensor;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = contiguous(grads.consume::<Flex>(&ops.node));
        if let Some(parent) = &ops.parents[0] {
            let width = width(&ops.state.shape()) - 1;
            let shape = with_width(&ops.state.shape(), width);
            let found = rows::lift_gradient(values(&grad), values(&ops.state), width);
            grads.register::<Flex>(parent.id, tensor(found, shape));
        }
    }
}

#[derive(Debug)]
struct BoundedBackward;

impl Backward<Flex, 2> for BoundedBackward {
    /// The points, what their gradients need of each, λ and k.
    type State = (FlexTensor, Vec<Parts>, Bound);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let mut grad = contiguous(grads.consume::<Flex>(&ops.node));
        let (points, parts, bound) = ops.state;
        let width = width(&points.shape());
        let numbers = values_mut(&mut grad);
        let found = rows::unbind(numbers, values(&points), &parts, [width, 0], bound);
        let [z, log_scale] = ops.parents;
        if let Some(parent) = z {
            grads.register::<Flex>(parent.id, grad);
        }
        if let Some(parent) = log_scale {
            grads.register::<Flex>(parent.id, tensor(vec![found.log_scale], [1]));
        }
    }
}

impl<C: CheckpointStrategy> PointOps for Autodiff<Flex, C> {
    fn lift(space: FloatTensor<Self>, k: f64) -> FloatTensor<Self> {
        let (space, node) = space.into_parts();
        let points = Flex::lift(space, k);
        match LiftBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(points.clone(), points),
            OpsKind::UnTracked(prep) => prep.finish(points),
        }
    }

    fn bounded_point(
        z: FloatTensor<Self>,
        log_scale: FloatTensor<Self>,
        k: f64,
    ) -> FloatTensor<Self> {
        let nodes = [z.node(), log_scale.node()];
        let bound = bound(&log_scale.into_primitive(), k);
        let (points, parts) = bind(z.into_primitive(), bound);
        match BoundedBackward
            .prepare::<C>(nodes)
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish((points.clone(), parts, bound), points),
            OpsKind::UnTracked(prep) => prep.finish(points),
        }
    }
}
