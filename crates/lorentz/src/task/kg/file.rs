//! Tables in files.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use burn::tensor::DType;
use plm_core::files::write_atomic;
use safetensors::tensor::{TensorView, serialize};
use serde::{Deserialize, Serialize};

use super::config::EntityGeometry;
use super::real::Real;
use super::tables::CompletionTables;
use crate::data::graph::tensors::{Tensors, dtype};
use crate::{Curvature, Result};

/// The entry of the metadata that holds the settings.
const SETTINGS: &str = "completion";

/// What the numbers mean, as JSON.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    geometry: EntityGeometry,
    d_model: usize,
    /// Of the entities' space; none where it is Euclidean.
    curvature: Option<Curvature>,
}

impl Settings {
    fn new(geometry: EntityGeometry, d_model: usize) -> Self {
        Self {
            geometry,
            d_model,
            curvature: match geometry {
                EntityGeometry::Lorentz => Some(Curvature::UNIT),
                EntityGeometry::Euclidean => None,
            },
        }
    }
}

impl<T: Real> CompletionTables<T> {
    /// Writes the tables to a safetensors file, as a whole or not at all.
    ///
    /// | tensor | shape |
    /// |---|---|
    /// | `entities` | `[E, d_model]` |
    /// | `relation_weights`, `relation_biases` | `[R, d_model, d_model]`, `[R, d_model]` |
    /// | `head_biases`, `tail_biases` | `[E]` |
    /// | `margin`, `scale` | `[1]` |
    ///
    /// The metadata has the geometry, its curvature and `d_model` as JSON under `completion`.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the table whose size does not fit or that holds a number
    /// that is not finite, the entity of Lorentz space that is no point, or the file that cannot be
    /// written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.check()?;
        self.check_points()?;
        let path = path.as_ref();
        let refuse = |reason: String| plm_core::Error::format(path, reason);
        let settings = Settings::new(self.geometry, self.d_model);
        let text = serde_json::to_string(&settings).map_err(|error| refuse(error.to_string()))?;
        let d = self.d_model;
        let entities = self.head_biases.len();
        let relations = self.relation_biases.len() / d;
        let tables: [(&str, Vec<usize>, &[T]); 7] = [
            ("entities", vec![entities, d], &self.entities),
            (
                "relation_weights",
                vec![relations, d, d],
                &self.relation_weights,
            ),
            ("relation_biases", vec![relations, d], &self.relation_biases),
            ("head_biases", vec![entities], &self.head_biases),
            ("tail_biases", vec![entities], &self.tail_biases),
            ("margin", vec![1], &[self.margin]),
            ("scale", vec![1], &[self.scale]),
        ];
        let tables = tables.map(|(name, shape, numbers)| (name, shape, bytes(numbers)));
        let views: Result<Vec<_>, _> = tables
            .iter()
            .map(|(name, shape, bytes)| {
                let view = TensorView::new(dtype::<T>(), shape.clone(), bytes);
                view.map(|view| (*name, view))
            })
            .collect();
        let metadata = HashMap::from([(SETTINGS.to_owned(), text)]);
        let file = views
            .and_then(|views| serialize(views, Some(metadata)))
            .map_err(|error| refuse(error.to_string()))?;
        Ok(write_atomic(path, |writer| writer.write_all(&file))?)
    }

    /// Reads what [`save`](Self::save) wrote. A learner refuses the tables where its settings are not
    /// those they were made with.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the file, and the tensor or the entry of the metadata
    /// that is missing, unexpected, of another shape, of another number type than `T`, or holds what is no
    /// point or not finite.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|error| plm_core::Error::io(path, error))?;
        let refuse = |reason: String| plm_core::Error::format(path, reason);
        let tables: Self = parse(&bytes).map_err(refuse)?;
        tables
            .check()
            .and_then(|()| tables.check_points())
            .map_err(|error| refuse(error.to_string()))?;
        Ok(tables)
    }
}

/// The tables in `file`, or why there are none. Their numbers are not looked at.
fn parse<T: Real>(file: &[u8]) -> Result<CompletionTables<T>, String> {
    let file = Tensors::new(file)?;
    let text = file
        .text(SETTINGS)
        .ok_or_else(|| format!("has no metadata `{SETTINGS}`"))?;
    let settings: Settings =
        serde_json::from_str(text).map_err(|error| format!("metadata `{SETTINGS}`: {error}"))?;
    let expected = Settings::new(settings.geometry, settings.d_model);
    if settings != expected {
        return Err(format!(
            "metadata `{SETTINGS}`: the curvature is {:?}, must be {:?}",
            settings.curvature, expected.curvature
        ));
    }
    let read = |name: &str, expected: &[usize]| -> Result<Vec<T>, String> {
        let (shape, numbers) = file.exactly::<T>(name)?;
        if shape == expected {
            return Ok(numbers);
        }
        Err(format!(
            "`{name}` has the shape {shape:?}, must have {expected:?}"
        ))
    };
    let first = |name: &str| -> Result<usize, String> {
        let (shape, _) = file.exactly::<T>(name)?;
        shape
            .first()
            .copied()
            .ok_or_else(|| format!("`{name}` has no axis"))
    };
    let d = settings.d_model;
    let (entities, relations) = (first("head_biases")?, first("relation_biases")?);
    let one = |name: &str| -> Result<T, String> { Ok(read(name, &[1])?[0]) };
    let tables = CompletionTables {
        geometry: settings.geometry,
        d_model: d,
        margin: one("margin")?,
        scale: one("scale")?,
        entities: read("entities", &[entities, d])?,
        relation_weights: read("relation_weights", &[relations, d, d])?,
        relation_biases: read("relation_biases", &[relations, d])?,
        head_biases: read("head_biases", &[entities])?,
        tail_biases: read("tail_biases", &[entities])?,
    };
    match file.names() {
        names if names.len() == 7 => Ok(tables),
        names => Err(format!(
            "has {} tensors, must have 7: {names:?}",
            names.len()
        )),
    }
}

/// The numbers, little-endian.
fn bytes<T: Real>(numbers: &[T]) -> Vec<u8> {
    let numbers = numbers.iter().map(|number| number.widen());
    match T::DTYPE {
        DType::F64 => numbers.flat_map(f64::to_le_bytes).collect(),
        _ => numbers.flat_map(|x| (x as f32).to_le_bytes()).collect(),
    }
}
