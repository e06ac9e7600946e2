//! Files of a tar archive.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use flate2::read::GzDecoder;
use tar::Archive;

/// The longest file, and the most bytes of all files together.
const FILE_LIMIT: u64 = 8 << 20;
const LIMIT: u64 = 256 << 20;

/// The files of a `.tar.gz` whose path `wanted` chooses, by path. They stay in memory: nothing is written.
pub(super) fn files(
    path: &Path,
    wanted: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, Vec<u8>>> {
    let file = plm_core::data::open(path)?;
    let mut archive = Archive::new(GzDecoder::new(file).take(LIMIT));
    let mut files = BTreeMap::new();
    for entry in archive
        .entries()
        .with_context(|| path.display().to_string())?
    {
        let entry = entry.with_context(|| path.display().to_string())?;
        let name = entry.path()?.display().to_string();
        if !entry.header().entry_type().is_file() || !wanted(&name) {
            continue;
        }
        let size = entry.size();
        ensure!(
            size <= FILE_LIMIT,
            "{}: `{name}` has {size} bytes, at most {FILE_LIMIT} are read",
            path.display()
        );
        let mut bytes = Vec::new();
        entry
            .take(FILE_LIMIT)
            .read_to_end(&mut bytes)
            .with_context(|| format!("{}: `{name}`", path.display()))?;
        files.insert(name, bytes);
    }
    ensure!(!files.is_empty(), "{}: no file of these", path.display());
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn chosen_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("two.tar.gz");
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Default::default()));
        for (name, text) in [("a/one.txt", "1"), ("a/two.xml", "22")] {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_cksum();
            builder
                .append_data(&mut header, name, text.as_bytes())
                .unwrap();
        }
        let bytes = builder.into_inner().unwrap().finish().unwrap();
        std::fs::File::create(&path)
            .unwrap()
            .write_all(&bytes)
            .unwrap();
        let found = files(&path, |name| name.ends_with(".xml")).unwrap();
        assert_eq!(
            found,
            BTreeMap::from([("a/two.xml".into(), b"22".to_vec())])
        );
        assert!(files(&path, |_| false).is_err());
        std::fs::write(&path, b"no archive").unwrap();
        assert!(files(&path, |_| true).is_err());
    }
}
