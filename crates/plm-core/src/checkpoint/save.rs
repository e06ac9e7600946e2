//! Saving a module as a Hugging Face directory.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bool, Int, Tensor, TensorData};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use super::atomic::{Replacement, write_file};
use super::convert::{from_f32, non_finite, to_f32_transposed};
use super::keys::fill;
use super::load::NonFinite;
use super::params::{Walk, params};
use super::table::{KeyTable, Rows};
use crate::{Error, Result};

/// The type of the floats in a saved checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SaveDtype {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits; values above 65504 are refused.
    F16,
    /// 16 bits with the range of 32.
    Bf16,
}

impl SaveDtype {
    fn dtype(self) -> Dtype {
        match self {
            Self::F32 => Dtype::F32,
            Self::F16 => Dtype::F16,
            Self::Bf16 => Dtype::BF16,
        }
    }
}

/// What is saved beside the weights, and how.
#[derive(Debug, Clone)]
pub struct SaveOptions {
    dtype: SaveDtype,
    max_shard_bytes: u64,
    overwrite: bool,
    non_finite: NonFinite,
    companions: Vec<(String, Vec<u8>)>,
}

impl Default for SaveOptions {
    fn default() -> Self {
        Self {
            dtype: SaveDtype::F32,
            max_shard_bytes: u64::MAX,
            overwrite: true,
            non_finite: NonFinite::Refuse,
            companions: Vec::new(),
        }
    }
}

impl SaveOptions {
    /// One file of 32-bit floats; an existing checkpoint is replaced; NaN is refused.
    pub fn new() -> Self {
        Self::default()
    }

    /// The type of the floats in the files.
    pub fn dtype(mut self, dtype: SaveDtype) -> Self {
        self.dtype = dtype;
        self
    }

    /// The float type's name in `config.json`.
    pub fn dtype_name(&self) -> &'static str {
        match self.dtype {
            SaveDtype::F32 => "float32",
            SaveDtype::F16 => "float16",
            SaveDtype::Bf16 => "bfloat16",
        }
    }

    /// The most bytes of tensors in one file; a larger tensor has a file of its own. More than one
    /// file is written with an index, as `transformers` does.
    pub fn max_shard_bytes(mut self, bytes: u64) -> Self {
        self.max_shard_bytes = bytes;
        self
    }

    /// Whether an existing checkpoint is replaced (default) or an error.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// What to do with NaN and infinite weights.
    pub fn non_finite(mut self, policy: NonFinite) -> Self {
        self.non_finite = policy;
        self
    }

    /// Adds a file: `config.json`, `tokenizer.json`, `1_Pooling/config.json`.
    pub fn companion(mut self, name: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        self.companions.push((name.into(), content.into()));
        self
    }
}

/// What was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SaveReport {
    /// The names of the tensors, in the module's order.
    pub tensors: Vec<String>,
    /// The files in the directory.
    pub files: Vec<String>,
    /// Bytes of all tensors.
    pub bytes: u64,
}

/// Writes `module` to the directory `dir` under the names of `table`.
///
/// All files are written to a new directory beside `dir`, flushed to disk, and only then put in
/// its place, in one step on Linux. A failure leaves what was there as it was. An existing
/// directory is replaced as a whole, and only if it is empty or holds a checkpoint.
///
/// # Errors
/// - [`Error::Io`] where the file system says no.
/// - [`Error::Checkpoint`] for parameters that the table does not know, values that are not finite
///   or do not fit the type, an existing `dir` that may not be replaced.
/// - [`Error::Invalid`] for a table that contradicts itself, or a companion file whose name leaves
///   the directory or is that of a weight file.
pub fn save<M: Module>(
    dir: impl AsRef<Path>,
    module: &M,
    table: &KeyTable<'_>,
    options: &SaveOptions,
) -> Result<SaveReport> {
    let dir = dir.as_ref();
    for (name, _) in &options.companions {
        check_companion(name)?;
    }
    let tensors = collect(dir, module, table, options.dtype)?;
    let place = Replacement::begin(dir, options.overwrite)?;
    let shards = split(&tensors, options.max_shard_bytes);
    let mut report = SaveReport {
        tensors: tensors.iter().map(|tensor| tensor.name.clone()).collect(),
        files: Vec::new(),
        bytes: tensors.iter().map(OutTensor::bytes).sum(),
    };
    let mut index = BTreeMap::new();
    for (number, shard) in shards.iter().enumerate() {
        let file = match shards.len() {
            1 => "model.safetensors".to_owned(),
            count => format!("model-{:05}-of-{count:05}.safetensors", number + 1),
        };
        write_tensors(&place.path().join(&file), shard, options.non_finite)?;
        index.extend(shard.iter().map(|tensor| (&tensor.name, file.clone())));
        report.files.push(file);
    }
    if shards.len() > 1 {
        let text = serde_json::json!({
            "metadata": { "total_size": report.bytes },
            "weight_map": index,
        });
        let file = "model.safetensors.index.json".to_owned();
        write_file(&place.path().join(&file), format!("{text:#}\n").as_bytes())?;
        report.files.push(file);
    }
    for (name, content) in &options.companions {
        write_file(&place.path().join(name), content)?;
        report.files.push(name.clone());
    }
    place.finish()?;
    Ok(report)
}

/// One tensor to write. Its values are fetched from the device when its turn comes.
struct OutTensor {
    name: String,
    /// As in the file.
    shape: Vec<usize>,
    dtype: Dtype,
    transpose: bool,
    fetch: Box<dyn Fn() -> TensorData>,
}

impl OutTensor {
    fn bytes(&self) -> u64 {
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

fn collect<M: Module>(
    dir: &Path,
    module: &M,
    table: &KeyTable<'_>,
    dtype: SaveDtype,
) -> Result<Vec<OutTensor>> {
    table.validate()?;
    let scope = table.scope(params(module).iter().map(|param| param.path.as_str()));
    let mut collect = Collect {
        walk: Walk::default(),
        rows: table.rows(scope),
        dtype: dtype.dtype(),
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

/// Fills files in order, each up to `limit` bytes.
fn split(tensors: &[OutTensor], limit: u64) -> Vec<Vec<&OutTensor>> {
    let mut shards = vec![Vec::new()];
    let mut filled = 0;
    for tensor in tensors {
        let bytes = tensor.bytes();
        let last = shards.len() - 1;
        if !shards[last].is_empty() && bytes > limit.saturating_sub(filled) {
            shards.push(vec![tensor]);
            filled = bytes;
        } else {
            shards[last].push(tensor);
            filled += bytes;
        }
    }
    shards
}

/// Writes one safetensors file and flushes it to disk.
fn write_tensors(path: &Path, tensors: &[&OutTensor], policy: NonFinite) -> Result<()> {
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

/// Refuses companion files that leave the directory or pass for weights.
fn check_companion(name: &str) -> Result<()> {
    use std::path::Component;

    let path = PathBuf::from(name);
    let inside = !name.is_empty()
        && !name.ends_with('/')
        && path
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
    let weights = ["safetensors", "bin"]
        .iter()
        .any(|ending| path.extension().is_some_and(|found| found == *ending))
        || name.ends_with(".index.json");
    if inside && !weights {
        Ok(())
    } else {
        Err(Error::invalid(
            "companion file",
            format!("`{name}` must be a name inside the directory and not that of weights"),
        ))
    }
}
