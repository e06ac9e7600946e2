//! Writing.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde_json::Value;

use super::adapter::PeftAdapter;
use super::{CONFIG, PROMPT, WEIGHTS};
use crate::io::tensors::{RawTensor, to_bytes};
use crate::{Error, Result};
use plm_core::files::write_atomic;

impl PeftAdapter {
    /// Writes the two files into `directory`, which is made where it is missing; other files there stay.
    /// Each file is written as a whole or not at all, the weights first. The same adapter gives the same
    /// bytes.
    ///
    /// # Errors
    /// [`Error::Core`], [`Error::Core`].
    pub fn save(&self, directory: impl AsRef<Path>) -> Result<()> {
        let directory = directory.as_ref();
        fs::create_dir_all(directory).map_err(|error| Error::io(directory, error))?;
        let total = self.prompt.rows() + self.unused_rows();
        let values = [self.prompt.values(), &self.unused].concat();
        let mut tensors = vec![RawTensor::floats(
            PROMPT,
            &[total, self.prompt.width()],
            &values,
        )];
        tensors.extend(self.factors.iter().flat_map(|factors| factors.tensors()));
        let wide = self
            .kept
            .partition_point(|tensor| tensor.dtype.bitsize() > 32);
        let (wide, rest) = self.kept.split_at(wide);
        let tensors = [wide, &tensors, rest].concat();
        let metadata = BTreeMap::from([("format".to_owned(), "pt".to_owned())]);
        let bytes = to_bytes(&metadata, &tensors);
        write_atomic(directory.join(WEIGHTS), |file| file.write_all(&bytes))?;
        let path = directory.join(CONFIG);
        let settings = sorted(Value::from(self.settings.map.clone()));
        let text = serde_json::to_vec_pretty(&settings)
            .map_err(|error| Error::format(&path, error.to_string()))?;
        Ok(write_atomic(&path, |file| file.write_all(&text))?)
    }
}

/// The same value with the keys of all objects in order, whatever order the maps of `serde_json` keep.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let map: BTreeMap<String, Value> = map.into_iter().collect();
            map.into_iter()
                .map(|(key, value)| (key, sorted(value)))
                .collect()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}
