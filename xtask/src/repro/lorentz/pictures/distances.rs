//! How precise distances are in single precision, by radius.

use anyhow::Result;
use burn::tensor::{DType, Device, Tensor, TensorData};
use plm_core::rng::Seed;
use plm_lorentz::Curvature;
use plm_lorentz::geometry::{
    distance, exp, inner, lift, origin_tangent, space, transport_from_origin,
};
use rand::RngExt;

use crate::report::{Plot, Series};
use crate::repro::bounds::worse;
use crate::repro::{Check, Op, Outcome, Table};

const PAIRS: usize = 60;
const WIDTH: usize = 16;
const RADII: [f64; 10] = [0.1, 1.0, 2.0, 2.9, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
const APART: [f64; 2] = [1e-2, 1.0];

/// Adds a table, a plot and a check of the largest relative errors of acosh(−⟨x, y⟩) and of the library's
/// distance over pairs at a radius, in single precision on the first device; the truth is the distance of
/// the same coordinates in double precision, on the second.
pub(in super::super) fn distances(devices: [&Device; 2], outcome: &mut Outcome) -> Result<()> {
    let (mut rows, mut series) = (Vec::new(), Vec::new());
    let (mut worst, mut textbook) = (0.0, 0.0);
    for apart in APART {
        let (mut naive, mut stable) = (Vec::new(), Vec::new());
        for radius in RADII {
            let errors = errors(radius, apart, devices);
            rows.push(vec![
                format!("{radius}"),
                format!("{apart}"),
                format!("{:.1e}", errors[0]),
                format!("{:.1e}", errors[1]),
            ]);
            naive.push((radius, errors[0].log10()));
            stable.push((radius, errors[1].log10()));
            textbook = worse(textbook, errors[0]);
            worst = worse(worst, errors[1]);
        }
        series.push(Series::new(format!("acosh, d = {apart}"), naive));
        series.push(Series::new(format!("stable, d = {apart}"), stable));
    }
    outcome.tables.push(Table {
        title:
            "distances: largest relative error in single precision over 60 pairs of 16 dimensions"
                .to_owned(),
        columns: ["radius", "distance", "acosh(−⟨x, y⟩)", "stable form"]
            .map(str::to_owned)
            .to_vec(),
        rows,
    });
    outcome.plots.push(Plot::lines(
        "distances",
        "Error of distances in single precision",
        "distance of the points from the origin",
        "log10 of the largest relative error",
        series,
    ));
    outcome
        .checks
        .push(Check::new("distance_relative_error", worst, Op::Le, 2e-4));
    outcome.checks.push(Check::new(
        "distance_naive_over_stable",
        textbook / worst,
        Op::Gt,
        1e3,
    ));
    Ok(())
}

/// The largest relative errors of the textbook form and of [`distance`] over pairs `apart` from each other,
/// the first of each pair at `radius` from the origin: in single precision on the first device, against the
/// distances of the same coordinates in double precision on the second.
pub(crate) fn errors(radius: f64, apart: f64, [device, double]: [&Device; 2]) -> [f64; 2] {
    let k = Curvature::UNIT;
    let mut rng = Seed::new(7).child(&format!("{radius} {apart}")).rng();
    let mut directions = |length: f64| {
        let mut values = Vec::with_capacity(PAIRS * WIDTH);
        for _ in 0..PAIRS {
            let row: Vec<f64> = (0..WIDTH)
                .map(|_| 2.0 * rng.random::<f64>() - 1.0)
                .collect();
            let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            values.extend(row.iter().map(|x| x / norm * length));
        }
        Tensor::<2>::from_data(
            TensorData::new(values, [PAIRS, WIDTH]),
            (double, DType::F64),
        )
    };
    let x = lift(directions(radius.sinh()), k);
    let v = transport_from_origin(x.clone(), origin_tangent(directions(apart)), k);
    let y = exp(x.clone(), v, k);
    let single =
        |points: Tensor<2>| Tensor::<2>::from_data(space(points).into_data(), (device, DType::F32));
    let (sx, sy) = (single(x), single(y));
    let values = |t: Tensor<2>| t.into_data().iter::<f64>().collect::<Vec<_>>();
    let exact = |s: &Tensor<2>| lift(Tensor::from_data(s.to_data(), (double, DType::F64)), k);
    let truth = values(distance(exact(&sx), exact(&sy), k));
    let (x, y) = (lift(sx, k), lift(sy, k));
    let naive = values(inner(x.clone(), y.clone()).neg().clamp_min(1.0).acosh());
    let stable = values(distance(x, y, k));
    [naive, stable].map(|found| {
        let errors = found.iter().zip(&truth).map(|(a, b)| (a - b).abs() / b);
        errors.fold(0.0, worse)
    })
}
