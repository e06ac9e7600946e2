//! A manifest as JSON.

use std::io::{Read, Write};
use std::path::Path;

use plm_core::data::open;
use plm_core::files::write_atomic;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Fingerprint, Manifest};
use crate::attack::{Attack, Entry};
use crate::{Error, Result};

/// Version of the format.
const VERSION: u32 = 1;

/// Largest manifest that is read, in bytes.
const LIMIT: u64 = 1 << 30;

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    attack: &'a Attack,
    clean: &'a Fingerprint,
    entries: &'a [Entry],
}

/// The version alone: another one may have other fields.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Found {
    #[serde(rename = "version")]
    _version: u32,
    attack: Attack,
    clean: Fingerprint,
    entries: Vec<Entry>,
}

impl Manifest {
    /// Writes the manifest to the file `path`, as a whole or not at all.
    ///
    /// # Errors
    /// [`Error::Core`] where it cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let written = Written {
            version: VERSION,
            attack: &self.attack,
            clean: &self.clean,
            entries: &self.entries,
        };
        write_atomic(path, |file| {
            serde_json::to_writer(&mut *file, &written)?;
            file.write_all(b"\n")
        })?;
        Ok(())
    }

    /// Reads the file `path`.
    ///
    /// # Errors
    /// As [`Manifest::from_reader`], and [`Error::Core`] where it cannot be opened.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_reader(open(&path)?, path)
    }

    /// Reads a manifest from `reader`, which errors call `origin`.
    ///
    /// # Errors
    /// [`Error::Core`] where reading fails, or for more than 1 GiB, or where it is not a manifest;
    /// [`Error::ManifestVersion`] for another version; [`Error::ManifestEntry`] for an entry that the
    /// attack cannot have made, and what [`Attack::run`] says of settings out of their limits.
    pub fn from_reader(reader: impl Read, origin: impl AsRef<Path>) -> Result<Self> {
        let origin = origin.as_ref();
        let mut bytes = Vec::new();
        let read = reader.take(LIMIT + 1).read_to_end(&mut bytes);
        read.map_err(|error| plm_core::Error::io(origin, error))?;
        if bytes.len() as u64 > LIMIT {
            let reason = format!("is longer than {LIMIT} bytes");
            return Err(plm_core::Error::format(origin, reason).into());
        }
        let Version { version } = parse(&bytes, origin)?;
        if version != VERSION {
            return Err(Error::ManifestVersion {
                path: origin.to_path_buf(),
                found: version,
                known: VERSION,
            });
        }
        let found: Found = parse(&bytes, origin)?;
        let manifest = Self {
            attack: found.attack,
            clean: found.clean,
            entries: found.entries,
        };
        manifest.check()?;
        Ok(manifest)
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8], origin: &Path) -> Result<T> {
    serde_json::from_slice(bytes)
        .map_err(|error| plm_core::Error::format(origin, error.to_string()).into())
}
