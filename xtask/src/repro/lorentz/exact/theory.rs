//! Which Lorentz transformations layers contain.

use anyhow::Result;
use burn::module::Param;
use burn::tensor::{DType, Device, Tensor};
use plm_core::rng::Seed;
use plm_lorentz::geometry::{distance_from_origin, lift, origin};
use plm_lorentz::lorentz_group::LorentzTransform;
use plm_lorentz::nn::{TangentLinearConfig, TimeFromSpaceConfig};

use super::tensors::{cast, curvatures, draws, gap, tensor, values};
use crate::repro::bounds::worse;
use crate::repro::{Check, Op, Outcome};

/// Dimensions of space.
const N: usize = 4;

/// Adds the checks that a Lorentz layer can be any boost and rotation, and a layer in the tangent space of
/// the origin no boost.
pub(super) fn check(device: &Device, outcome: &mut Outcome) -> Result<()> {
    let options = (device, DType::F64);
    let (mut covered, mut fixed, mut moved) = (0.0, 0.0, 0.0);
    for curvature in curvatures()? {
        let scale = curvature.radius();
        let space: Vec<f64> = draws(20 * N, 61).iter().map(|x| 3.0 * scale * x).collect();
        let x = lift(tensor(&space, [20, N], options), curvature);
        let start: Tensor<2> = origin([1, N + 1], curvature, device, DType::F64);
        for index in 0..8 {
            let (transform, velocity) = transform(index)?;
            let weights: Vec<f64> = (0..=N)
                .flat_map(|input| (1..=N).map(move |output| (output, input)))
                .map(|(output, input)| transform.get(output, input))
                .collect();
            let config = TimeFromSpaceConfig {
                bias: false,
                input_curvature: curvature,
                output_curvature: curvature,
                ..TimeFromSpaceConfig::new(N + 1, N + 1)
            };
            let mut layer = config.init(Seed::new(0), device)?;
            layer.linear.weight = Param::from_tensor(tensor(&weights, [N + 1, N], options));
            let expected = values(transform.apply(x.clone())?);
            covered = worse(covered, gap(&values(layer.forward(x.clone())), &expected)?);

            // A boost of velocity v moves the origin by √k atanh |v|.
            let reached = values(distance_from_origin(
                transform.apply(start.clone())?,
                curvature,
            ))[0];
            moved = worse(moved, (reached - scale * velocity.atanh()).abs());

            let tangent = TangentLinearConfig {
                bias: false,
                curvature,
                ..TangentLinearConfig::new(N + 1, N + 1)
            };
            let tangent = cast(tangent.init(Seed::new(index), device)?, DType::F64);
            let image = values(tangent.forward(start.clone()));
            fixed = worse(fixed, gap(&image, &values(start.clone()))?);
        }
    }
    for (id, value) in [
        ("boost_rotation_covered", covered),
        ("boost_moves_origin", moved),
        ("tangent_layer_fixes_origin", fixed),
    ] {
        outcome.checks.push(Check::new(id, value, Op::Le, 1e-12));
    }
    Ok(())
}

/// A random rotation after a random boost, and the norm of the boost's velocity; first pure ones.
fn transform(index: u64) -> Result<(LorentzTransform, f64)> {
    let numbers = draws(2 * N, 70 + index);
    let norm = numbers[..N].iter().map(|v| v * v).sum::<f64>().sqrt();
    let speed = if index == 0 {
        0.0
    } else {
        0.2 + 0.09 * index as f64
    };
    let velocity: Vec<f64> = numbers[..N].iter().map(|v| v / norm * speed).collect();
    let mut transform = LorentzTransform::boost(&velocity)?;
    if index != 1 {
        for axis in 0..N {
            let angle = 3.0 * numbers[N + axis];
            let turn = LorentzTransform::plane_rotation(N, axis, (axis + 1) % N, angle)?;
            transform = turn.after(&transform)?;
        }
    }
    Ok((transform, speed))
}
