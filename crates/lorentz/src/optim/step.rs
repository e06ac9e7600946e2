//! Moving points along geodesics.

use burn::tensor::Tensor;
use plm_core::check::positive;
use serde::{Deserialize, Serialize};

use crate::geometry::{
    Precision, exp, limit_norm, project, project_tangent, project_within, to_riemannian_gradient,
    transport,
};
use crate::{Curvature, Error, Result};

/// What bounds one step of points, and what repairs them afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StepLimits {
    /// Largest Riemannian length of a step: 10 for HyboNet's graphs and translation, 1.5 for its
    /// knowledge graphs. An absolute length, not one in units of √k.
    pub max_step: Option<f64>,
    /// Largest norm of the space components of a point, as HyboNet bounds the entities of knowledge
    /// graphs (1.5); absolute, too.
    pub max_space_norm: Option<f64>,
    /// Projects points and momenta anew every so many steps. Steps end on the manifold anyway, so
    /// this only takes rounding out of the momenta, and anything else that changed the points.
    pub stabilize: Option<u64>,
    /// Leaves rows with a gradient of zeros alone, their moments included: for embeddings of which a
    /// batch touches a few rows. Reads the rows' numbers from the device.
    pub sparse: bool,
}

impl Default for StepLimits {
    fn default() -> Self {
        Self {
            max_step: Some(10.0),
            max_space_norm: None,
            stabilize: Some(10),
            sparse: false,
        }
    }
}

impl StepLimits {
    pub(super) fn check(&self, origin: &str) -> Result<()> {
        if let Some(value) = self.max_step {
            positive(origin, "max_step", value)?;
        }
        if let Some(value) = self.max_space_norm {
            positive(origin, "max_space_norm", value)?;
        }
        if self.stabilize == Some(0) {
            return Err(Error::config(
                origin,
                "stabilize",
                "is 0, must be a positive number of steps, or null for never",
            ));
        }
        Ok(())
    }

    /// The points where `directions` lead, and `momenta` transported there. Points do not get
    /// farther from the origin than 9 √k in single and 19 √k in double precision,
    /// which is as far as these types tell points apart (Mishne et al., ICML 2023).
    ///
    /// # Shapes
    /// - all: `[rows, n + 1]`
    pub(super) fn advance(
        &self,
        points: Tensor<2>,
        directions: Tensor<2>,
        momenta: Option<Tensor<2>>,
        curvature: Curvature,
    ) -> (Tensor<2>, Option<Tensor<2>>) {
        let directions = match self.max_step {
            Some(length) => limit_norm(points.clone(), directions, length, curvature),
            None => directions,
        };
        let reached = exp(points.clone(), directions, curvature);
        let farthest = curvature.radius() * Precision::of(reached.dtype()).farthest.sinh();
        let bound = self.max_space_norm.unwrap_or(f64::INFINITY).min(farthest);
        let reached = project_within(reached, bound, curvature);
        let momenta = momenta.map(|m| transport(points, reached.clone(), m, curvature));
        (reached, momenta)
    }

    /// Whether step number `time` (from 1) is followed by a projection.
    pub(super) fn stabilizes(&self, time: u64) -> bool {
        self.stabilize
            .is_some_and(|every| every > 0 && time.is_multiple_of(every))
    }
}

/// Points and momenta projected anew.
pub(super) fn stabilized(
    points: Tensor<2>,
    momenta: Option<Tensor<2>>,
    curvature: Curvature,
) -> (Tensor<2>, Option<Tensor<2>>) {
    let points = project(points, curvature);
    let momenta = momenta.map(|m| project_tangent(points.clone(), m, curvature));
    (points, momenta)
}

/// The Riemannian gradients of rows, with `weight_decay` times the points added to the ambient ones.
pub(super) fn gradient(
    points: &Tensor<2>,
    ambient: Tensor<2>,
    weight_decay: f64,
    curvature: Curvature,
) -> Tensor<2> {
    let ambient = if weight_decay == 0.0 {
        ambient
    } else {
        ambient + points.clone().mul_scalar(weight_decay)
    };
    to_riemannian_gradient(points.clone(), ambient, curvature)
}
