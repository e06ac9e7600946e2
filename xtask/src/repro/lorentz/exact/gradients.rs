//! Gradients: those of differences, and finite ones.

use anyhow::Result;
use burn::tensor::{DType, Device, Tensor};
use plm_lorentz::Curvature;
use plm_lorentz::geometry::{
    centroid, distance, distance_from_origin, distance_pairwise, exp, exp_origin, from_klein,
    from_poincare, lift, log, log_origin, midpoint, origin_tangent, project_within, space,
    squared_distance, tangent_norm, to_klein, to_poincare, transport, transport_from_origin,
};

use super::layers::{WIDTH, layers};
use super::tensors::{Options, curvatures, draws, sizes, tensor, values};
use crate::repro::bounds::worse;
use crate::repro::{Check, Op, Outcome, Row};

/// Points of a check of layers.
const ROWS: usize = 3;
/// Radii, in units of √k, of the check that gradients are finite.
const RADII: [f64; 6] = [0.0, 1e-20, 1e-6, 1.0, 3.0, 9.0];
/// How far the two points of a pair are apart in that check.
const STEPS: [f64; 5] = [0.0, 1e-30, 1e-12, 1e-6, 1.0];

/// Adds both checks: on the run's device, and where double precision is needed on the second one.
pub(super) fn check([device, double]: [&Device; 2], outcome: &mut Outcome) -> Result<()> {
    let tracked = double.clone().autodiff();
    let mut worst = 0.0;
    for curvature in curvatures()? {
        worst = worse(worst, differences((&tracked, DType::F64), curvature)?);
    }
    outcome
        .checks
        .push(Check::new("gradient_differences", worst, Op::Le, 1e-6));
    let (mut count, mut wrong) = (0, 0);
    for curvature in curvatures()? {
        for slope in slopes((&device.clone().autodiff(), DType::F32), curvature)? {
            count += 1;
            wrong += usize::from(!slope.is_finite());
        }
    }
    outcome
        .checks
        .push(Check::new("gradients_finite", wrong as f64, Op::Eq, 0.0));
    outcome.rows.push(Row::new(
        "exact.gradients_finite",
        "gradients looked at",
        count as f64,
    ));
    Ok(())
}

/// The largest |autodiff − central difference| / max(1, |difference|) over all layers and operations.
fn differences(options: Options<'_>, curvature: Curvature) -> Result<f64> {
    const H: f64 = 1e-6;
    let start = draws(ROWS * (WIDTH - 1), 31);
    let at = |space: &[f64]| tensor::<2>(space, [ROWS, WIDTH - 1], options);
    let weigh = |y: Tensor<2>| {
        let [rows, width] = y.dims();
        let weights = tensor::<2>(&draws(rows * width, 32), [rows, width], options);
        (y * weights).sum()
    };
    let mut worst = 0.0;
    let mut compare = |run: &dyn Fn(Tensor<2>) -> Tensor<2>| -> Result<()> {
        let leaf = at(&start).require_grad();
        let tape = weigh(run(lift(leaf.clone(), curvature))).backward();
        let found = leaf.grad(&tape).map(values).unwrap_or_default();
        for index in 0..start.len() {
            let value = |step: f64| {
                let mut moved = start.clone();
                moved[index] += step;
                values(weigh(run(lift(at(&moved), curvature))))[0]
            };
            let expected = (value(H) - value(-H)) / (2.0 * H);
            let slope = found.get(index).copied().unwrap_or(f64::NAN);
            worst = worse(worst, (slope - expected).abs() / expected.abs().max(1.0));
        }
        Ok(())
    };
    for layer in layers(options, curvature)? {
        compare(&*layer.run)?;
    }
    let other = lift(at(&draws(ROWS * (WIDTH - 1), 33)), curvature);
    compare(&|x| distance(x, other.clone(), curvature))?;
    compare(&|x| squared_distance(x, other.clone(), curvature))?;
    compare(&|x| distance_pairwise(x, other.clone(), curvature))?;
    compare(&|x| log(x, other.clone(), curvature))?;
    compare(&|x| {
        let v = transport_from_origin(x.clone(), origin_tangent(space(x.clone())), curvature);
        transport(x.clone(), other.clone(), v.clone(), curvature) + exp(x, v, curvature)
    })?;
    compare(&|x| from_poincare(to_poincare(x, curvature), curvature))?;
    Ok(worst)
}

/// All gradients at coincident and at close points, at the origin and far out, and of layers for inputs of
/// every size.
fn slopes(options: Options<'_>, curvature: Curvature) -> Result<Vec<f64>> {
    let mut slopes = Vec::new();
    for radius in RADII {
        for step in STEPS {
            let far = curvature.radius() * radius.sinh();
            let near = [far * 0.6, far * 0.8, 0.0];
            let leaf = |space: &[f64]| tensor::<2>(space, [1, 3], options).require_grad();
            let leaves = [leaf(&near), leaf(&[near[0] + step, near[1], step])];
            let tape = total(operations(&leaves, curvature)).backward();
            for leaf in leaves {
                let found = leaf.grad(&tape).map(values);
                slopes.extend(found.unwrap_or_else(|| vec![f64::NAN]));
            }
        }
    }
    for layer in layers(options, curvature)? {
        let leaf = sizes(WIDTH - 1, 34, options);
        let leaf = match layer.bounded {
            true => leaf.clamp(-3.0, 3.0),
            false => leaf,
        };
        let leaf = leaf.require_grad();
        let y = (layer.run)(lift(leaf.clone(), curvature));
        let largest = y.clone().detach().abs().max_dim(1).add_scalar(1.0);
        let tape = (y / largest).sum().backward();
        let found = leaf.grad(&tape).map(values);
        slopes.extend(found.unwrap_or_else(|| vec![f64::NAN]));
    }
    Ok(slopes)
}

fn operations([sx, sy]: &[Tensor<2>; 2], k: Curvature) -> Vec<Tensor<2>> {
    let (x, y) = (lift(sx.clone(), k), lift(sy.clone(), k));
    let v = origin_tangent(sx.clone() - sy.clone());
    let v = transport_from_origin(x.clone(), v, k);
    let share = sx.clone().abs().sum().add_scalar(1.0).reshape([1, 1]);
    vec![
        distance(x.clone(), y.clone(), k),
        squared_distance(x.clone(), y.clone(), k),
        distance_pairwise(x.clone(), y.clone(), k),
        distance_from_origin(x.clone(), k),
        tangent_norm(x.clone(), v.clone(), k),
        exp(x.clone(), v.clone(), k),
        exp_origin(origin_tangent(space(x.clone())), k),
        log(x.clone(), y.clone(), k),
        log_origin(x.clone(), k),
        transport(x.clone(), y.clone(), v, k),
        centroid(x.clone(), share, k),
        midpoint(Tensor::cat(vec![x.clone(), y], 0), k),
        from_poincare(to_poincare(x.clone(), k), k),
        from_klein(to_klein(x.clone()), k),
        project_within(x, 1.5, k),
    ]
}

/// The sum of all numbers, each result scaled to about 1 so that none drowns the others.
fn total(results: Vec<Tensor<2>>) -> Tensor<1> {
    let scaled = results.into_iter().map(|result| {
        let largest = result.clone().detach().abs().max().add_scalar(1.0);
        result.sum() / largest
    });
    Tensor::cat(scaled.collect(), 0).sum()
}
