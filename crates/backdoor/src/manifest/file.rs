//! A manifest as JSON.

use std::io::Read;
use std::path::Path;

use plm_core::data::open;
use serde::{Deserialize, Serialize};

use super::{Fingerprint, Manifest};
use crate::attack::{Attack, Entry};
use crate::{Result, versioned};

/// Version of the format.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    attack: &'a Attack,
    clean: &'a Fingerprint,
    entries: &'a [Entry],
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
    /// [`Error::Core`](crate::Error::Core) where it cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let written = Written {
            version: VERSION,
            attack: &self.attack,
            clean: &self.clean,
            entries: &self.entries,
        };
        versioned::write(path, &written)
    }

    /// Reads the file `path`.
    ///
    /// # Errors
    /// As [`Manifest::from_reader`], and [`Error::Core`](crate::Error::Core) where it cannot be opened.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_reader(open(&path)?, path)
    }

    /// Reads a manifest from `reader`, which errors call `origin`.
    ///
    /// # Errors
    /// [`Error::Core`] where reading fails, or for more than 1 GiB, or where it is not a manifest;
    /// [`Error::FileVersion`] for another version; [`Error::ManifestEntry`] for an entry that the
    /// attack cannot have made, and what [`Attack::run`] says of settings out of their limits.
    ///
    /// [`Error::Core`]: crate::Error::Core
    /// [`Error::FileVersion`]: crate::Error::FileVersion
    /// [`Error::ManifestEntry`]: crate::Error::ManifestEntry
    pub fn from_reader(reader: impl Read, origin: impl AsRef<Path>) -> Result<Self> {
        let origin = origin.as_ref();
        let found: Found = versioned::read(reader, origin, "the manifest", VERSION)?;
        let manifest = Self {
            attack: found.attack,
            clean: found.clean,
            entries: found.entries,
        };
        manifest.check()?;
        Ok(manifest)
    }
}
