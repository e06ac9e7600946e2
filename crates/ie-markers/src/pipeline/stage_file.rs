//! What is saved beside a model: labels, settings, marker tokens.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use plm_core::checkpoint::SaveOptions;
use plm_core::models::{Pretrained, PretrainedModel};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Result;

/// The largest file that is read: 16 MiB.
const LIMIT: u64 = 16 << 20;

/// Name of the file beside a model.
pub(super) const STAGE_FILE: &str = "extraction.json";

/// Writes `model` to `dir` with `plan` beside it.
pub(super) fn save<M: PretrainedModel>(
    dir: &Path,
    model: &Pretrained<M>,
    plan: &impl Serialize,
) -> Result<()> {
    let options = SaveOptions::new().companion(STAGE_FILE, to_json(plan)?);
    model.save(dir, &options)?;
    Ok(())
}

pub(super) fn to_json(plan: &impl Serialize) -> Result<Vec<u8>> {
    let json = serde_json::to_vec_pretty(plan);
    Ok(json.map_err(|error| plm_core::Error::invalid("settings", error.to_string()))?)
}

/// Reads what [`save`] or [`to_json`] wrote.
pub(super) fn read<P: DeserializeOwned>(path: &Path) -> Result<P> {
    let io = |error| plm_core::Error::io(path, error);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(io)?;
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > LIMIT {
        return Err(plm_core::Error::format(path, "is larger than 16 MiB").into());
    }
    parse(path, &bytes)
}

fn parse<P: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<P> {
    let parsed = serde_json::from_slice(bytes);
    Ok(parsed.map_err(|error| plm_core::Error::format(path, error.to_string()))?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipeline::{EntitySettings, RelationSettings};

    #[test]
    fn settings_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings.json");
        let settings = RelationSettings::new(64);
        std::fs::write(&path, to_json(&settings).unwrap()).unwrap();
        assert_eq!(read::<RelationSettings>(&path).unwrap(), settings);
        // Files from before there were these settings read the same.
        let text = std::fs::read_to_string(&path).unwrap();
        for later in ["ablation", "training_limit", "budget"] {
            assert!(!text.contains(later), "{text}");
        }
        let error = read::<EntitySettings>(&path).unwrap_err().to_string();
        assert!(error.contains("settings.json"), "{error}");
        assert!(read::<EntitySettings>(&dir.path().join("none.json")).is_err());
    }

    proptest! {
        #[test]
        fn other_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(parse::<EntitySettings>(Path::new("x"), &bytes).is_err());
        }
    }
}
