//! The parameters of a module, by path.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bool, Int, Tensor};

/// What a parameter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParamKind {
    Float,
    Int,
    Bool,
}

/// One parameter of a module.
#[derive(Debug, Clone)]
pub(super) struct ParamInfo {
    pub(super) path: String,
    pub(super) shape: Vec<usize>,
    pub(super) kind: ParamKind,
    /// Whether it belongs to an adapter laid over a weight (LoRA) and not to the model.
    pub(super) adapter: bool,
}

/// Where a walk through a module is.
#[derive(Debug, Default)]
pub(super) struct Walk {
    fields: Vec<String>,
    adapters: usize,
}

const ENUM: &str = "Enum:";
const ADAPTER: &str = "Reparameterization";

impl Walk {
    pub(super) fn enter(&mut self, name: &str, container: &str) {
        if container == ADAPTER {
            self.adapters += 1;
        }
        if !container.starts_with(ENUM) {
            self.fields.push(name.to_owned());
        }
    }

    pub(super) fn exit(&mut self, container: &str) {
        if container == ADAPTER {
            self.adapters -= 1;
        }
        if !container.starts_with(ENUM) {
            self.fields.pop();
        }
    }

    pub(super) fn path(&self) -> String {
        self.fields.join(".")
    }

    pub(super) fn in_adapter(&self) -> bool {
        self.adapters > 0
    }
}

/// All parameters of `module`, in its order. Parameters not made yet stay so.
pub(super) fn params<M: Module>(module: &M) -> Vec<ParamInfo> {
    let mut list = List::default();
    module.visit(&mut list);
    list.found
}

#[derive(Default)]
struct List {
    walk: Walk,
    found: Vec<ParamInfo>,
}

impl List {
    fn push(&mut self, shape: Vec<usize>, kind: ParamKind) {
        self.found.push(ParamInfo {
            path: self.walk.path(),
            shape,
            kind,
            adapter: self.walk.in_adapter(),
        });
    }
}

impl ModuleVisitor for List {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.walk.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, container_type: &str) {
        self.walk.exit(container_type);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.push(param.lazy_shape().to_vec(), ParamKind::Float);
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.push(param.lazy_shape().to_vec(), ParamKind::Int);
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.push(param.lazy_shape().to_vec(), ParamKind::Bool);
    }
}
