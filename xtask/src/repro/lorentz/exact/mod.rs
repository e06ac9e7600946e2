//! What must hold exactly.

mod gradients;
mod layers;
mod manifold;
mod reference;
mod tensors;
mod theory;

use anyhow::Result;
use burn::tensor::Device;

use super::pictures;
use crate::repro::{Context, Outcome};

/// Adds the checks of geometry, layers and optimizers.
pub(super) fn check(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let device = plm_core::device::parse(&context.device)?;
    let double = double_precision(context)?;
    manifold::check(&device, outcome)?;
    reference::check(context, [&device, &double], outcome)?;
    theory::check(&double, outcome)?;
    gradients::check([&device, &double], outcome)?;
    pictures::distances([&device, &double], outcome)?;
    Ok(())
}

/// The run's device, or a CPU where that one may lack double precision.
pub(super) fn double_precision(context: &Context) -> Result<Device> {
    let name = match context.device.as_str() {
        name @ ("flex" | "ndarray") => name,
        _ => "flex",
    };
    Ok(plm_core::device::parse(name)?)
}
