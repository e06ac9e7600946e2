//! All trainable numbers of a network as one vector.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// The parameters of `module` side by side, without running statistics, on the plain device.
pub(super) fn flatten<M: Module>(module: &M) -> Tensor<1> {
    let mut reader = Reader::default();
    module.visit(&mut reader);
    Tensor::cat(reader.parts, 0)
}

/// `module`, which is on a plain device, with the parameters that `flat` holds in the order of
/// [`flatten`].
pub(super) fn unflatten<M: Module>(module: M, flat: Tensor<1>) -> M {
    module.map(&mut Writer {
        names: Vec::new(),
        flat,
        next: 0,
    })
}

#[derive(Default)]
struct Reader {
    names: Vec<String>,
    parts: Vec<Tensor<1>>,
}

struct Writer {
    names: Vec<String>,
    flat: Tensor<1>,
    next: usize,
}

fn is_statistic(names: &[String]) -> bool {
    names
        .last()
        .is_some_and(|name| name.starts_with("running_"))
}

impl ModuleVisitor for Reader {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !is_statistic(&self.names) {
            let value = param.val().inner();
            let count = value.shape().num_elements();
            self.parts.push(value.reshape([count]));
        }
    }
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.names.push(name.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.names.pop();
    }
}

impl ModuleMapper for Writer {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if is_statistic(&self.names) {
            return param;
        }
        param.map(|old| {
            let shape = old.shape();
            let count = shape.num_elements();
            let own = self.flat.clone().narrow(0, self.next, count);
            self.next += count;
            own.reshape(shape)
        })
    }
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.names.push(name.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.names.pop();
    }
}
