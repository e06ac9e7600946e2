//! The index of a sharded checkpoint: which tensor lies in which file.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Component, Path, PathBuf};

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::{Error, Result};

/// File name -> names of the tensors that it must hold.
pub(super) type Shards = BTreeMap<String, Vec<String>>;

#[derive(Deserialize)]
struct IndexFile {
    weight_map: WeightMap,
}

/// Tensor name -> file name; a name given twice is an error.
struct WeightMap(HashMap<String, String>);

impl<'de> Deserialize<'de> for WeightMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Unique;
        impl<'de> Visitor<'de> for Unique {
            type Value = WeightMap;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a map from tensor names to file names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WeightMap, A::Error> {
                let mut files = HashMap::new();
                while let Some((name, file)) = map.next_entry::<String, String>()? {
                    if files.contains_key(&name) {
                        return Err(A::Error::custom(format!("tensor `{name}` is listed twice")));
                    }
                    files.insert(name, file);
                }
                Ok(WeightMap(files))
            }
        }
        deserializer.deserialize_map(Unique)
    }
}

/// Reads the index at `path`.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] for what is no index and for files that do not lie beside it.
pub(super) fn read(path: &Path) -> Result<Shards> {
    let text = std::fs::read(path).map_err(|error| Error::io(path, error))?;
    let IndexFile { weight_map } =
        serde_json::from_slice(&text).map_err(|error| Error::format(path, error.to_string()))?;
    let mut shards = Shards::new();
    for (tensor, file) in weight_map.0 {
        if !is_plain(&file) {
            return Err(Error::format(
                path,
                format!("tensor `{tensor}`: `{file}` is not the name of a file beside the index"),
            ));
        }
        shards.entry(file).or_default().push(tensor);
    }
    if shards.is_empty() {
        return Err(Error::format(path, "the `weight_map` is empty"));
    }
    Ok(shards)
}

/// Whether `name` is one plain file name: no folder, no `..`, no root.
fn is_plain(name: &str) -> bool {
    let mut components = Path::new(name).components();
    matches!(components.next(), Some(Component::Normal(part)) if part == name)
        && components.next().is_none()
        && !name.contains(['/', '\\', '\0'])
}

/// The shard `file` beside the index at `path`.
pub(super) fn beside(path: &Path, file: &str) -> PathBuf {
    path.with_file_name(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_followed() {
        assert!(is_plain("model-00001-of-00002.safetensors"));
        for name in [
            "", ".", "..", "../a", "/a", "a/b", "a/", "a\\b", "a\0b", "./a",
        ] {
            assert!(!is_plain(name), "{name:?}");
        }
    }
}
