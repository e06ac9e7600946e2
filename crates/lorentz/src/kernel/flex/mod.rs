//! Fused forms for burn's CPU backend `flex`, in single precision.
//!
//! Results do not depend on the number of threads: work is cut into blocks of fixed size, and partial
//! sums are added in order.

mod rows;

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, DispatchDevice, Flex, TensorMetadata, backend_extension};
use burn::tensor::{DType, Shape, Tensor, TensorData};

use self::rows::{Bound, Parts};

/// Whether `tensor` holds numbers in single precision on flex, with or without autodiff.
pub(super) fn accepts<const D: usize>(tensor: &Tensor<D>) -> bool {
    let on_flex = match tensor.device().as_dispatch() {
        DispatchDevice::Flex(_) => true,
        DispatchDevice::Autodiff(inner) => matches!(**inner, DispatchDevice::Flex(_)),
        #[allow(unreachable_patterns)]
        _ => false,
    };
    on_flex && tensor.dtype() == DType::F32 && tensor.dims().iter().all(|&length| length > 0)
}

/// See [`super::lift`].
pub(super) fn lift<const D: usize>(space: Tensor<D>, k: f64) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as PointOps>::lift(space.into_dispatch(), k))
}

/// See [`super::bounded_point`].
pub(super) fn bounded_point<const D: usize>(
    z: Tensor<D>,
    log_scale: Tensor<1>,
    k: f64,
) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as PointOps>::bounded_point(
        z.into_dispatch(),
        log_scale.into_dispatch(),
        k,
    ))
}

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

/// `tensor` with its numbers in row-major order without gaps.
fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.layout().contiguous_offsets().is_some() {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// The numbers of a tensor from [`contiguous`].
fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice::<f32>().expect("contiguous f32 values")
}

/// The numbers of a tensor from [`contiguous`], copied first where other tensors share them.
fn values_mut(tensor: &mut FlexTensor) -> &mut [f32] {
    let offsets = tensor.layout().contiguous_offsets();
    let (start, end) = offsets.expect("a contiguous tensor");
    &mut tensor.storage_mut::<f32>()[start..end]
}

fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// The shape and the length of its last axis, which `change` is added to.
fn widened(shape: &Shape, change: isize) -> (Shape, usize) {
    let mut lengths = shape.to_vec();
    let width = *lengths.last().expect("a tensor has at least one axis");
    if let Some(last) = lengths.last_mut() {
        *last = width.saturating_add_signed(change);
    }
    (Shape::from(lengths), width)
}

/// The points of z, in its memory where nothing else needs it, and what their gradients need.
fn bind(z: FlexTensor, bound: Bound) -> (FlexTensor, Vec<Parts>) {
    let (_, width) = widened(&z.shape(), 0);
    let mut points = contiguous(z);
    let parts = rows::bind(values_mut(&mut points), width, bound);
    (points, parts)
}

/// λ and k of a layer.
fn bound(log_scale: &FlexTensor, k: f64) -> Bound {
    let log_scale = contiguous(log_scale.clone());
    Bound::new(values(&log_scale)[0].exp(), k)
}

impl PointOps for Flex {
    fn lift(space: FlexTensor, k: f64) -> FlexTensor {
        let (shape, width) = widened(&space.shape(), 1);
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
            let (shape, width) = widened(&ops.state.shape(), -1);
            let found = rows::lift_gradient(values(&grad), values(&ops.state), width - 1);
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
        let (_, width) = widened(&points.shape(), 0);
        let numbers = values_mut(&mut grad);
        let of_log_scale = rows::unbind(numbers, values(&points), &parts, width, bound);
        let [z, log_scale] = ops.parents;
        if let Some(parent) = z {
            grads.register::<Flex>(parent.id, grad);
        }
        if let Some(parent) = log_scale {
            grads.register::<Flex>(parent.id, tensor(vec![of_log_scale], [1]));
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
