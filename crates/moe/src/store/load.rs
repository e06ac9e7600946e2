//! Reading, strictly.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::checkpoint::{TensorSource, fingerprint};
use plm_core::models::{Pretrained, PretrainedModel};
use plm_core::nn::FeedForward;

use super::record::{LayerRecord, Record, RouterRecord};
use super::{FORMAT, RECORD, TENSORS};
use crate::experts::MoeLayer;
use crate::host::matrix;
use crate::layer::{FeedForwards, LayerId};
use crate::router::{
    CentroidRouter, ContributionRouter, MlpRouter, NoWeights, RandomRouter, Router, RouterReport,
};
use crate::{Error, Partition, Result};

/// Largest `moe.json` that is read.
const MAX_RECORD: u64 = 64 << 20;

/// A converted model from disk.
#[derive(Debug, Clone)]
pub struct Loaded<M> {
    /// The dense model, its neurons expert by expert: blocks of neighbors are the experts. The labels
    /// of a layer's partition are in the order of the model before its conversion, and not for this
    /// one; [`MoeLayer::refit`] fits another router to it.
    pub dense: Pretrained<M>,
    /// Its layers of experts.
    pub layers: BTreeMap<LayerId, MoeLayer>,
}

/// Reads what [`super::save`] wrote.
///
/// # Errors
/// As [`Pretrained::load`], and a [`plm_core::Error::Format`] that names the file where the weights or
/// the tensors of `moe.safetensors` are not those that `moe.json` was written for, the version is
/// another, a layer is missing or too many, or a size, name or value does not fit.
pub fn load<M>(dir: impl AsRef<Path>, device: &Device) -> Result<Loaded<M>>
where
    M: PretrainedModel + FeedForwards<Ffn = FeedForward>,
{
    let dir = dir.as_ref();
    let record = read_record(&dir.join(RECORD))?;
    let found = fingerprint(dir)?;
    if found != record.weights_sha256 {
        return Err(format(
            &dir.join(RECORD),
            format!(
                "was written for weights with fingerprint {}, those beside it have {found}",
                record.weights_sha256
            ),
        ));
    }
    let path = dir.join(TENSORS);
    let source = TensorSource::open(&path)?;
    let found = source.fingerprint()?;
    if found != record.tensors_sha256 {
        return Err(format(
            &path,
            format!(
                "has fingerprint {found}, `{RECORD}` was written for {}",
                record.tensors_sha256
            ),
        ));
    }
    let dense = Pretrained::<M>::load(dir, device)?;
    let mut reader = Reader {
        source,
        path,
        device,
        read: 0,
    };
    let mut layers = BTreeMap::new();
    for (id, ffn) in dense.model.ffns() {
        let own = record.layers.get(&id.to_string()).ok_or_else(|| {
            format(
                &dir.join(RECORD),
                format!("has no layer {id}, the model has one"),
            )
        })?;
        layers.insert(id, reader.layer(id, own, ffn)?);
    }
    if layers.len() != record.layers.len() {
        let reason = format!(
            "has {} layers, the model has {}",
            record.layers.len(),
            layers.len()
        );
        return Err(format(&dir.join(RECORD), reason));
    }
    reader.finish()?;
    Ok(Loaded { dense, layers })
}

fn format(path: &Path, reason: impl Into<String>) -> Error {
    plm_core::Error::format(path, reason).into()
}

fn read_record(path: &Path) -> Result<Record> {
    let io = |error| Error::from(plm_core::Error::io(path, error));
    let size = fs::metadata(path).map_err(io)?.len();
    if size > MAX_RECORD {
        let reason = format!("has {size} bytes, above the limit {MAX_RECORD}");
        return Err(format(path, reason));
    }
    let bytes = fs::read(path).map_err(io)?;
    // The version first: another one may have other fields.
    let value: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|error| format(path, error.to_string()))?;
    let version = value.get("format").and_then(serde_json::Value::as_u64);
    if version != Some(u64::from(FORMAT)) {
        let found = version.map_or("none".to_owned(), |version| version.to_string());
        let reason = format!("is of format {found}, only {FORMAT} is known");
        return Err(format(path, reason));
    }
    serde_json::from_value(value).map_err(|error| format(path, error.to_string()))
}

struct Reader<'a> {
    source: TensorSource,
    path: PathBuf,
    device: &'a Device,
    /// Tensors read so far.
    read: usize,
}

impl Reader<'_> {
    fn layer(&mut self, id: LayerId, record: &LayerRecord, ffn: FeedForward) -> Result<MoeLayer> {
        let [hidden_size, neurons] = ffn.inner.weight.val().dims();
        if [record.hidden_size, record.neurons] != [hidden_size, neurons] {
            return Err(format(
                &self.path.with_file_name(RECORD),
                format!(
                    "layer {id} has width {} and {} neurons, the model's {hidden_size} and {neurons}",
                    record.hidden_size, record.neurons
                ),
            ));
        }
        let experts = record.experts;
        let name = |part: &str| format!("layers.{id}.{part}");
        let labels = self.integers(&name("labels"), neurons)?;
        let partition = Partition::new(&labels, experts)
            .map_err(|error| format(&self.path, format!("{}: {error}", name("labels"))))?;
        let permutation = self.integers(&name("permutation"), neurons)?;
        if permutation != partition.permutation() {
            let reason = format!("`{}` is not that of the labels", name("permutation"));
            return Err(format(&self.path, reason));
        }
        record.policy.check(experts).map_err(|error| {
            let path = self.path.with_file_name(RECORD);
            format(&path, format!("layer {id}: {error}"))
        })?;
        let mean = if self.source.contains(&name("mean")) {
            Some(self.floats(&name("mean"), &[neurons])?)
        } else {
            None
        };
        let router = self.router(&name("router"), record, hidden_size)?;
        Ok(MoeLayer {
            partition,
            division: record.division,
            ffn,
            router,
            mean,
            contribution: record.contribution,
            policy: record.policy,
            report: RouterReport {
                k: record.held_out.k,
                capture: record.held_out.capture,
                recall: record.held_out.recall,
                norms: record.held_out.norms,
                history: Vec::new(),
                best: 0,
            },
        })
    }

    fn router(&mut self, prefix: &str, record: &LayerRecord, width: usize) -> Result<Router> {
        let experts = record.experts;
        let name = |part: &str| format!("{prefix}.{part}");
        Ok(match record.router {
            RouterRecord::Groundtruth => Router::Groundtruth(NoWeights::default()),
            RouterRecord::Random { seed } => Router::Random(RandomRouter { experts, seed }),
            RouterRecord::Centroid { metric } => Router::Centroid(CentroidRouter {
                centers: self.matrix(&name("centers"), experts, width)?,
                metric,
            }),
            RouterRecord::Mlp => Router::Mlp(MlpRouter {
                w1: Param::from_tensor(self.matrix(&name("w1"), width, experts)?),
                w2: Param::from_tensor(self.matrix(&name("w2"), experts, experts)?),
            }),
            RouterRecord::Contribution { hidden_size } => {
                Router::Contribution(ContributionRouter {
                    hidden: self.linear(&name("hidden"), width, hidden_size)?,
                    output: self.linear(&name("output"), hidden_size, experts)?,
                })
            }
        })
    }

    fn linear(&mut self, prefix: &str, inputs: usize, outputs: usize) -> Result<Linear> {
        let weight = self.matrix(&format!("{prefix}.weight"), inputs, outputs)?;
        let bias = self.floats(&format!("{prefix}.bias"), &[outputs])?;
        Ok(Linear {
            weight: Param::from_tensor(weight),
            bias: Some(Param::from_tensor(Tensor::from_data(
                bias.as_slice(),
                self.device,
            ))),
        })
    }

    fn matrix(&mut self, name: &str, rows: usize, columns: usize) -> Result<Tensor<2>> {
        let values = self.floats(name, &[rows, columns])?;
        Ok(matrix(&values, rows, columns, self.device))
    }

    fn floats(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        self.check(name, shape)?;
        let values = self.source.read_f32(name)?;
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            let reason = format!("`{name}` holds {} at {place}", values[place]);
            return Err(format(&self.path, reason));
        }
        Ok(values)
    }

    fn integers(&mut self, name: &str, count: usize) -> Result<Vec<u32>> {
        self.check(name, &[count])?;
        let values = self.source.read_i64(name)?;
        values
            .into_iter()
            .map(|value| {
                u32::try_from(value).map_err(|_| {
                    format(
                        &self.path,
                        format!("`{name}` holds {value}, not a number of a neuron"),
                    )
                })
            })
            .collect()
    }

    fn check(&mut self, name: &str, shape: &[usize]) -> Result<()> {
        self.read += 1;
        match self.source.shape(name) {
            Some(found) if found == shape => Ok(()),
            Some(found) => Err(format(
                &self.path,
                format!("`{name}` has shape {found:?}, expected {shape:?}"),
            )),
            None => Err(format(&self.path, format!("has no tensor `{name}`"))),
        }
    }

    /// Refuses tensors that nothing asked for.
    fn finish(self) -> Result<()> {
        if self.read == self.source.len() {
            return Ok(());
        }
        let reason = format!(
            "holds {} tensors, the layers need {}",
            self.source.len(),
            self.read
        );
        Err(format(&self.path, reason))
    }
}
