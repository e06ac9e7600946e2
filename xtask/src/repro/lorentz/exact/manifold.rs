//! Every output is a point, whatever the input.

use anyhow::Result;
use burn::optim::Optimizer;
use burn::tensor::{DType, Device, Tensor};
use plm_lorentz::Curvature;
use plm_lorentz::geometry::{
    centroid, concat, exp, exp_origin, from_klein, from_poincare, lift, midpoint, origin_tangent,
    project, project_within, residual, time, transport_from_origin,
};
use plm_lorentz::optim::{RiemannianAdamConfig, RiemannianSgdConfig};

use super::layers::{WIDTH, layers};
use super::tensors::{curvatures, sizes, values};
use crate::repro::bounds::worse;
use crate::repro::{Check, Op, Outcome, Table};

/// Adds the check over all operations, layers and optimizers in single precision, and what each gave.
pub(super) fn check(device: &Device, outcome: &mut Outcome) -> Result<()> {
    let mut found: Vec<(String, f64)> = Vec::new();
    let mut add = |name: &str, points: Tensor<2>, curvature: Curvature| {
        let value = defect(points, curvature);
        match found.iter_mut().find(|(other, _)| other == name) {
            Some((_, worst)) => *worst = worse(*worst, value),
            None => found.push((name.to_owned(), value)),
        }
    };
    for curvature in curvatures()? {
        let options = (device, DType::F32);
        for (name, points) in operations(options, curvature) {
            add(name, points, curvature);
        }
        let wide = sizes(WIDTH, 41, options);
        let points = lift(sizes(WIDTH - 1, 42, options), curvature);
        let near = sizes(WIDTH - 1, 43, options).clamp(-3.0, 3.0);
        let near = exp_origin(origin_tangent(near), curvature);
        for layer in layers(options, curvature)? {
            let input = if layer.bounded { &near } else { &points };
            add(layer.name, (layer.run)(input.clone()), curvature);
            if layer.any_input {
                add(layer.name, (layer.run)(wide.clone()), curvature);
            }
        }
        let start = near.clone();
        let adam = RiemannianAdamConfig::default().build(curvature)?;
        add("Riemannian Adam", descend(&adam, &start, &wide), curvature);
        let sgd = RiemannianSgdConfig {
            momentum: 0.9,
            ..RiemannianSgdConfig::default()
        };
        let sgd = sgd.build(curvature)?;
        add("Riemannian SGD", descend(&sgd, &start, &wide), curvature);
    }
    let worst = found.iter().map(|(_, value)| *value).fold(0.0, worse);
    outcome
        .checks
        .push(Check::new("on_manifold_relative", worst, Op::Le, 1e-5));
    outcome.tables.push(Table {
        title: "on the hyperboloid: largest |⟨x, x⟩ + k| / x₀² in single precision, inputs of the sizes \
                1e-30 to 1e15 and 0, k = 1/4, 1, 4; batch norm, which takes centroids and logarithms, and \
                the starts of the optimizers within a distance of 5.2 of the origin"
            .to_owned(),
        columns: vec!["output of".to_owned(), "residual".to_owned()],
        rows: found
            .into_iter()
            .map(|(name, value)| vec![name, format!("{value:.1e}")])
            .collect(),
    });
    Ok(())
}

/// The largest relative residual, infinite where a time is less than √k.
fn defect(points: Tensor<2>, curvature: Curvature) -> f64 {
    let least = curvature.radius() * (1.0 - 1e-6);
    let times = values(time(points.clone()));
    if !times.iter().all(|time| *time >= least) {
        return f64::INFINITY;
    }
    values(residual(points, curvature))
        .into_iter()
        .fold(0.0, worse)
}

/// Operations that make points.
fn operations(options: (&Device, DType), curvature: Curvature) -> Vec<(&'static str, Tensor<2>)> {
    let wide = sizes(WIDTH, 40, options);
    let x = lift(wide.clone(), curvature);
    let base = exp_origin(origin_tangent(wide.clone().clamp(-3.0, 3.0)), curvature);
    let tangents = transport_from_origin(base.clone(), origin_tangent(wide.clone()), curvature);
    let weights = wide.clone().abs().narrow(1, 0, 1).transpose();
    vec![
        ("project", project(x.clone(), curvature)),
        ("project within", project_within(x.clone(), 1.5, curvature)),
        (
            "exp at the origin",
            exp_origin(origin_tangent(wide.clone()), curvature),
        ),
        ("exp", exp(base, tangents, curvature)),
        ("from Poincaré", from_poincare(wide.clone(), curvature)),
        ("from Klein", from_klein(wide, curvature)),
        ("midpoint", midpoint(x.clone(), curvature)),
        ("centroid", centroid(x.clone(), weights, curvature)),
        (
            "concatenation",
            concat(vec![x.clone(), x.clone()], curvature),
        ),
        ("lift", x),
    ]
}

/// Twelve updates, past one that projects anew.
fn descend<O: Optimizer>(optimizer: &O, start: &Tensor<2>, gradient: &Tensor<2>) -> Tensor<2> {
    let (mut points, mut state) = (start.clone(), None);
    for _ in 0..12 {
        (points, state) = optimizer.step(0.05, points, gradient.clone(), state);
    }
    points
}
