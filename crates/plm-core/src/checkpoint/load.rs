//! Loading a checkpoint into a module.

use std::path::PathBuf;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Bool, DType, Int, Tensor, TensorData};
use safetensors::Dtype;

use super::convert::non_finite;
use super::params::{Walk, params};
use super::plan::{Plan, Planned, plan};
use super::source::TensorSource;
use super::table::KeyTable;
use crate::{Error, Result};

/// What to do with weights that are NaN or infinite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NonFinite {
    /// Fail, naming the tensors.
    #[default]
    Refuse,
    /// Take them as they are.
    Allow,
}

/// How strict loading is. The default allows nothing.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    pub(super) non_finite: NonFinite,
    pub(super) allow_missing: Vec<String>,
    pub(super) allow_unused: Vec<String>,
    pub(super) new_heads: bool,
}

impl LoadOptions {
    /// The strictest: every parameter must be in the file and every tensor must have its place.
    pub fn new() -> Self {
        Self::default()
    }

    /// What to do with NaN and infinite weights.
    pub fn non_finite(mut self, policy: NonFinite) -> Self {
        self.non_finite = policy;
        self
    }

    /// Lets parameters at or below `prefix` keep their initial values where the file lacks them:
    /// a path in the module (`classifier`) or a name in files.
    pub fn allow_missing(mut self, prefix: impl Into<String>) -> Self {
        self.allow_missing.push(prefix.into());
        self
    }

    /// Lets tensors at or below `prefix` stay unused: a name in the file at hand (`pooler`) or in
    /// files with prefix and head (`bert.pooler`), which then holds for both kinds.
    pub fn allow_unused(mut self, prefix: impl Into<String>) -> Self {
        self.allow_unused.push(prefix.into());
        self
    }

    /// Takes nothing from the tensors of heads ([`KeyTable::heads`]): parameters that they would fill
    /// are missing.
    pub(crate) fn with_new_heads(mut self) -> Self {
        self.new_heads = true;
        self
    }
}

/// What loading did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadReport {
    /// Paths of the parameters that were set.
    pub applied: Vec<String>,
    /// Paths of the parameters that kept their initial values, as was allowed.
    pub missing: Vec<String>,
    /// Tensors of the file that were not wanted, as was allowed.
    pub unused: Vec<String>,
    /// Tensors of the file that hold no weights.
    pub ignored: Vec<String>,
    /// Tensors of the file that were converted, with their type there.
    pub converted: Vec<(String, Dtype)>,
    /// `(tensor, alias)`: tensors that the file holds twice under tied names.
    pub tied: Vec<(String, String)>,
    /// Tensors that a sharded checkpoint holds but its index does not list.
    pub unlisted: Vec<String>,
    /// `(token, id)`: tokens of the directory's tokenizer that the model has no row for, as BART's
    /// mask in some checkpoints of summarizers. Texts that hold one are refused when they are encoded.
    pub beyond_vocabulary: Vec<(String, u32)>,
    /// The sentencepiece model of a directory that holds no tokenizer to be read: it must be converted
    /// to a `tokenizer.json` first.
    pub unread_tokenizer: Option<PathBuf>,
}

/// Sets the parameters of `module` to the tensors of `source`, named by `table`.
///
/// Parameters keep their identifiers, their devices and whether they require gradients; the values
/// take the device's float type, or the parameter's own where it already has values. Layers laid
/// over weights (LoRA) are left alone. Tensors are read one at a time.
///
/// # Errors
/// - [`Error::Checkpoint`] listing every tensor that is missing, unexpected, of another shape or
///   type, tied but different, or not finite.
/// - [`Error::Io`] and [`Error::Format`] where the bytes cannot be read.
/// - [`Error::Invalid`] where the table contradicts itself.
pub fn load_into<M: Module>(
    module: M,
    source: &TensorSource,
    table: &KeyTable<'_>,
    options: &LoadOptions,
) -> Result<(M, LoadReport)> {
    let (plan, report) = plan(&params(&module), source, table, options)?;
    let mut apply = Apply {
        walk: Walk::default(),
        source,
        plan,
        options,
        report,
        faults: Vec::new(),
        failure: None,
    };
    let module = module.map(&mut apply);
    if let Some(error) = apply.failure {
        return Err(error);
    }
    if !apply.faults.is_empty() {
        return Err(Error::checkpoint(source.path(), apply.faults.join("\n  ")));
    }
    Ok((module, apply.report))
}

struct Apply<'a> {
    walk: Walk,
    source: &'a TensorSource,
    plan: Plan,
    options: &'a LoadOptions,
    report: LoadReport,
    faults: Vec<String>,
    /// The first error; nothing is read after it.
    failure: Option<Error>,
}

impl Apply<'_> {
    /// Where the values of the parameter at hand come from, if they are wanted.
    fn next(&mut self) -> Option<Planned> {
        if self.walk.in_adapter() || self.failure.is_some() {
            return None;
        }
        self.plan.remove(&self.walk.path())
    }

    fn floats(&mut self, planned: &Planned) -> Result<Vec<f32>> {
        let name = &planned.name;
        let values = if planned.transpose {
            self.source.read_f32_transposed(name)?
        } else {
            self.source.read_f32(name)?
        };
        if self.options.non_finite == NonFinite::Refuse {
            let count = non_finite(&values);
            if count > 0 {
                let file = self.source.file_name(name).unwrap_or_default();
                self.faults.push(format!(
                    "not finite: {count} of {} values of `{name}` in {file}",
                    values.len()
                ));
            }
        }
        if let Some(dtype) = self.source.dtype(name).filter(|dtype| *dtype != Dtype::F32) {
            self.report.converted.push((name.clone(), dtype));
        }
        Ok(values)
    }
}

impl ModuleMapper for Apply<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.walk.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, container_type: &str) {
        self.walk.exit(container_type);
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(planned) = self.next() else {
            return param;
        };
        let values = match self.floats(&planned) {
            Ok(values) => values,
            Err(error) => {
                self.failure = Some(error);
                return param;
            }
        };
        let data = TensorData::new(values, param.lazy_shape());
        let device = param.lazy_device();
        let own = param
            .is_initialized()
            .then(|| param.base().dtype())
            .filter(DType::is_float);
        let tensor = match own {
            Some(dtype) => Tensor::from_data(data, (&device, dtype)),
            None => Tensor::from_data(data, &device),
        };
        let id = param.id;
        param.transform_for_load(tensor, id)
    }

    fn map_int<const D: usize>(&mut self, param: Param<Tensor<D, Int>>) -> Param<Tensor<D, Int>> {
        let Some(planned) = self.next() else {
            return param;
        };
        match self.source.read_i64(&planned.name) {
            Ok(values) => {
                let data = TensorData::new(values, param.lazy_shape());
                let tensor = Tensor::from_data(data, &param.lazy_device());
                let id = param.id;
                param.transform_for_load(tensor, id)
            }
            Err(error) => {
                self.failure = Some(error);
                param
            }
        }
    }

    fn map_bool<const D: usize>(
        &mut self,
        param: Param<Tensor<D, Bool>>,
    ) -> Param<Tensor<D, Bool>> {
        param
    }
}
