//! Writing.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use plm_core::checkpoint::{SaveOptions, SaveReport, fingerprint};
use plm_core::files::write_atomic;
use plm_core::models::{Pretrained, PretrainedModel};
use plm_core::nn::FeedForward;
use safetensors::tensor::{Dtype, TensorView, serialize};

use super::record::{LayerRecord, Quality, Record, RouterRecord};
use super::{FORMAT, RECORD, TENSORS};
use crate::convert::{check_alike, check_names, permuted};
use crate::error::check_size;
use crate::experts::MoeLayer;
use crate::host::values;
use crate::layer::{FeedForwards, LayerId};
use crate::quality::check_finite;
use crate::router::Router;
use crate::{Error, Result};

/// Writes the dense model `pretrained` and the `layers` that were made of it to `dir`.
///
/// The weights are complete before the files beside them are written, and `moe.json`, which names the
/// fingerprints of the weights and of `moe.safetensors`, comes last. A write that is cut off leaves
/// the old directory, or the new dense checkpoint without experts, or new files beside older ones,
/// which loading refuses.
///
/// # Errors
/// As [`Pretrained::save`]. Before anything is written: [`Error::Size`] where `layers` are not those of the
/// model, or of another width or number of neurons, or a mean or a router is of another size;
/// [`Error::Chosen`] and [`Error::Setting`] for a policy that does not fit its layer;
/// [`Error::NotFinite`] for a number of a mean, a router or a report that [`crate::load`] would refuse.
pub fn save<M>(
    dir: impl AsRef<Path>,
    pretrained: &Pretrained<M>,
    layers: &BTreeMap<LayerId, MoeLayer>,
    options: &SaveOptions,
) -> Result<SaveReport>
where
    M: PretrainedModel + FeedForwards<Ffn = FeedForward, With<FeedForward> = M>,
{
    let dir = dir.as_ref();
    check(&pretrained.model.ffns(), layers)?;
    let mut tensors = Tensors::default();
    let mut records = BTreeMap::new();
    for (id, layer) in layers {
        tensors.layer(*id, layer)?;
        records.insert(id.to_string(), record(layer));
    }
    let bytes = tensors.bytes(&dir.join(TENSORS))?;
    let dense = Pretrained {
        model: permuted(pretrained.model.clone(), layers),
        ..pretrained.clone()
    };
    let report = dense.save(dir, options)?;
    write_atomic(dir.join(TENSORS), |file| file.write_all(&bytes))?;
    let record = Record {
        format: FORMAT,
        weights_sha256: fingerprint(dir)?,
        tensors_sha256: fingerprint(dir.join(TENSORS))?,
        layers: records,
    };
    let path = dir.join(RECORD);
    let text = serde_json::to_vec_pretty(&record)
        .map_err(|error| plm_core::Error::format(&path, error.to_string()))?;
    write_atomic(&path, |file| file.write_all(&text))?;
    Ok(report)
}

/// Checks that `layers` are those of a model with `blocks`, and that their policies and reports can be read
/// back.
fn check(blocks: &[(LayerId, FeedForward)], layers: &BTreeMap<LayerId, MoeLayer>) -> Result<()> {
    check_names(blocks, layers)?;
    for ((id, block), layer) in blocks.iter().zip(layers.values()) {
        let what = format!("converted layer {id}");
        check_alike(&what, &layer.ffn, block)?;
        let [_, neurons] = block.inner.weight.val().dims();
        check_size(
            format_args!("the partition of {what}"),
            layer.partition.neurons(),
            neurons,
        )?;
        layer.policy.check(layer.partition.experts())?;
        let report = &layer.report;
        let norms = report.norms.iter();
        let norms = norms.flat_map(|own| [own.capture, own.recall]);
        let figures = [report.capture, report.recall].into_iter().chain(norms);
        if let Some((column, value)) = figures.enumerate().find(|(_, value)| !value.is_finite()) {
            return Err(Error::NotFinite {
                what: format!("the report of {what}"),
                row: 0,
                column,
                value,
            });
        }
    }
    Ok(())
}

fn record(layer: &MoeLayer) -> LayerRecord {
    let [hidden_size, neurons] = layer.ffn.inner.weight.val().dims();
    LayerRecord {
        hidden_size,
        neurons,
        experts: layer.partition.experts(),
        division: layer.division,
        policy: layer.policy,
        contribution: layer.contribution,
        router: match &layer.router {
            Router::Groundtruth(_) => RouterRecord::Groundtruth,
            Router::Random(router) => RouterRecord::Random { seed: router.seed },
            Router::Centroid(router) => RouterRecord::Centroid {
                metric: router.metric,
            },
            Router::Mlp(_) => RouterRecord::Mlp,
            Router::Contribution(router) => RouterRecord::Contribution {
                hidden_size: router.hidden.weight.val().dims()[1],
            },
        },
        held_out: Quality {
            k: layer.report.k,
            capture: layer.report.capture,
            recall: layer.report.recall,
            norms: layer.report.norms,
        },
    }
}

/// Named tensors on their way to a file.
#[derive(Default)]
struct Tensors(Vec<(String, Dtype, Vec<usize>, Vec<u8>)>);

impl Tensors {
    /// # Errors
    /// [`Error::Size`] and [`Error::NotFinite`] for what would not be read back.
    fn layer(&mut self, id: LayerId, layer: &MoeLayer) -> Result<()> {
        let name = |part: &str| format!("layers.{id}.{part}");
        let experts = layer.partition.experts();
        let [width, neurons] = layer.ffn.inner.weight.val().dims();
        self.integers(name("labels"), layer.partition.labels());
        self.integers(name("permutation"), &layer.partition.permutation());
        if let Some(mean) = &layer.mean {
            self.floats(name("mean"), vec![neurons], mean)?;
        }
        let mut router = |part: &str, shape: Vec<usize>, values: Vec<f32>| {
            self.floats(name(&format!("router.{part}")), shape, &values)
        };
        match &layer.router {
            Router::Groundtruth(_) | Router::Random(_) => {}
            Router::Centroid(own) => {
                router("centers", vec![experts, width], values(own.centers.clone()))?;
            }
            Router::Mlp(own) => {
                router("w1", vec![width, experts], values(own.w1.val()))?;
                router("w2", vec![experts, experts], values(own.w2.val()))?;
            }
            Router::Contribution(own) => {
                let [_, hidden] = own.hidden.weight.val().dims();
                for (part, linear, inputs, outputs) in [
                    ("hidden", &own.hidden, width, hidden),
                    ("output", &own.output, hidden, experts),
                ] {
                    let weight = values(linear.weight.val());
                    router(&format!("{part}.weight"), vec![inputs, outputs], weight)?;
                    // The format has biases: none is the same as zeros.
                    let bias = linear.bias.as_ref().map(|bias| values(bias.val()));
                    let bias = bias.unwrap_or_else(|| vec![0.0; outputs]);
                    router(&format!("{part}.bias"), vec![outputs], bias)?;
                }
            }
        }
        Ok(())
    }

    fn integers(&mut self, name: String, values: &[u32]) {
        let bytes = values
            .iter()
            .flat_map(|&value| (value as i32).to_le_bytes())
            .collect();
        self.0.push((name, Dtype::I32, vec![values.len()], bytes));
    }

    /// # Errors
    /// [`Error::Size`] where the values do not fill `shape`, [`Error::NotFinite`].
    fn floats(&mut self, name: String, shape: Vec<usize>, values: &[f32]) -> Result<()> {
        check_size(&name, values.len(), shape.iter().product())?;
        check_finite(&name, values, shape.last().copied().unwrap_or(1))?;
        let bytes = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.0.push((name, Dtype::F32, shape, bytes));
        Ok(())
    }

    fn bytes(&self, path: &Path) -> Result<Vec<u8>> {
        let format = |error: safetensors::SafeTensorError| {
            Error::from(plm_core::Error::format(path, error.to_string()))
        };
        let mut views = Vec::with_capacity(self.0.len());
        for (name, dtype, shape, bytes) in &self.0 {
            let view = TensorView::new(*dtype, shape.clone(), bytes).map_err(format)?;
            views.push((name.as_str(), view));
        }
        serialize(views, None).map_err(format)
    }
}
