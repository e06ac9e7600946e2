//! Tensors on their way into a file.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bool, Int, Tensor, TensorData};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use super::convert::{from_f32, non_finite, to_f32_transposed};
use super::keys::fill;
use super::load::NonFinite;
use super::params::{Walk, params};
use super::table::{KeyTable, Rows};
use crate::{Error, Result};

/// One tensor to write. Its values are fetched from the device when its turn comes.
pub(super) struct OutTensor {
    pub(super) name: String,
    /// As in the file.
    shape: Vec<usize>,
    dtype: Dtype,
    transpose: bool,
    fetch: Box<dyn Fn() -> TensorData>,
}

impl OutTensor {
    /// Its size in the file.
    pub(super) fn bytes(&self) -> u64 {
        let count: usize = self.shape.iter().product();
        (count * self.dtype.bitsize() / 8) as u64
    }

    /// The bytes for the file, or what is wrong with the values.
    fn encode(&self, policy: NonFinite) -> Result<Vec<u8>, String> {
        let name = &self.name;
        let unreadable = |error| format!("`{name}` cannot be read back: {error:?}");
        let data = (self.fetch)();
        if self.dtype == Dtype::I64 {
            let values = data.try_into_vec_as::<i64>().map_err(unreadable)?;
            return Ok(values.into_iter().flat_map(i64::to_le_bytes).collect());
        }
        let mut values = data.try_into_vec_as::<f32>().map_err(unreadable)?;
        let count = non_finite(&values);
        if policy == NonFinite::Refuse && count > 0 {
            return Err(format!(
                "not finite: {count} of {} values of `{name}`",
                values.len()
            ));
        }
        if self.transpose {
            let (plain, _) = from_f32(&values, Dtype::F32);
            let rows = self.shape[1];
            values = to_f32_transposed(&plain, Dtype::F32, rows).unwrap_or(values);
        }
        let (bytes, lost) = from_f32(&values, self.dtype);
        if policy == NonFinite::Refuse && lost > 0 {
            return Err(format!(
                "{lost} of {} values of `{name}` are too large for {}",
                values.len(),
                self.dtype
            ));
        }
        Ok(bytes)
    }
}

/// All tensors of `module`, named by `table`; floats will be written as `dtype`.
///
/// # Errors
/// [`Error::Checkpoint`] for what cannot be named; [`Error::Invalid`] for a table at odds with
/// itself.
pub(super) fn collect<M: Module>(
    dir: &Path,
    module: &M,
    table: &KeyTable<'_>,
    dtype: Dtype,
) -> Result<Vec<OutTensor>> {
    table.validate()?;
    let scope = table.scope(params(module).iter().map(|param| param.path.as_str()));
    let mut collect = Collect {
        walk: Walk::default(),
        rows: table.rows(scope),
        dtype,
        tensors: Vec::new(),
        names: HashSet::new(),
        faults: Vec::new(),
    };
    module.visit(&mut collect);
    if collect.faults.is_empty() {
        Ok(collect.tensors)
    } else {
        Err(Error::checkpoint(dir, collect.faults.join("\n  ")))
    }
}

struct Collect {
    walk: Walk,
    rows: Rows,
    dtype: Dtype,
    tensors: Vec<OutTensor>,
    names: HashSet<String>,
    faults: Vec<String>,
}

impl Collect {
    fn push(&mut self, dtype: Dtype, data: impl Fn() -> TensorData + 'static, shape: Vec<usize>) {
        let path = self.walk.path();
        if self.walk.in_adapter() {
            self.faults.push(format!(
                "adapter: `{path}` lies over a weight; merge it (`Module::materialize`) first"
            ));
            return;
        }
        let Some((row, numbers)) = self.rows.of_path(&path) else {
            self.faults.push(format!(
                "unknown: the key table has no rule for the parameter `{path}`"
            ));
            return;
        };
        let name = fill(&row.saved, &numbers);
        let transpose = row.transpose;
        let mut shape = shape;
        if transpose {
            if shape.len() != 2 {
                self.faults.push(format!(
                    "shape: the table transposes `{path}`, but it is {shape:?}"
                ));
                return;
            }
            shape.reverse();
        }
        if !self.names.insert(name.clone()) {
            self.faults
                .push(format!("two parameters would be saved as `{name}`"));
        }
        self.tensors.push(OutTensor {
            name,
            shape,
            dtype,
            transpose,
            fetch: Box::new(data),
        });
    }
}

impl ModuleVisitor for Collect {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.walk.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, container_type: &str) {
        self.walk.exit(container_type);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.transform_for_save().into_value();
        let shape = tensor.shape().to_vec();
        self.push(self.dtype, move || tensor.to_data(), shape);
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        let tensor = param.transform_for_save().into_value();
        let shape = tensor.shape().to_vec();
        self.push(Dtype::I64, move || tensor.to_data(), shape);
    }

    fn visit_bool<const D: usize>(&mut self, _param: &Param<Tensor<D, Bool>>) {
        let path = self.walk.path();
        self.faults.push(format!(
            "type: `{path}` holds booleans, which are not saved"
        ));
    }
}

/// Writes one safetensors file and flushes it to disk.
///
/// # Errors
/// [`Error::Io`]; [`Error::Checkpoint`] for values that are not finite or do not fit.
pub(super) fn write_tensors(path: &Path, tensors: &[&OutTensor], policy: NonFinite) -> Result<()> {
    // Wide elements first, then by name, so that every tensor is aligned: the order of the
    // `safetensors` library.
    let mut sorted = tensors.to_vec();
    sorted.sort_by(|a, b| b.dtype.cmp(&a.dtype).then_with(|| a.name.cmp(&b.name)));
    let mut end = 0;
    let infos = sorted
        .iter()
        .map(|tensor| {
            let start = end;
            end += tensor.bytes() as usize;
            let info = TensorInfo {
                dtype: tensor.dtype,
                shape: tensor.shape.clone(),
                data_offsets: (start, end),
            };
            (tensor.name.clone(), info)
        })
        .collect();
    let format = [("format".to_owned(), "pt".to_owned())].into();
    let header = Metadata::new(Some(format), infos)
        .map_err(|error| Error::format(path, error.to_string()))
        .and_then(|header| {
            serde_json::to_string(&header).map_err(|error| Error::format(path, error.to_string()))
        })?;
    let padded = header.len().next_multiple_of(8);

    let io = |error| Error::io(path, error);
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).map_err(io)?);
    file.write_all(&(padded as u64).to_le_bytes()).map_err(io)?;
    write!(file, "{header:padded$}").map_err(io)?;
    let mut faults = Vec::new();
    for tensor in sorted {
        match tensor.encode(policy) {
            Ok(bytes) => file.write_all(&bytes).map_err(io)?,
            Err(fault) => faults.push(fault),
        }
    }
    if !faults.is_empty() {
        return Err(Error::checkpoint(path, faults.join("\n  ")));
    }
    let file = file.into_inner().map_err(|error| io(error.into_error()))?;
    file.sync_all().map_err(io)
}
