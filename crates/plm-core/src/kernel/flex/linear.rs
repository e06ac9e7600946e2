//! Affine maps of the last axis, optionally followed by an activation.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::autodiff::{Autodiff, NodeId};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Flex, TensorMetadata, backend_extension};
use burn::tensor::Shape;
use rayon::prelude::*;

use super::activation::{bias_activate, bias_activate_in_place, chain};
use super::gemm::{Matrix, Target, multiply};
use super::storage::{OptionalFloat, contiguous, filled, tensor, values};
use crate::kernel::{Activation, vectorized};

/// Rows whose column sums are added up before they are added to the others.
const SUM_ROWS: usize = 128;

#[backend_extension(Flex, Autodiff)]
pub(crate) trait LinearOps: Backend {
    /// See [`crate::kernel::linear`] and [`crate::kernel::linear_activate`].
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        #[extension_type] bias: OptionalFloat<Self>,
        activation: Option<Activation>,
    ) -> FloatTensor<Self>;
}

impl LinearOps for Flex {
    fn linear(
        x: FlexTensor,
        weight: FlexTensor,
        bias: OptionalFloat<Self>,
        activation: Option<Activation>,
    ) -> FlexTensor {
        let bias = bias.into_option().map(contiguous);
        let shape = output_shape(&x, &weight, bias.as_ref());
        let x = rows(x);
        let mut z = product(matrix(&x), matrix(&weight));
        bias_activate_in_place(
            &mut z,
            bias.as_ref().map(values),
            shape[shape.num_dims() - 1],
            activation,
        );
        tensor(z, shape)
    }
}

/// What the gradients need; absent where the gradient that needs it is not asked for.
#[derive(Debug, Clone)]
struct Saved {
    /// The input as a matrix, for the gradient of the weight.
    x: Option<FlexTensor>,
    /// The weight, for the gradient of the input.
    weight: Option<FlexTensor>,
    /// The activation with its input, or with its output where that gives the slope.
    activation: Option<(Activation, FlexTensor)>,
    /// Shape of the input.
    shape: Shape,
}

#[derive(Debug)]
struct LinearBackward;

/// Parents: input, weight and, if there is one, bias.
impl<const N: usize> Backward<Flex, N> for LinearBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        let saved = ops.state;
        let grad = match &saved.activation {
            Some((activation, saved)) => chain(grad, saved, *activation),
            None => contiguous(grad),
        };
        let width = *grad
            .shape()
            .last()
            .expect("a linear map has an output axis");
        let grad = values(&grad);
        let count = saved.shape[..saved.shape.num_dims() - 1].iter().product();
        let dy = Matrix::row_major(grad, count, width);
        let node = |place: usize| ops.parents[place].as_ref().map(|parent| parent.id);
        let input = node(0).zip(saved.weight.as_ref());
        let of_weight = node(1).zip(saved.x.as_ref());
        product_gradients(grads, dy, input, of_weight, saved.shape);
        if let Some(Some(parent)) = ops.parents.get(2) {
            grads.register::<Flex>(parent.id, tensor(column_sums(grad, width), [width]));
        }
    }
}

impl<C: CheckpointStrategy> LinearOps for Autodiff<Flex, C> {
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: OptionalFloat<Self>,
        activation: Option<Activation>,
    ) -> FloatTensor<Self> {
        match bias.into_option() {
            Some(bias) => {
                let nodes = [x.node(), weight.node(), bias.node()];
                let prep = LinearBackward
                    .prepare::<C>(nodes)
                    .compute_bound()
                    .stateful();
                record(prep, x, weight, Some(bias.into_primitive()), activation)
            }
            None => {
                let nodes = [x.node(), weight.node()];
                let prep = LinearBackward
                    .prepare::<C>(nodes)
                    .compute_bound()
                    .stateful();
                record(prep, x, weight, None, activation)
            }
        }
    }
}

/// The forward pass, with what the backward pass needs put aside.
fn record<C: CheckpointStrategy, const N: usize>(
    prep: OpsKind<LinearBackward, Flex, Saved, C, N>,
    x: FloatTensor<Autodiff<Flex, C>>,
    weight: FloatTensor<Autodiff<Flex, C>>,
    bias: Option<FlexTensor>,
    activation: Option<Activation>,
) -> FloatTensor<Autodiff<Flex, C>> {
    let prep = match prep {
        OpsKind::Tracked(prep) => prep,
        OpsKind::UnTracked(prep) => {
            let bias = bias.map_or(OptionalFloat::Absent, OptionalFloat::Given);
            let output = Flex::linear(
                x.into_primitive(),
                weight.into_primitive(),
                bias,
                activation,
            );
            return prep.finish(output);
        }
    };
    let (x_tracked, weight_tracked) = (x.is_tracked(), weight.is_tracked());
    let (x, weight) = (x.into_primitive(), weight.into_primitive());
    let (x_shape, shape) = (x.shape(), output_shape(&x, &weight, bias.as_ref()));
    let width = shape[shape.num_dims() - 1];
    let x = rows(x);
    let bias = bias.map(contiguous);
    let bias = bias.as_ref().map(values);
    let mut z = product(matrix(&x), matrix(&weight));
    let (output, activation) = match activation {
        Some(activation) if !activation.slope_from_output() => {
            let output = bias_activate(&mut z, bias, width, activation);
            let z = tensor(z, shape.clone());
            (tensor(output, shape), Some((activation, z)))
        }
        _ => {
            bias_activate_in_place(&mut z, bias, width, activation);
            let output = tensor(z, shape);
            let saved = activation.map(|activation| (activation, output.clone()));
            (output, saved)
        }
    };
    let saved = Saved {
        x: weight_tracked.then_some(x),
        weight: x_tracked.then_some(weight),
        activation,
        shape: x_shape,
    };
    prep.finish(saved, output)
}

/// Registers the gradients of `x · weight`, whose own gradient is `dy`: that of the input, of shape `shape`,
/// for the node and with the weight of `input`, and that of the weight, for the node and with the input
/// matrix of `of_weight`.
///
/// # Panics
/// If the sizes do not fit.
pub fn product_gradients(
    grads: &mut Gradients,
    dy: Matrix<'_>,
    input: Option<(NodeId, &FlexTensor)>,
    of_weight: Option<(NodeId, &FlexTensor)>,
    shape: Shape,
) {
    if let Some((node, weight)) = input {
        let dx = product(dy, matrix(weight).transposed());
        grads.register::<Flex>(node, tensor(dx, shape));
    }
    if let Some((node, x)) = of_weight {
        let x = matrix(x);
        let dw = product(x.transposed(), dy);
        grads.register::<Flex>(node, tensor(dw, [x.columns(), dy.columns()]));
    }
}

/// The shape of `x · weight`: that of `x` with the weight's columns as its last axis.
///
/// # Panics
/// If the sizes of input, weight and bias do not fit.
pub fn output_shape(x: &FlexTensor, weight: &FlexTensor, bias: Option<&FlexTensor>) -> Shape {
    let (mut shape, weight) = (x.shape(), weight.shape());
    let last = shape.num_dims() - 1;
    assert_eq!(
        shape[last], weight[0],
        "the last axis of the input {shape:?} and the first of the weight {weight:?} differ"
    );
    if let Some(bias) = bias {
        let count = bias.shape().num_elements();
        assert_eq!(
            count, weight[1],
            "the bias has {count} elements, not one for each column of the weight {weight:?}"
        );
    }
    shape[last] = weight[1];
    shape
}

/// `x` as a matrix whose rows run over all axes but the last; a view if the strides allow one.
pub fn rows(x: FlexTensor) -> FlexTensor {
    let shape = x.shape();
    if shape.num_dims() == 2 {
        return x;
    }
    let width = *shape.last().expect("a tensor has at least one axis");
    let count: usize = shape[..shape.num_dims() - 1].iter().product();
    let x = contiguous(x);
    x.reshape(Shape::from([count, width]))
}

/// The view of a tensor of `f32` values with two axes, whatever its strides.
///
/// # Panics
/// If the tensor has another number type or fewer axes.
pub fn matrix(tensor: &FlexTensor) -> Matrix<'_> {
    let layout = tensor.layout();
    let (shape, strides) = (layout.shape(), layout.strides());
    Matrix::new(
        tensor.storage::<f32>(),
        layout.start_offset(),
        [shape[0], shape[1]],
        [strides[0], strides[1]],
    )
}

/// `a · b`, row-major.
///
/// # Panics
/// If the inner sizes differ.
pub fn product(a: Matrix<'_>, b: Matrix<'_>) -> Vec<f32> {
    let width = b.columns();
    // SAFETY: the product covers the whole buffer.
    unsafe {
        filled(a.rows() * width, |out| {
            let target = Target {
                start: out.as_mut_ptr().cast(),
                row_stride: width,
                add: false,
            };
            multiply(a, b, 1.0, target, true);
        })
    }
}

/// The sums of the columns of a row-major matrix.
///
/// Blocks of fixed size are summed apart and then in order, whatever the number of threads.
pub(super) fn column_sums(rows: &[f32], width: usize) -> Vec<f32> {
    let blocks: Vec<Vec<f32>> = rows
        .par_chunks((SUM_ROWS * width).max(1))
        .map(|block| {
            let mut sums = vec![0.0_f32; width];
            vectorized(
                #[inline(always)]
                || {
                    for row in block.chunks_exact(width) {
                        for (sum, &value) in sums.iter_mut().zip(row) {
                            *sum += value;
                        }
                    }
                },
            );
            sums
        })
        .collect();
    add_blocks(&blocks, width)
}

/// The element-wise sum of `blocks`, of `width` numbers each, in their order.
pub fn add_blocks(blocks: &[Vec<f32>], width: usize) -> Vec<f32> {
    let mut total = vec![0.0_f32; width];
    for block in blocks {
        for (total, &value) in total.iter_mut().zip(block) {
            *total += value;
        }
    }
    total
}
