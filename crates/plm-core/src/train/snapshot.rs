//! A module's float parameters as host data by path, bit for bit.

use std::collections::{BTreeMap, BTreeSet};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use sha2::{Digest, Sha256};

use super::params::{AutodiffState, ParamInfo, Place};
use crate::{Error, Result};

/// Copies of parameters, keyed by path.
///
/// Float parameters and running statistics, the latter as the last forward pass left them, are held;
/// integer and boolean ones are not, because training does not change them.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    tensors: BTreeMap<String, TensorData>,
}

impl Snapshot {
    /// Copies all float parameters of `module`.
    pub fn of<M: Module>(module: &M) -> Self {
        Self::of_selected(module, |_| true)
    }

    /// Copies the float parameters that `select` chooses.
    pub fn of_selected<M: Module>(module: &M, select: impl Fn(&ParamInfo<'_>) -> bool) -> Self {
        let mut tensors = BTreeMap::new();
        read(module, select, |path, data| {
            tensors.insert(path, data);
        });
        Self { tensors }
    }

    /// A snapshot of `tensors`.
    pub fn from_tensors(tensors: BTreeMap<String, TensorData>) -> Self {
        Self { tensors }
    }

    /// The tensors by path.
    pub fn tensors(&self) -> &BTreeMap<String, TensorData> {
        &self.tensors
    }

    /// Takes the tensors out.
    pub fn into_tensors(self) -> BTreeMap<String, TensorData> {
        self.tensors
    }

    /// `module` with these values in place of its own. Devices, element types and what is frozen
    /// stay as they are in `module`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where a parameter of `module` is missing here, has another shape or
    /// another element type, or where a tensor here is none of `module`'s.
    pub fn apply<M: Module>(self, module: M) -> Result<M> {
        self.apply_selected(module, |_| true)
    }

    /// As [`Snapshot::apply`] for the parameters that `select` chooses; the others are left alone.
    ///
    /// # Errors
    /// As [`Snapshot::apply`].
    pub fn apply_selected<M: Module>(
        mut self,
        module: M,
        select: impl Fn(&ParamInfo<'_>) -> bool,
    ) -> Result<M> {
        // All is checked first: `module` must not end half replaced.
        let mut known = BTreeSet::new();
        let mut fault = None;
        module.visit(&mut Checker {
            place: Place::default(),
            select,
            tensors: &self.tensors,
            known: &mut known,
            fault: &mut fault,
        });
        let odd = self.tensors.keys().find(|path| !known.contains(*path));
        if let Some(reason) =
            fault.or(odd.map(|path| format!("the model has no parameter `{path}`")))
        {
            return Err(Error::invalid("parameters", reason));
        }
        // What is pending would be written over the new values later.
        settle(&module);
        Ok(module.map(&mut Writer {
            place: Place::default(),
            tensors: &mut self.tensors,
        }))
    }
}

/// A checksum of the parameters that `select` chooses (SHA-256 in hexadecimal): their paths, types,
/// shapes and bits.
pub fn checksum<M: Module>(module: &M, select: impl Fn(&ParamInfo<'_>) -> bool) -> String {
    let mut hash = Sha256::new();
    read(module, select, |path, data| {
        hash.update(format!("{path} {:?} {:?};", data.dtype(), data.shape()));
        hash.update(data.as_bytes());
    });
    hex(&hash.finalize())
}

/// Shows the parameters that `select` chooses.
fn read<M: Module>(
    module: &M,
    select: impl Fn(&ParamInfo<'_>) -> bool,
    see: impl FnMut(String, TensorData),
) {
    settle(module);
    module.visit(&mut Reader {
        place: Place::default(),
        select,
        see,
    });
}

/// Carries out the updates of running statistics that are pending: burn keeps the last one aside, where
/// visitors do not see it, until the next forward pass or a validation copy is made. Copies of tensors
/// are handles; making them costs next to nothing.
fn settle<M: Module>(module: &M) {
    drop(module.valid());
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Reader<S, F> {
    place: Place,
    select: S,
    see: F,
}

impl<S, F> ModuleVisitor for Reader<S, F>
where
    S: Fn(&ParamInfo<'_>) -> bool,
    F: FnMut(String, TensorData),
{
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.place.path();
        if (self.select)(&self.place.info(&path, param)) {
            (self.see)(path, param.base().inner().into_data());
        }
    }
    fn enter_module(&mut self, name: &str, container: &str) {
        self.place.enter(name, container);
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.place.exit();
    }
}

struct Checker<'a, S> {
    place: Place,
    select: S,
    tensors: &'a BTreeMap<String, TensorData>,
    known: &'a mut BTreeSet<String>,
    fault: &'a mut Option<String>,
}

impl<S: Fn(&ParamInfo<'_>) -> bool> ModuleVisitor for Checker<'_, S> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.place.path();
        if !(self.select)(&self.place.info(&path, param)) {
            return;
        }
        let (shape, dtype) = (param.lazy_shape(), param.base().dtype());
        let fault = match self.tensors.get(&path) {
            None => Some(format!("`{path}` is missing")),
            Some(data) if data.shape() != &shape => Some(format!(
                "`{path}` has shape {:?}, the model's has {:?}",
                data.shape().as_slice(),
                shape.as_slice()
            )),
            Some(data) if data.dtype() != dtype => Some(format!(
                "`{path}` has elements of type {:?}, the model's has {dtype:?}",
                data.dtype()
            )),
            Some(_) => None,
        };
        self.known.insert(path);
        if self.fault.is_none() {
            *self.fault = fault;
        }
    }
    fn enter_module(&mut self, name: &str, container: &str) {
        self.place.enter(name, container);
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.place.exit();
    }
}

struct Writer<'a> {
    place: Place,
    tensors: &'a mut BTreeMap<String, TensorData>,
}

impl ModuleMapper for Writer<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(data) = self.tensors.remove(&self.place.path()) else {
            return param;
        };
        param.map(|old| {
            let device = old.device().inner();
            let dtype = data.dtype();
            AutodiffState::of(&old).restore(Tensor::from_data(data, (&device, dtype)))
        })
    }
    fn enter_module(&mut self, name: &str, container: &str) {
        self.place.enter(name, container);
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.place.exit();
    }
}
