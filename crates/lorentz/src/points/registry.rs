//! Which parameters of a module are points.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::param::joined;
use crate::{Curvature, Result};

/// Type name that marks parameters of points.
const MARK: &str = "ManifoldParam";

/// The curvatures of parameters that are points, by parameter id; all other parameters are
/// Euclidean.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ManifoldRegistry {
    curvatures: BTreeMap<u64, Curvature>,
}

impl ManifoldRegistry {
    /// The points that `module` holds as [`ManifoldParam`](super::ManifoldParam)s.
    ///
    /// Reads the curvatures from the device.
    ///
    /// # Errors
    /// [`Error::Curvature`](crate::Error::Curvature) where a loaded parameter's curvature is none.
    pub fn of<M: Module>(module: &M) -> Result<Self> {
        let mut visitor = Finder::default();
        module.visit(&mut visitor);
        let mut registry = Self::default();
        for (id, k) in visitor.found {
            registry.insert(id, Curvature::from_stored(k)?);
        }
        Ok(registry)
    }

    /// Adds a bare parameter whose last axis holds points.
    pub fn insert(&mut self, id: ParamId, curvature: Curvature) {
        self.curvatures.insert(id.val(), curvature);
    }

    /// The curvature of a parameter of points; none for Euclidean parameters.
    pub fn get(&self, id: ParamId) -> Option<Curvature> {
        self.curvatures.get(&id.val()).copied()
    }

    /// All parameters of points.
    pub fn iter(&self) -> impl Iterator<Item = (ParamId, Curvature)> {
        self.curvatures
            .iter()
            .map(|(&id, &curvature)| (ParamId::from(id), curvature))
    }

    /// Number of parameters of points.
    pub fn len(&self) -> usize {
        self.curvatures.len()
    }

    /// Whether all parameters are Euclidean.
    pub fn is_empty(&self) -> bool {
        self.curvatures.is_empty()
    }
}

#[derive(Default)]
struct Finder {
    stack: Vec<(String, bool)>,
    points: Option<ParamId>,
    found: Vec<(ParamId, f64)>,
}

impl ModuleVisitor for Finder {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some((name, true)) = self.stack.last() else {
            return;
        };
        match name.as_str() {
            "points" => self.points = Some(param.id),
            "k" => {
                let points = self.points.take().map(|id| (id, joined(&param.val())));
                self.found.extend(points);
            }
            _ => {}
        }
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        let owner = container.split_once(':').map_or("", |(_, owner)| owner);
        self.stack.push((name.to_owned(), owner == MARK));
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.stack.pop();
    }
}
