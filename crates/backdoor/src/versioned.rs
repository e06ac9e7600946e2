//! JSON files that begin with the version of their format.

use std::io::{Read, Write};
use std::path::Path;

use plm_core::files::write_atomic;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Largest file that is read, in bytes.
const LIMIT: u64 = 1 << 30;

/// The version alone: another one may have other fields.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Writes `value`, whose field `version` is the version, to the file `path`, as a whole or not at all.
///
/// # Errors
/// [`Error::Core`] where it cannot be written.
pub(crate) fn write(path: impl AsRef<Path>, value: &impl Serialize) -> Result<()> {
    write_atomic(path, |file| {
        serde_json::to_writer(&mut *file, value)?;
        file.write_all(b"\n")
    })?;
    Ok(())
}

/// Reads version `known` of `what` from `reader`, which errors call `origin`.
///
/// # Errors
/// [`Error::Core`] where reading fails, or for more than 1 GiB, or for something else;
/// [`Error::FileVersion`] for another version.
pub(crate) fn read<T: DeserializeOwned>(
    reader: impl Read,
    origin: &Path,
    what: &'static str,
    known: u32,
) -> Result<T> {
    let mut bytes = Vec::new();
    let read = reader.take(LIMIT + 1).read_to_end(&mut bytes);
    read.map_err(|error| plm_core::Error::io(origin, error))?;
    if bytes.len() as u64 > LIMIT {
        let reason = format!("is longer than {LIMIT} bytes");
        return Err(plm_core::Error::format(origin, reason).into());
    }
    let Version { version } = parse(&bytes, origin)?;
    if version != known {
        return Err(Error::FileVersion {
            path: origin.to_path_buf(),
            what,
            found: version,
            known,
        });
    }
    parse(&bytes, origin)
}

fn parse<T: DeserializeOwned>(bytes: &[u8], origin: &Path) -> Result<T> {
    serde_json::from_slice(bytes)
        .map_err(|error| plm_core::Error::format(origin, error.to_string()).into())
}
