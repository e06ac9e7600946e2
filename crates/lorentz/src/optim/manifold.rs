//! One optimizer for a module with points and Euclidean parameters.

use std::io::Write;
use std::path::Path;

use burn::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::module::{Module, ModuleVisitor, Param, ParamGroup, ParamId};
use burn::optim::{GradientsParams, ModuleOptimizer, OptimizerRecord};
use burn::tensor::{Bytes, Tensor};
use plm_core::check::positive;
use serde::{Deserialize, Serialize};

use super::adam::RiemannianAdamConfig;
use super::clip::{Clip, clip_gradients};
use super::euclidean::EuclideanAdamConfig;
use super::sgd::RiemannianSgdConfig;
use crate::{ManifoldRegistry, Result};

/// The update rule of points.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RiemannianConfig {
    /// Riemannian Adam.
    Adam(RiemannianAdamConfig),
    /// Riemannian gradient descent.
    Sgd(RiemannianSgdConfig),
}

impl Default for RiemannianConfig {
    fn default() -> Self {
        Self::Adam(RiemannianAdamConfig::default())
    }
}

/// Settings of a [`ManifoldOptimizer`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ManifoldOptimizerConfig {
    /// For the points.
    pub points: RiemannianConfig,
    /// For all other parameters. Its weight decay spares biases, scales and normalization layers.
    pub euclidean: EuclideanAdamConfig,
    /// Bound on the norm of all gradients.
    pub clip: Option<Clip>,
}

/// Moves the points of a module along geodesics and its other parameters by Adam.
///
/// ```
/// use burn::module::{Module, Param};
/// use burn::optim::GradientsParams;
/// use burn::tensor::{Device, Tensor};
/// # use plm_lorentz::geometry::{origin, squared_distance};
/// # use plm_lorentz::optim::{ManifoldOptimizer, ManifoldOptimizerConfig};
/// # use plm_lorentz::{Curvature, ManifoldParam};
///
/// #[derive(Module, Debug)]
/// struct Model {
///     words: ManifoldParam<2>,
///     scale: Param<Tensor<1>>,
/// }
///
/// # fn main() -> plm_lorentz::Result<()> {
/// let device = Device::flex().autodiff();
/// let points = Tensor::<2>::ones([3, 5], &device);
/// let mut model = Model {
///     words: ManifoldParam::from_points(points, Curvature::UNIT)?,
///     scale: Param::from_tensor(Tensor::ones([1], &device)),
/// };
/// let mut optimizer = ManifoldOptimizer::new(&model, ManifoldOptimizerConfig::default())?;
/// let origin = origin([3, 5], Curvature::UNIT, &device, model.words.val().dtype());
/// let loss = squared_distance(model.words.val(), origin, Curvature::UNIT).sum() * model.scale.val();
/// let gradients = GradientsParams::from_grads(loss.backward(), &model);
/// model = optimizer.step(0.01, model, gradients);
/// model.words.check()
/// # }
/// ```
#[derive(Clone)]
pub struct ManifoldOptimizer {
    inner: ModuleOptimizer,
    registry: ManifoldRegistry,
    clip: Option<Clip>,
}

impl ManifoldOptimizer {
    /// An optimizer of `module`, whose points are its [`ManifoldParam`](crate::ManifoldParam)s.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming a setting that is out of its limits, [`Error::Curvature`](crate::Error::Curvature) where a loaded
    /// parameter's curvature is none.
    pub fn new<M: Module>(module: &M, config: ManifoldOptimizerConfig) -> Result<Self> {
        Self::with_registry(module, ManifoldRegistry::of(module)?, config)
    }

    /// As [`ManifoldOptimizer::new`] with the points that `registry` names.
    ///
    /// # Errors
    /// As [`ManifoldOptimizer::new`].
    pub fn with_registry<M: Module>(
        module: &M,
        registry: ManifoldRegistry,
        config: ManifoldOptimizerConfig,
    ) -> Result<Self> {
        if let Some(clip) = config.clip {
            positive("Clip", "max_norm", clip.max_norm)?;
        }
        let spared = EuclideanAdamConfig {
            weight_decay: 0.0,
            ..config.euclidean
        };
        let mut inner = ModuleOptimizer::from(config.euclidean.build()?).with_group(
            ParamGroup::from_ids(without_decay(module)),
            spared.build()?,
            None,
        );
        for (id, curvature) in registry.iter() {
            let group = ParamGroup::from_ids(vec![id]);
            inner = match config.points {
                RiemannianConfig::Adam(config) => {
                    inner.with_group(group, config.build(curvature)?, None)
                }
                RiemannianConfig::Sgd(config) => {
                    inner.with_group(group, config.build(curvature)?, None)
                }
            };
        }
        Ok(Self {
            inner,
            registry,
            clip: config.clip,
        })
    }

    /// Which parameters are points.
    pub fn registry(&self) -> &ManifoldRegistry {
        &self.registry
    }

    /// One update of `module` at learning rate `lr`, as a number or as burn's schedules give it.
    /// Parameters without a gradient stay as they are.
    pub fn step<M: Module>(
        &mut self,
        lr: impl Into<ModuleLearningRate>,
        module: M,
        mut gradients: GradientsParams,
    ) -> M {
        if let Some(clip) = self.clip {
            clip_gradients(&module, &mut gradients, &self.registry, clip);
        }
        self.inner.step(lr, module, gradients)
    }

    /// The moments of all parameters, keyed by parameter id.
    pub fn to_record(&self) -> OptimizerRecord {
        self.inner.to_record()
    }

    /// This optimizer with the moments of a record. Parameters that the record does not hold start
    /// anew.
    pub fn load_record(self, record: OptimizerRecord) -> Self {
        Self {
            inner: self.inner.load_record(record),
            ..self
        }
    }

    /// Saves the moments; the file appears whole or not at all. They belong to a module file that
    /// keeps parameter ids, as burn's own format does.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = self
            .inner
            .into_bytes()
            .map_err(|error| plm_core::Error::format(path, error.to_string()))?;
        plm_core::files::write_atomic(path, |file| file.write_all(&bytes))?;
        Ok(())
    }

    /// This optimizer with the moments that [`ManifoldOptimizer::save`] wrote.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where the file cannot be read or is no such record, as that of a
    /// module is none.
    pub fn load(self, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|error| plm_core::Error::io(path, error))?;
        let record = OptimizerRecord::from_bytes(Bytes::from_bytes_vec(bytes))
            .map_err(|error| plm_core::Error::format(path, error.to_string()))?;
        let stored = record.len();
        let loaded = self.load_record(record);
        // burn leaves out what it cannot read.
        let taken = loaded.to_record().len();
        if taken != stored {
            let reason = format!("holds {stored} tensors, of which {taken} are moments");
            return Err(plm_core::Error::format(path, reason).into());
        }
        Ok(loaded)
    }
}

/// Biases, scales and normalization layers.
fn without_decay<M: Module>(module: &M) -> Vec<ParamId> {
    #[derive(Default)]
    struct Visitor {
        stack: Vec<(String, String)>,
        found: Vec<ParamId>,
    }
    impl ModuleVisitor for Visitor {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let Some((name, owner)) = self.stack.last() else {
                return;
            };
            let name = name.as_str();
            if name.ends_with("bias")
                || name.ends_with("scale")
                || matches!(name, "beta" | "gamma")
                || owner.contains("Norm")
            {
                self.found.push(param.id);
            }
        }
        fn enter_module(&mut self, name: &str, container: &str) {
            self.stack.push((name.to_owned(), container.to_owned()));
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.stack.pop();
        }
    }
    let mut visitor = Visitor::default();
    module.visit(&mut visitor);
    visitor.found
}
