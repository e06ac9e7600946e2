//! Clipping of all gradients by one norm.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData, Transaction};
use serde::{Deserialize, Serialize};

use super::rows::to_rows;
use crate::ManifoldRegistry;
use crate::geometry::{tangent_norm_squared, to_riemannian_gradient};

/// How gradients of points are measured; those of Euclidean parameters always have the Euclidean
/// norm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NormKind {
    /// The Euclidean norm of the ambient gradient, as in HyboNet's code. It grows with the point's
    /// distance from the origin.
    #[default]
    Ambient,
    /// The norm √⟨g, g⟩ of the Riemannian gradient, which does not depend on where the point is.
    Riemannian,
}

/// Bound on the norm of all gradients together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clip {
    /// The largest norm.
    pub max_norm: f64,
    /// How it is measured.
    #[serde(default)]
    pub kind: NormKind,
}

/// The norm of all gradients as if they were one vector. Reads
/// from the device, once.
pub fn gradient_norm<M: Module>(
    module: &M,
    gradients: &GradientsParams,
    registry: &ManifoldRegistry,
    kind: NormKind,
) -> f64 {
    let mut visitor = Norms {
        gradients,
        registry,
        kind,
        squares: Vec::new(),
    };
    module.visit(&mut visitor);
    let mut reading = Transaction::default();
    for square in visitor.squares {
        reading = reading.register(square);
    }
    let squares = reading.execute();
    let total: f64 = squares.iter().flat_map(TensorData::iter::<f64>).sum();
    total.sqrt()
}

/// Scales all gradients by min(1, max_norm / (norm + 1e-6)), the rule of torch, and returns the norm
/// that they had. Gradients whose norm is not finite stay as they are.
pub fn clip_gradients<M: Module>(
    module: &M,
    gradients: &mut GradientsParams,
    registry: &ManifoldRegistry,
    clip: Clip,
) -> f64 {
    let norm = gradient_norm(module, gradients, registry, clip.kind);
    let factor = clip.max_norm / (norm + 1e-6);
    if norm.is_finite() && factor < 1.0 {
        module.visit(&mut Scaler { gradients, factor });
    }
    norm
}

struct Norms<'a> {
    gradients: &'a GradientsParams,
    registry: &'a ManifoldRegistry,
    kind: NormKind,
    squares: Vec<Tensor<1>>,
}

impl ModuleVisitor for Norms<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(grad) = self.gradients.get::<D>(param.id) else {
            return;
        };
        let square = match (self.kind, self.registry.get(param.id)) {
            (NormKind::Riemannian, Some(curvature)) => {
                let points = to_rows(param.val().inner());
                let grad = to_riemannian_gradient(points.clone(), to_rows(grad), curvature);
                tangent_norm_squared(points, grad, curvature).sum()
            }
            _ => grad.square().sum(),
        };
        self.squares.push(square);
    }
}

struct Scaler<'a> {
    gradients: &'a mut GradientsParams,
    factor: f64,
}

impl ModuleVisitor for Scaler<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(grad) = self.gradients.remove::<D>(param.id) {
            self.gradients
                .register(param.id, grad.mul_scalar(self.factor));
        }
    }
}
