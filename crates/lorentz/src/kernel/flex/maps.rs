//! Linear maps into points: the bias is added, and its gradient summed, on the one walk through memory that
//! makes the points.

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Flex, TensorMetadata, backend_extension};
use burn::tensor::Shape;
use plm_core::kernel::flex::{
    Matrix, Target, contiguous, filled, matrix, multiply, output_shape, product, product_gradients,
    rows as as_rows, tensor, values, values_mut,
};

use super::rows::{self, Bound, Parts};
use super::{bound, width, with_width};

#[backend_extension(Flex, Autodiff)]
pub(crate) trait MapOps: Backend {
    /// See [`crate::kernel::lifted_map`].
    fn lifted_map(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        k: f64,
    ) -> FloatTensor<Self>;

    /// See [`crate::kernel::bounded_map`].
    fn bounded_map(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        log_scale: FloatTensor<Self>,
        k: f64,
        heads: usize,
    ) -> FloatTensor<Self>;
}

/// Which points are made of the outputs of a linear map.
#[derive(Debug, Clone)]
enum Kind {
    /// The outputs are their space components.
    Lifted,
    /// They are those of [`rows::bind`], of each of several heads.
    Bounded {
        heads: usize,
        parts: Vec<Parts>,
        bound: Bound,
    },
}

/// A linear map without gradients.
struct Map {
    /// The input as a matrix.
    x: FlexTensor,
    /// Its shape.
    shape: Shape,
    weight: FlexTensor,
    bias: FlexTensor,
}

impl Map {
    fn new(x: FlexTensor, weight: FlexTensor, bias: FlexTensor) -> Self {
        Self {
            shape: x.shape(),
            x: as_rows(x),
            weight,
            bias: contiguous(bias),
        }
    }

    /// The shape of the map's outputs.
    fn outputs(&self) -> Shape {
        output_shape(&self.x, &self.weight, Some(&self.bias));
        with_width(&self.shape, width(&self.weight.shape()))
    }

    fn lifted(&self, k: f32) -> FlexTensor {
        let outputs = self.outputs();
        let width = width(&outputs) + 1;
        let (x, weight) = (matrix(&self.x), matrix(&self.weight));
        // SAFETY: the product fills each row but for its first place, which `lift_outputs` does.
        let points = unsafe {
            filled(x.rows() * width, |points| {
                let target = Target {
                    start: points.as_mut_ptr().cast::<f32>().add(1),
                    row_stride: width,
                    add: false,
                };
                multiply(x, weight, 1.0, target, true);
                rows::lift_outputs(points, values(&self.bias), k);
            })
        };
        tensor(points, with_width(&outputs, width))
    }

    fn bounded(&self, heads: usize, bound: Bound) -> (FlexTensor, Vec<Parts>) {
        let outputs = self.outputs();
        let mut z = product(matrix(&self.x), matrix(&self.weight));
        let parts = rows::bind(&mut z, width(&outputs) / heads, values(&self.bias), bound);
        (tensor(z, outputs), parts)
    }
}

impl MapOps for Flex {
    fn lifted_map(x: FlexTensor, weight: FlexTensor, bias: FlexTensor, k: f64) -> FlexTensor {
        Map::new(x, weight, bias).lifted(k as f32)
    }

    fn bounded_map(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        log_scale: FlexTensor,
        k: f64,
        heads: usize,
    ) -> FlexTensor {
        let map = Map::new(x, weight, bias);
        map.bounded(heads, bound(&log_scale, k)).0
    }
}

/// What the gradients need; absent where the gradient that needs it is not asked for.
#[derive(Debug, Clone)]
struct Saved {
    /// The input as a matrix, for the gradient of the weight.
    x: Option<FlexTensor>,
    /// The weight, for the gradient of the input.
    weight: Option<FlexTensor>,
    points: FlexTensor,
    kind: Kind,
    /// Shape of the input.
    shape: Shape,
}

#[derive(Debug)]
struct MapBackward;

/// Parents: input, weight, bias and, of bounded points, ln λ.
impl<const N: usize> Backward<Flex, N> for MapBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let mut grad = contiguous(grads.consume::<Flex>(&ops.node));
        let saved = ops.state;
        let width = width(&saved.points.shape());
        let points = values(&saved.points);
        let numbers = values_mut(&mut grad);
        let summed = ops.parents[2].is_some();
        let (first, of_bias) = match &saved.kind {
            Kind::Lifted => (1, rows::lower(numbers, points, width, summed)),
            Kind::Bounded {
                heads,
                parts,
                bound,
            } => {
                let widths = [width / heads, if summed { width } else { 0 }];
                let found = rows::unbind(numbers, points, parts, widths, *bound);
                if let Some(Some(parent)) = ops.parents.get(3) {
                    grads.register::<Flex>(parent.id, tensor(vec![found.log_scale], [1]));
                }
                (0, found.columns)
            }
        };
        if let Some(parent) = &ops.parents[2] {
            grads.register::<Flex>(parent.id, tensor(of_bias, [width - first]));
        }
        let sizes = [numbers.len() / width, width - first];
        let dy = Matrix::new(numbers, first, sizes, [width as isize, 1]);
        let node = |place: usize| ops.parents[place].as_ref().map(|parent| parent.id);
        let input = node(0).zip(saved.weight.as_ref());
        let of_weight = node(1).zip(saved.x.as_ref());
        product_gradients(grads, dy, input, of_weight, saved.shape);
    }
}

/// Puts aside what the gradients of `points` need.
fn record<C: CheckpointStrategy, const N: usize>(
    prep: OpsKind<MapBackward, Flex, Saved, C, N>,
    map: Map,
    [x_tracked, weight_tracked]: [bool; 2],
    points: FlexTensor,
    kind: Kind,
) -> FloatTensor<Autodiff<Flex, C>> {
    match prep {
        OpsKind::Tracked(prep) => {
            let saved = Saved {
                x: weight_tracked.then_some(map.x),
                weight: x_tracked.then_some(map.weight),
                points: points.clone(),
                kind,
                shape: map.shape,
            };
            prep.finish(saved, points)
        }
        OpsKind::UnTracked(prep) => prep.finish(points),
    }
}

impl<C: CheckpointStrategy> MapOps for Autodiff<Flex, C> {
    fn lifted_map(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        k: f64,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        let tracked = [x.is_tracked(), weight.is_tracked()];
        let map = Map::new(
            x.into_primitive(),
            weight.into_primitive(),
            bias.into_primitive(),
        );
        let points = map.lifted(k as f32);
        let prep = MapBackward.prepare::<C>(nodes).compute_bound().stateful();
        record(prep, map, tracked, points, Kind::Lifted)
    }

    fn bounded_map(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        log_scale: FloatTensor<Self>,
        k: f64,
        heads: usize,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node(), log_scale.node()];
        let tracked = [x.is_tracked(), weight.is_tracked()];
        let bound = bound(&log_scale.into_primitive(), k);
        let map = Map::new(
            x.into_primitive(),
            weight.into_primitive(),
            bias.into_primitive(),
        );
        let (points, parts) = map.bounded(heads, bound);
        let kind = Kind::Bounded {
            heads,
            parts,
            bound,
        };
        let prep = MapBackward.prepare::<C>(nodes).compute_bound().stateful();
        record(prep, map, tracked, points, kind)
    }
}
