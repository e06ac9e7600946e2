//! Parameters by path: walking a module, freezing parts of it.

use std::collections::HashSet;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{GradientCheckpointingStrategy, Shape, Tensor};

use crate::{Error, Result};

/// What predicates on parameters see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamInfo<'a> {
    /// Field names from the module's root, joined by dots: `encoder.layers.0.query.weight`.
    pub path: &'a str,
    /// Type of the module that owns the parameter: `Linear`, `LayerNorm`; empty for a bare
    /// parameter.
    pub owner: &'a str,
    /// The parameter's shape.
    pub shape: Shape,
    /// Whether it gets a gradient.
    pub trainable: bool,
}

impl ParamInfo<'_> {
    /// The last part of the path: `weight`, `bias`, `gamma`.
    pub fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// Number of elements.
    pub fn numel(&self) -> usize {
        self.shape.num_elements()
    }

    /// Whether this is a bias or belongs to a normalization layer: what Hugging Face's trainer
    /// leaves out of weight decay. As there, `bias` anywhere in the path counts, so that the table of
    /// T5's and MPNet's relative position bias is one.
    pub fn is_bias_or_norm(&self) -> bool {
        matches!(self.name(), "beta" | "gamma")
            || self.path.contains("bias")
            || self.owner.contains("Norm")
    }

    /// Whether this is a running statistic, such as batch normalization keeps: burn shows one as a
    /// parameter, by the name of its field.
    pub(crate) fn is_running_statistic(&self) -> bool {
        !self.trainable && self.name().starts_with("running_")
    }

    /// Whether the path is `prefix` or lies below it.
    ///
    /// `layers.1` covers `layers.1.weight` and not `layers.10.weight`.
    pub fn is_under(&self, prefix: &str) -> bool {
        self.path
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// How many numbers a module holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ParamCount {
    /// Elements of parameters that get a gradient.
    pub trainable: usize,
    /// Elements of parameters that do not.
    pub frozen: usize,
}

/// Counts `module`'s float parameters.
pub fn count_params<M: Module>(module: &M) -> ParamCount {
    let mut count = ParamCount::default();
    each_param(module, |info| {
        if info.trainable {
            count.trainable += info.numel();
        } else {
            count.frozen += info.numel();
        }
    });
    count
}

/// Calls `see` for every float parameter of `module`, in the order of its fields.
pub fn each_param<M: Module>(module: &M, see: impl FnMut(&ParamInfo<'_>)) {
    module.visit(&mut InfoVisitor {
        place: Place::default(),
        see,
    });
}

/// Stops gradients for the parameters that `select` chooses; the others stay as they are.
///
/// Frozen parameters cost nothing in the backward pass: burn neither computes their gradients nor
/// keeps the activations that only those need. Gradients still flow through frozen layers to
/// trainable ones before them. Layers keep their training behavior; dropout in this crate has an
/// explicit mode.
pub fn freeze<M: Module>(module: M, select: impl FnMut(&ParamInfo<'_>) -> bool) -> M {
    set_trainable(module, false, select)
}

/// Lets gradients flow again to the parameters that `select` chooses.
///
/// On a plain device the setting is kept until [`Module::train`].
pub fn unfreeze<M: Module>(module: M, select: impl FnMut(&ParamInfo<'_>) -> bool) -> M {
    set_trainable(module, true, select)
}

fn set_trainable<M: Module>(
    module: M,
    trainable: bool,
    select: impl FnMut(&ParamInfo<'_>) -> bool,
) -> M {
    module.map(&mut TrainableMapper {
        place: Place::default(),
        trainable,
        select,
    })
}

/// Refuses a module where one parameter sits at two paths: a training step would update one of them
/// only, and the two would drift apart.
///
/// # Errors
/// [`Error::Invalid`] naming the second path.
pub(crate) fn check_unshared<M: Module>(module: &M) -> Result<()> {
    struct Visitor {
        place: Place,
        seen: HashSet<ParamId>,
        shared: Option<String>,
    }
    impl ModuleVisitor for Visitor {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if !self.seen.insert(param.id) && self.shared.is_none() {
                self.shared = Some(self.place.path());
            }
        }
        fn enter_module(&mut self, name: &str, container: &str) {
            self.place.enter(name, container);
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.place.exit();
        }
    }
    let mut visitor = Visitor {
        place: Place::default(),
        seen: HashSet::new(),
        shared: None,
    };
    module.visit(&mut visitor);
    match visitor.shared {
        Some(path) => Err(Error::invalid(
            "model",
            format!("parameter `{path}` is also held under another path; each must be held once"),
        )),
        None => Ok(()),
    }
}

/// Refuses a module with running statistics, which copies of a module share with it: each would write
/// over what the others found. `module` must be in training, so that trainable parameters show as such.
///
/// # Errors
/// [`Error::Invalid`] naming the first of them.
pub(crate) fn check_stateless<M: Module>(module: &M) -> Result<()> {
    let mut found = None;
    each_param(module, |info| {
        if found.is_none() && info.is_running_statistic() {
            found = Some(info.path.to_owned());
        }
    });
    match found {
        Some(path) => Err(Error::invalid(
            "model",
            format!(
                "has the running statistic `{path}`, which copies in threads of their own cannot keep; \
                 train with `fit`, or use a layer without running statistics"
            ),
        )),
        None => Ok(()),
    }
}

/// Where a walk over a module is.
#[derive(Debug, Default)]
pub(crate) struct Place {
    stack: Vec<(String, String)>,
}

impl Place {
    pub(crate) fn enter(&mut self, name: &str, container: &str) {
        let owner = container.split_once(':').map_or("", |(_, owner)| owner);
        self.stack.push((name.to_owned(), owner.to_owned()));
    }

    pub(crate) fn exit(&mut self) {
        self.stack.pop();
    }

    pub(crate) fn path(&self) -> String {
        let names: Vec<_> = self.stack.iter().map(|(name, _)| name.as_str()).collect();
        names.join(".")
    }

    /// What there is to know of `param`, which lies here at `path`.
    pub(crate) fn info<'a, const D: usize>(
        &'a self,
        path: &'a str,
        param: &Param<Tensor<D>>,
    ) -> ParamInfo<'a> {
        ParamInfo {
            path,
            owner: self.stack.last().map_or("", |(_, owner)| owner),
            shape: param.lazy_shape(),
            trainable: param.is_require_grad(),
        }
    }
}

/// What autodiff knows of a parameter, to be put back after its value was replaced.
pub(crate) struct AutodiffState {
    strategy: Option<GradientCheckpointingStrategy>,
    trainable: bool,
}

impl AutodiffState {
    pub(crate) fn of<const D: usize>(tensor: &Tensor<D>) -> Self {
        Self {
            strategy: tensor.gradient_checkpointing_strategy(),
            trainable: tensor.is_require_grad(),
        }
    }

    pub(crate) fn restore<const D: usize>(self, plain: Tensor<D>) -> Tensor<D> {
        match self.strategy {
            Some(strategy) => Tensor::from_inner(plain)
                .with_gradient_checkpointing_strategy(strategy)
                .set_require_grad(self.trainable),
            None => plain,
        }
    }
}

struct InfoVisitor<F> {
    place: Place,
    see: F,
}

impl<F: FnMut(&ParamInfo<'_>)> ModuleVisitor for InfoVisitor<F> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.place.path();
        (self.see)(&self.place.info(&path, param));
    }
    fn enter_module(&mut self, name: &str, container: &str) {
        self.place.enter(name, container);
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.place.exit();
    }
}

struct TrainableMapper<F> {
    place: Place,
    trainable: bool,
    select: F,
}

impl<F: FnMut(&ParamInfo<'_>) -> bool> ModuleMapper for TrainableMapper<F> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.place.path();
        if (self.select)(&self.place.info(&path, &param)) {
            param.set_require_grad(self.trainable)
        } else {
            param
        }
    }
    fn enter_module(&mut self, name: &str, container: &str) {
        self.place.enter(name, container);
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.place.exit();
    }
}
