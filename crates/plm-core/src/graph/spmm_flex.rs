//! The fast form of sparse products on the CPU backend: a custom operation with its own backward.
//!
//! Forward and backward both run over the rows of a compressed matrix, in parallel and without a
//! temporary; the gradient of the dense operand goes over the transposed pattern, which the matrix
//! keeps. Sums are taken in a fixed order, so results do not depend on the number of threads.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Dispatch, DispatchDevice, Flex, TensorMetadata, backend_extension};
use burn::tensor::{DType, Device, Tensor, TensorData};

use super::csr::{Csr, Pattern};
use super::product::{Operand, for_row_chunks, gather, row_chunks};
use super::scalar::Scalar;

/// Whether tensors of this device and number type go through the fast form.
pub(super) fn serves(device: &Device, dtype: DType) -> bool {
    fn is_flex(device: &DispatchDevice) -> bool {
        match device {
            DispatchDevice::Flex(_) => true,
            DispatchDevice::Autodiff(inner) => is_flex(inner),
            #[allow(unreachable_patterns)]
            _ => false,
        }
    }
    matches!(dtype, DType::F32 | DType::F64) && is_flex(device.as_dispatch())
}

/// [`Csr::matmul`].
pub(super) fn matmul<T: Scalar>(csr: &Csr<T>, x: Tensor<2>) -> Tensor<2> {
    let matrix = Fixed {
        pattern: Arc::clone(&csr.pattern),
        values: Values::of(&csr.values),
    };
    Tensor::from_dispatch(<Dispatch as SparseOps>::spmm_fixed(
        x.into_dispatch(),
        matrix,
    ))
}

/// [`Csr::matmul_heads`].
pub(super) fn matmul_heads(pattern: &Arc<Pattern>, values: Tensor<2>, x: Tensor<3>) -> Tensor<3> {
    let [n, heads, width] = x.dims();
    if heads == 0 {
        return Tensor::zeros([pattern.n_rows, 0, width], (&x.device(), x.dtype()));
    }
    let out = Tensor::<2>::from_dispatch(<Dispatch as SparseOps>::spmm_valued(
        values.into_dispatch(),
        x.reshape([n, heads * width]).into_dispatch(),
        Arc::clone(pattern),
    ));
    out.reshape([pattern.n_rows, heads, width])
}

/// The values of a matrix in either number type.
#[derive(Clone)]
pub(crate) enum Values {
    F32(Arc<[f32]>),
    F64(Arc<[f64]>),
}

impl Values {
    fn of<T: Scalar>(values: &Arc<[T]>) -> Self {
        let any: &dyn std::any::Any = values;
        if let Some(values) = any.downcast_ref::<Arc<[f32]>>() {
            return Self::F32(Arc::clone(values));
        }
        match any.downcast_ref::<Arc<[f64]>>() {
            Some(values) => Self::F64(Arc::clone(values)),
            None => unreachable!("Scalar is sealed to f32 and f64"),
        }
    }
}

/// A matrix whose values take no gradient.
#[derive(Clone)]
pub(crate) struct Fixed {
    pattern: Arc<Pattern>,
    values: Values,
}

impl std::fmt::Debug for Fixed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.pattern.fmt(f)
    }
}

/// The products as operations of a backend.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait SparseOps: burn::backend::Backend {
    /// `matrix · x`.
    fn spmm_fixed(x: FloatTensor<Self>, matrix: Fixed) -> FloatTensor<Self>;

    /// The pattern with `values` (`[nnz, heads]`) times `x` (`[n_cols, heads * width]`).
    fn spmm_valued(
        values: FloatTensor<Self>,
        x: FloatTensor<Self>,
        pattern: Arc<Pattern>,
    ) -> FloatTensor<Self>;
}

type Primitive = FloatTensor<Flex>;

impl SparseOps for Flex {
    fn spmm_fixed(x: Primitive, matrix: Fixed) -> Primitive {
        fixed(&matrix, x, Direction::Forward)
    }

    fn spmm_valued(values: Primitive, x: Primitive, pattern: Arc<Pattern>) -> Primitive {
        valued(&pattern, values, x, Direction::Forward)
    }
}

#[derive(Debug)]
struct FixedBackward;

impl Backward<Flex, 1> for FixedBackward {
    type State = Fixed;

    fn backward(self, ops: Ops<Fixed, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [parent] = ops.parents;
        let gradient = grads.consume::<Flex>(&ops.node);
        if let Some(parent) = parent {
            let gradient = fixed(&ops.state, gradient, Direction::Transposed);
            grads.register::<Flex>(parent.id, gradient);
        }
    }
}

#[derive(Debug)]
struct ValuedBackward;

impl Backward<Flex, 2> for ValuedBackward {
    type State = (Option<Primitive>, Option<Primitive>, Arc<Pattern>, usize);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [values_parent, x_parent] = ops.parents;
        let (values, x, pattern, heads) = ops.state;
        let gradient = grads.consume::<Flex>(&ops.node);
        if let (Some(parent), Some(x)) = (values_parent, x) {
            let gradient = value_gradient(&pattern, gradient.clone(), x, heads);
            grads.register::<Flex>(parent.id, gradient);
        }
        if let (Some(parent), Some(values)) = (x_parent, values) {
            let gradient = valued(&pattern, values, gradient, Direction::Transposed);
            grads.register::<Flex>(parent.id, gradient);
        }
    }
}

impl<C: CheckpointStrategy> SparseOps for Autodiff<Flex, C> {
    fn spmm_fixed(x: FloatTensor<Self>, matrix: Fixed) -> FloatTensor<Self> {
        match FixedBackward
            .prepare::<C>([x.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let out = Flex::spmm_fixed(x.into_primitive(), matrix.clone());
                prep.finish(matrix, out)
            }
            OpsKind::UnTracked(prep) => prep.finish(Flex::spmm_fixed(x.into_primitive(), matrix)),
        }
    }

    fn spmm_valued(
        values: FloatTensor<Self>,
        x: FloatTensor<Self>,
        pattern: Arc<Pattern>,
    ) -> FloatTensor<Self> {
        // Each operand is kept only if the other one wants a gradient.
        let (values_tracked, x_tracked) = (values.is_tracked(), x.is_tracked());
        match ValuedBackward
            .prepare::<C>([values.node(), x.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let (values, x) = (values.into_primitive(), x.into_primitive());
                let heads = values.shape()[1];
                let state = (
                    x_tracked.then(|| values.clone()),
                    values_tracked.then(|| x.clone()),
                    Arc::clone(&pattern),
                    heads,
                );
                prep.finish(state, Flex::spmm_valued(values, x, pattern))
            }
            OpsKind::UnTracked(prep) => prep.finish(Flex::spmm_valued(
                values.into_primitive(),
                x.into_primitive(),
                pattern,
            )),
        }
    }
}

/// Which way a pattern is applied.
#[derive(Clone, Copy)]
enum Direction {
    Forward,
    Transposed,
}

impl Direction {
    fn operand<'a, V>(self, pattern: &'a Pattern, values: &'a [V], heads: usize) -> Operand<'a, V> {
        let (indptr, indices, source) = match self {
            Self::Forward => (&pattern.indptr, &pattern.indices, None),
            Self::Transposed => {
                let transposed = pattern.transposed();
                let source = Some(transposed.source.as_slice());
                (&transposed.indptr, &transposed.indices, source)
            }
        };
        Operand {
            indptr,
            indices,
            source,
            values,
            heads,
        }
    }
}

fn fixed(matrix: &Fixed, x: Primitive, direction: Direction) -> Primitive {
    match (&matrix.values, x.dtype()) {
        (Values::F32(values), DType::F64) => {
            apply::<f32, f64>(&matrix.pattern, values, 1, x, direction)
        }
        (Values::F32(values), _) => apply::<f32, f32>(&matrix.pattern, values, 1, x, direction),
        (Values::F64(values), DType::F64) => {
            apply::<f64, f64>(&matrix.pattern, values, 1, x, direction)
        }
        (Values::F64(values), _) => apply::<f64, f32>(&matrix.pattern, values, 1, x, direction),
    }
}

fn valued(pattern: &Pattern, values: Primitive, x: Primitive, direction: Direction) -> Primitive {
    let heads = values.shape()[1];
    match x.dtype() {
        DType::F64 => {
            let values = values.to_contiguous();
            apply::<f64, f64>(pattern, numbers(&values), heads, x, direction)
        }
        _ => {
            let values = values.to_contiguous();
            apply::<f32, f32>(pattern, numbers(&values), heads, x, direction)
        }
    }
}

fn apply<V: Scalar, E: Scalar + bytemuck::Pod>(
    pattern: &Pattern,
    values: &[V],
    heads: usize,
    x: Primitive,
    direction: Direction,
) -> Primitive {
    let x = x.to_contiguous();
    let width = x.shape()[1];
    let operand = direction.operand(pattern, values, heads);
    let rows = operand.indptr.len() - 1;
    let out = gather::<V, E>(&operand, numbers(&x), width);
    Primitive::from_data(TensorData::new(out, [rows, width]))
}

fn value_gradient(pattern: &Pattern, g: Primitive, x: Primitive, heads: usize) -> Primitive {
    fn run<E: Scalar + bytemuck::Pod>(
        pattern: &Pattern,
        g: &Primitive,
        x: &Primitive,
        heads: usize,
    ) -> Primitive {
        let width = x.shape()[1];
        let (g, x) = (numbers::<E>(g), numbers::<E>(x));
        let out = edge_dots(&pattern.indptr, &pattern.indices, heads, g, x, width);
        Primitive::from_data(TensorData::new(out, [pattern.nnz(), heads]))
    }
    let (g, x) = (g.to_contiguous(), x.to_contiguous());
    match x.dtype() {
        DType::F64 => run::<f64>(pattern, &g, &x, heads),
        _ => run::<f32>(pattern, &g, &x, heads),
    }
}

/// The numbers of a contiguous tensor.
fn numbers<E: Scalar + bytemuck::Pod>(tensor: &Primitive) -> &[E] {
    match tensor.as_slice::<E>() {
        Some(numbers) => numbers,
        None => unreachable!("a contiguous tensor of the type that was matched"),
    }
}

/// `out[e, h] = sum over j of g[row of e, h, j] * x[column of e, h, j]`: the gradient of [`gather`]
/// for its values.
///
/// # Shapes
/// - g: `[rows, width]`
/// - x: `[columns, width]`
/// - result: `[entries, heads]`
fn edge_dots<E: Scalar>(
    indptr: &[usize],
    indices: &[u32],
    heads: usize,
    g: &[E],
    x: &[E],
    width: usize,
) -> Vec<E> {
    let mut out = vec![E::default(); indices.len() * heads];
    let per_head = width.checked_div(heads).unwrap_or(0);
    let chunks = row_chunks(indptr, width);
    for_row_chunks(
        &mut out,
        &chunks,
        |row| indptr[row] * heads,
        |rows, out| {
            let first = indptr[rows.start];
            for row in rows {
                let gradient = &g[row * width..(row + 1) * width];
                for entry in indptr[row]..indptr[row + 1] {
                    let at = indices[entry] as usize * width;
                    for head in 0..heads {
                        let part = head * per_head..(head + 1) * per_head;
                        out[(entry - first) * heads + head] =
                            dot(&gradient[part.clone()], &x[at..at + width][part]);
                    }
                }
            }
        },
    );
    out
}

/// The inner product, in eight running sums so that it can be vectorized.
fn dot<E: Scalar>(a: &[E], b: &[E]) -> E {
    const LANES: usize = 8;
    let mut sums = [E::default(); LANES];
    let (a_blocks, b_blocks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let tail = a_blocks.remainder().iter().zip(b_blocks.remainder());
    for (a, b) in a_blocks.clone().zip(b_blocks.clone()) {
        for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let mut total = E::default();
    for sum in sums {
        total += sum;
    }
    for (&a, &b) in tail {
        total += a * b;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_cpu_backend_and_its_floats_go_here() {
        for name in crate::device::available() {
            let device = crate::device::parse(name).unwrap();
            for device in [device.clone(), device.autodiff()] {
                assert_eq!(serves(&device, DType::F32), name == "flex", "{name}");
                assert!(!serves(&device, DType::F16), "{name}");
            }
        }
    }
}
