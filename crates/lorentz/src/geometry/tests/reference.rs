//! Values of other implementations in double precision (k = 1).

use burn::tensor::{DType, Device};
use serde_json::Value;

use crate::Curvature;
use crate::geometry::*;
use crate::testing::{array, by_type, devices, gap_of, numbers, values};

fn fixture(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn operations_meet_the_reference() {
    let file = fixture(include_str!("../../fixtures/manifold.json"));
    for device in devices() {
        for dtype in [DType::F64, DType::F32] {
            let input = |name: &str| array::<2>(&file["inputs"][name], (&device, dtype));
            let check = |name: &str, found: Vec<f64>| {
                let gap = gap_of(&found, &numbers(&file["outputs"][name]));
                assert!(
                    gap < by_type(dtype, 1e-9, 2e-5),
                    "{dtype:?} {name}: {gap:e}"
                );
            };
            let k = Curvature::UNIT;
            let [x, y, v, g] = ["x", "y", "v", "egrad"].map(input);
            check("inner_xy", values(inner(x.clone(), y.clone())));
            check("norm_v", values(tangent_norm(x.clone(), v.clone(), k)));
            check(
                "sqdist_lorentz",
                values(squared_distance(x.clone(), y.clone(), k)),
            );
            check("dist", values(distance(x.clone(), y.clone(), k)));
            check("dist0_x", values(distance_from_origin(x.clone(), k)));
            check("cdist", values(distance_pairwise(x.clone(), y.clone(), k)));
            check("cinner", values(inner_pairwise(x.clone(), y.clone())));
            check("expmap", values(exp(x.clone(), v.clone(), k)));
            check("expmap0", values(exp_origin(input("v0"), k)));
            check("logmap", values(log(x.clone(), y.clone(), k)));
            check("logmap0_x", values(log_origin(x.clone(), k)));
            check(
                "transp_v",
                values(transport(x.clone(), y.clone(), v.clone(), k)),
            );
            let from_origin = transport_from_origin(y.clone(), input("v0"), k);
            check("transp0_v0_to_y", values(from_origin));
            check(
                "transp0back_v",
                values(transport_to_origin(x.clone(), v, k)),
            );
            check("projx_of_egrad", values(project(g.clone(), k)));
            let tangent = project_tangent(x.clone(), g.clone(), k);
            check("proju_x_of_egrad", values(tangent));
            check(
                "egrad2rgrad",
                values(to_riemannian_gradient(x.clone(), g, k)),
            );
            check("lorentz_to_poincare", values(to_poincare(x, k)));
        }
    }
}

/// The reference extends the distance to the ambient space in another way, so the gradients agree
/// after they have become Riemannian.
#[test]
fn the_gradient_of_the_distance_meets_the_reference() {
    let file = fixture(include_str!("../../fixtures/manifold.json"));
    for device in devices() {
        for dtype in [DType::F64, DType::F32] {
            let plain = |name: &str| array::<2>(&file["inputs"][name], (&device, dtype));
            let tracked = |name: &str| {
                array::<2>(&file["inputs"][name], (&device.clone().autodiff(), dtype))
                    .require_grad()
            };
            let (x, y) = (tracked("x"), tracked("y"));
            let tape = distance(x.clone(), y.clone(), Curvature::UNIT)
                .sum()
                .backward();
            for (name, point, grad) in [
                ("dist_dx", plain("x"), x.grad(&tape)),
                ("dist_dy", plain("y"), y.grad(&tape)),
            ] {
                let riemannian =
                    |g| values(to_riemannian_gradient(point.clone(), g, Curvature::UNIT));
                let expected = array::<2>(&file["gradients"][name], (&device, dtype));
                let gap = gap_of(&riemannian(grad.unwrap()), &riemannian(expected));
                assert!(
                    gap < by_type(dtype, 1e-7, 2e-5),
                    "{dtype:?} {name}: {gap:e}"
                );
            }
        }
    }
}

#[test]
fn centroids_and_their_gradients_meet_the_reference() {
    let file = fixture(include_str!("../../fixtures/centroid.json"));
    for device in devices() {
        for dtype in [DType::F64, DType::F32] {
            let tolerance = by_type(dtype, 1e-9, 2e-5);
            let tracked = device.clone().autodiff();
            let input =
                |name: &str, device: &Device| array::<2>(&file["inputs"][name], (device, dtype));
            let x = input("x", &tracked).require_grad();
            let w = input("w", &tracked).require_grad();
            let found = centroid(x.clone(), w.clone(), Curvature::UNIT);
            let expected = numbers(&file["outputs"]["weighted"]);
            assert!(gap_of(&values(found.clone()), &expected) < tolerance);
            let uniform = midpoint(x.clone().detach(), Curvature::UNIT);
            assert!(gap_of(&values(uniform), &numbers(&file["outputs"]["uniform"])) < tolerance);

            let upstream = input("upstream", &tracked);
            let tape = (found * upstream).sum().backward();
            let gap = gap_of(
                &values(w.grad(&tape).unwrap()),
                &numbers(&file["grads"]["w"]),
            );
            assert!(gap < by_type(dtype, 1e-8, 1e-4), "{dtype:?} {gap:e}");
            let point = input("x", &device);
            let riemannian = |g| values(to_riemannian_gradient(point.clone(), g, Curvature::UNIT));
            let expected = riemannian(array::<2>(&file["grads"]["x"], (&device, dtype)));
            let gap = gap_of(&riemannian(x.grad(&tape).unwrap()), &expected);
            assert!(gap < by_type(dtype, 1e-8, 1e-4), "{dtype:?} {gap:e}");
        }
    }
}
