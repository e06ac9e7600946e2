//! What the tests share: devices, tensors, random points.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Device, Tensor, TensorData};
use plm_core::rng::Seed;
use rand::RngExt;
use serde_json::Value;

use crate::Curvature;
use crate::geometry::{lift, residual, time};

/// Every compiled device.
pub(crate) fn devices() -> Vec<Device> {
    plm_core::device::available()
        .into_iter()
        .map(|name| plm_core::device::parse(name).unwrap())
        .collect()
}

/// The curvatures that every property is tested for.
pub(crate) fn curvatures() -> [Curvature; 3] {
    [0.25, 1.0, 4.0].map(|k| Curvature::from_k(k).unwrap())
}

pub(crate) fn tensor<const D: usize>(
    values: &[f64],
    shape: [usize; D],
    device: &Device,
    dtype: DType,
) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), (device, dtype))
}

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// Numbers drawn evenly from (−1, 1).
pub(crate) fn draws(count: usize, seed: u64) -> Vec<f64> {
    let mut rng = Seed::new(seed).rng();
    (0..count)
        .map(|_| rng.random::<f64>() * 2.0 - 1.0)
        .collect()
}

/// Random points `[rows, width + 1]` with hyperbolic radii from 0 to `radius` (in units of √k).
pub(crate) fn points(
    rows: usize,
    width: usize,
    radius: f64,
    curvature: Curvature,
    seed: u64,
    (device, dtype): (&Device, DType),
) -> Tensor<2> {
    let numbers = draws(rows * (width + 1), seed);
    let mut space = Vec::new();
    for row in numbers.chunks(width + 1) {
        let norm = row[1..].iter().map(|x| x * x).sum::<f64>().sqrt();
        let reach = curvature.radius() * (radius * row[0].abs()).sinh();
        space.extend(row[1..].iter().map(|x| x / norm * reach));
    }
    lift(tensor(&space, [rows, width], device, dtype), curvature)
}

/// Random vectors `[rows, width]` with norms from 0 to `length`.
pub(crate) fn vectors(
    rows: usize,
    width: usize,
    length: f64,
    seed: u64,
    (device, dtype): (&Device, DType),
) -> Tensor<2> {
    let scale = length / (width as f64).sqrt();
    let numbers: Vec<f64> = draws(rows * width, seed)
        .iter()
        .map(|x| x * scale)
        .collect();
    tensor(&numbers, [rows, width], device, dtype)
}

/// The largest |a − b| / max(1, |b|).
pub(crate) fn gap<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f64 {
    gap_of(&values(a), &values(b))
}

/// The largest |a − b| / max(1, |b|), NaN where one is not a number.
pub(crate) fn gap_of(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let gaps = a.iter().zip(b);
    largest(gaps.map(|(a, b)| (a - b).abs() / b.abs().max(1.0)))
}

/// The largest of numbers that are not negative, NaN where one is not a number.
pub(crate) fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, |worst, value| {
        if value <= worst || worst.is_nan() {
            worst
        } else {
            value
        }
    })
}

/// Runs `check` for every device, data type and curvature.
pub(crate) fn everywhere(mut check: impl FnMut(&Device, DType, Curvature)) {
    for device in devices() {
        for dtype in [DType::F64, DType::F32] {
            for curvature in curvatures() {
                check(&device, dtype, curvature);
            }
        }
    }
}

/// `double` in double precision, `single` in single.
pub(crate) fn by_type(dtype: DType, double: f64, single: f64) -> f64 {
    if dtype == DType::F64 { double } else { single }
}

/// All numbers of nested arrays, in order.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

/// The tensor of nested arrays.
pub(crate) fn array<const D: usize>(value: &Value, (device, dtype): (&Device, DType)) -> Tensor<D> {
    let mut inner = value;
    let shape = std::array::from_fn(|_| {
        let items = inner.as_array().unwrap();
        inner = &items[0];
        items.len()
    });
    tensor(&numbers(value), shape, device, dtype)
}

/// The module with all parameters in another number type.
pub(crate) fn cast<M: Module>(module: M, dtype: DType) -> M {
    struct Cast(DType);
    impl ModuleMapper for Cast {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let id = param.id;
            let device = param.val().device();
            let tensor = Tensor::from_data(param.val().into_data(), (&device, self.0));
            param.transform_for_load(tensor, id)
        }
    }
    module.map(&mut Cast(dtype))
}

/// Fails unless all rows are points.
#[track_caller]
pub(crate) fn on_manifold<const D: usize>(points: Tensor<D>, curvature: Curvature) {
    let double = points.dtype() == DType::F64;
    let least = curvature.radius() * (1.0 - 1e-6);
    assert!(values(time(points.clone())).iter().all(|t| *t >= least));
    let found = values(residual(points, curvature));
    let limit = if double { 1e-12 } else { 1e-5 };
    assert!(found.iter().all(|r| *r <= limit), "{found:?}");
}

/// Rows of zeros, and rows of `width` numbers of sizes from 1e-30 to 1e15.
pub(crate) fn sizes(width: usize, (device, dtype): (&Device, DType)) -> Tensor<2> {
    let sizes: Vec<f64> = (-30..=15)
        .map(|power| 10.0_f64.powi(power))
        .chain([0.0])
        .collect();
    let numbers: Vec<f64> = draws(sizes.len() * width, 40)
        .chunks(width)
        .zip(&sizes)
        .flat_map(|(row, size)| row.iter().map(move |x| x * size))
        .collect();
    tensor(&numbers, [sizes.len(), width], device, dtype)
}

#[test]
fn what_is_no_number_is_the_largest() {
    assert_eq!(largest([0.5, 2.0, 1.0]), 2.0);
    for values in [[f64::NAN, 1.0], [1.0, f64::NAN]] {
        assert!(largest(values).is_nan());
        assert!(gap_of(&values, &[1.0; 2]).is_nan() && gap_of(&[1.0; 2], &values).is_nan());
    }
}
