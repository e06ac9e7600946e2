//! Tensors from host numbers and back.

use anyhow::{Context as _, Result, bail, ensure};
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Device, Tensor, TensorData};
use plm_core::rng::Seed;
use plm_lorentz::Curvature;
use rand::RngExt;
use serde_json::Value;

use crate::repro::bounds::worse;

/// A device and a number type.
pub(super) type Options<'a> = (&'a Device, DType);

pub(super) fn tensor<const D: usize>(
    values: &[f64],
    shape: [usize; D],
    (device, dtype): Options<'_>,
) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), (device, dtype))
}

pub(super) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// Numbers drawn evenly from (−1, 1).
pub(super) fn draws(count: usize, seed: u64) -> Vec<f64> {
    let mut rng = Seed::new(seed).rng();
    (0..count)
        .map(|_| rng.random::<f64>() * 2.0 - 1.0)
        .collect()
}

/// Rows of `width` numbers of the sizes 1e-30, 1e-29, … 1e15, and one of zeros.
pub(super) fn sizes(width: usize, seed: u64, options: Options<'_>) -> Tensor<2> {
    let sizes: Vec<f64> = (-30..=15)
        .map(|power| 10.0_f64.powi(power))
        .chain([0.0])
        .collect();
    let numbers: Vec<f64> = draws(sizes.len() * width, seed)
        .chunks(width)
        .zip(&sizes)
        .flat_map(|(row, size)| row.iter().map(move |x| x * size))
        .collect();
    tensor(&numbers, [sizes.len(), width], options)
}

/// The curvatures that properties are checked for.
pub(super) fn curvatures() -> Result<[Curvature; 3]> {
    Ok([
        Curvature::from_k(0.25)?,
        Curvature::UNIT,
        Curvature::from_k(4.0)?,
    ])
}

/// The largest |a − b| / max(1, |b|).
pub(super) fn gap(a: &[f64], b: &[f64]) -> Result<f64> {
    ensure!(a.len() == b.len(), "{} and {} numbers", a.len(), b.len());
    let gaps = a
        .iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs() / b.abs().max(1.0));
    Ok(gaps.fold(0.0, worse))
}

/// All numbers of nested arrays, in order.
pub(super) fn numbers(value: &Value) -> Result<Vec<f64>> {
    match value {
        Value::Array(items) => {
            let parts: Vec<Vec<f64>> = items.iter().map(numbers).collect::<Result<_>>()?;
            Ok(parts.concat())
        }
        Value::Number(number) => Ok(vec![number.as_f64().context("a number beyond f64")?]),
        other => bail!("expected numbers, found {other}"),
    }
}

/// The tensor of nested arrays.
pub(super) fn array<const D: usize>(value: &Value, options: Options<'_>) -> Result<Tensor<D>> {
    let mut inner = value;
    let mut shape = [0; D];
    for size in &mut shape {
        let items = inner
            .as_array()
            .context("an array of lower rank than needed")?;
        *size = items.len();
        inner = items.first().context("an empty array")?;
    }
    let numbers = numbers(value)?;
    ensure!(
        numbers.len() == shape.iter().product::<usize>(),
        "{} numbers for the shape {shape:?}",
        numbers.len()
    );
    Ok(tensor(&numbers, shape, options))
}

/// The module with all parameters in another number type.
pub(super) fn cast<M: Module>(module: M, dtype: DType) -> M {
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
