//! Operations on points.

use anyhow::Result;
use plm_lorentz::Curvature;
use plm_lorentz::geometry::{
    centroid, distance, distance_from_origin, distance_pairwise, exp, exp_origin, inner,
    inner_pairwise, log, log_origin, midpoint, project, project_tangent, squared_distance,
    tangent_norm, to_poincare, to_riemannian_gradient, transport, transport_from_origin,
    transport_to_origin,
};

use super::super::tensors::{Options, array};
use super::{Reference, fixture, leaf};
use crate::repro::Context;

pub(super) fn compare(
    context: &Context,
    options: Options<'_>,
    reference: &mut Reference,
) -> Result<()> {
    let k = Curvature::UNIT;
    let file = fixture(context, "manifold")?;
    let input = |name: &str| array::<2>(&file["inputs"][name], options);
    let (x, y, v, g) = (input("x")?, input("y")?, input("v")?, input("egrad")?);
    let v0 = input("v0")?;
    let results = [
        ("inner_xy", inner(x.clone(), y.clone())),
        ("norm_v", tangent_norm(x.clone(), v.clone(), k)),
        ("sqdist_lorentz", squared_distance(x.clone(), y.clone(), k)),
        ("dist", distance(x.clone(), y.clone(), k)),
        ("dist0_x", distance_from_origin(x.clone(), k)),
        ("cdist", distance_pairwise(x.clone(), y.clone(), k)),
        ("cinner", inner_pairwise(x.clone(), y.clone())),
        ("expmap", exp(x.clone(), v.clone(), k)),
        ("expmap0", exp_origin(v0.clone(), k)),
        ("logmap", log(x.clone(), y.clone(), k)),
        ("logmap0_x", log_origin(x.clone(), k)),
        ("transp_v", transport(x.clone(), y.clone(), v.clone(), k)),
        ("transp0_v0_to_y", transport_from_origin(y, v0, k)),
        ("transp0back_v", transport_to_origin(x.clone(), v, k)),
        ("projx_of_egrad", project(g.clone(), k)),
        ("proju_x_of_egrad", project_tangent(x.clone(), g.clone(), k)),
        ("egrad2rgrad", to_riemannian_gradient(x.clone(), g, k)),
        ("lorentz_to_poincare", to_poincare(x, k)),
    ];
    for (name, found) in results {
        reference.meet(found, &file["outputs"][name])?;
    }

    let file = fixture(context, "centroid")?;
    let x = array::<2>(&file["inputs"]["x"], options)?;
    let w = leaf::<2>(&file["inputs"]["w"], options)?;
    reference.meet(midpoint(x.clone(), k), &file["outputs"]["uniform"])?;
    reference.meet(centroid(x, w, k), &file["outputs"]["weighted"])
}
