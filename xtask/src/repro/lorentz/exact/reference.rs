//! Values and gradients of the authors' code and of other implementations, in double precision (k = 1), as
//! they are committed with the library.

mod geometry;
mod layers;
mod optimizers;

use anyhow::{Context as _, Result, ensure};
use burn::tensor::{DType, Device, Gradients, Tensor};
use serde_json::Value;

use super::tensors::{Options, gap, numbers, values};
use crate::repro::bounds::worse;
use crate::repro::{Check, Context, Op, Outcome, Row};

/// The largest gap to reference numbers, and how many there were.
#[derive(Debug, Default)]
struct Reference {
    worst: f64,
    count: usize,
}

impl Reference {
    /// Compares values, relative to the larger of their size and 1.
    fn meet<const D: usize>(&mut self, found: Tensor<D>, expected: &Value) -> Result<()> {
        self.meet_numbers(&values(found), &numbers(expected)?)
    }

    fn meet_numbers(&mut self, found: &[f64], expected: &[f64]) -> Result<()> {
        self.count += expected.len();
        self.worst = worse(self.worst, gap(found, expected)?);
        Ok(())
    }

    /// Compares the gradient of `leaf`, relative to its largest entry. Double precision only: gradients of
    /// sums cancel, and single precision would say how much, not whether they are right.
    fn meet_slope<const D: usize>(
        &mut self,
        leaf: &Tensor<D>,
        tape: &Gradients,
        expected: &Value,
    ) -> Result<()> {
        let found = leaf.grad(tape).context("a leaf without a gradient")?;
        self.meet_gradient(found, expected)
    }

    fn meet_gradient<const D: usize>(&mut self, found: Tensor<D>, expected: &Value) -> Result<()> {
        if found.dtype() != DType::F64 {
            return Ok(());
        }
        let expected = numbers(expected)?;
        let largest = expected.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
        let unit = |x: &[f64]| x.iter().map(|x| x / largest).collect::<Vec<_>>();
        self.meet_numbers(&unit(&values(found)), &unit(&expected))
    }
}

/// Adds the checks in both precisions: the first device computes in single, the second in double.
pub(super) fn check(
    context: &Context,
    [single, double]: [&Device; 2],
    outcome: &mut Outcome,
) -> Result<()> {
    for (id, device, dtype, bound) in [
        ("reference_f64", double, DType::F64, 1e-9),
        ("reference_f32", single, DType::F32, 2e-5),
    ] {
        let tracked = device.clone().autodiff();
        let mut reference = Reference::default();
        geometry::compare(context, (&tracked, dtype), &mut reference)?;
        layers::compare(context, (&tracked, dtype), &mut reference)?;
        optimizers::compare(context, (device, dtype), &mut reference)?;
        outcome
            .checks
            .push(Check::new(id, reference.worst, Op::Le, bound));
        outcome.rows.push(Row::new(
            format!("exact.{id}"),
            "numbers compared",
            reference.count as f64,
        ));
    }
    Ok(())
}

/// A file of reference numbers.
fn fixture(context: &Context, name: &str) -> Result<Value> {
    let path = context
        .root
        .join(format!("crates/lorentz/src/fixtures/{name}.json"));
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let value: Value = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    ensure!(value.is_object(), "{}: no object", path.display());
    Ok(value)
}

/// A tensor that gradients are asked of.
fn leaf<const D: usize>(value: &Value, options: Options<'_>) -> Result<Tensor<D>> {
    Ok(super::tensors::array::<D>(value, options)?.require_grad())
}
