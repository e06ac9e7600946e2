//! Files out of zip archives that may have been made to do harm.
//!
//! An archive is refused as a whole where one of its entries is a link or would land outside the
//! target folder. Only the files asked for are written, none longer than asked for.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use zip::ZipArchive;

use super::manifest::{Listed, is_plain_path};

/// Writes `files`, which lie in the folder `inner` of the archive, below `target`.
///
/// # Errors
/// Where the archive cannot be read, is refused, or lacks a file; the text names the entry.
pub(super) fn files(
    archive: impl Read + Seek,
    inner: &str,
    files: &[Listed],
    target: &Path,
) -> Result<()> {
    let mut archive = open(archive)?;
    for file in files {
        let path = target.join(&file.path);
        let folder = path.parent().unwrap_or(target);
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let mut output = File::create_new(&path).with_context(|| path.display().to_string())?;
        let name = format!("{}/{}", inner.trim_end_matches('/'), file.path);
        let written = copy(&mut archive, &name, file.bytes, &mut output)?;
        ensure!(
            written == file.bytes,
            "entry `{name}`: {written} bytes instead of {}",
            file.bytes
        );
    }
    Ok(())
}

/// Appends the entry `name`, at most `limit` bytes long, to `output`; gives its length.
///
/// # Errors
/// As [`files`], and where the entry is longer than `limit`.
pub(super) fn entry(
    archive: impl Read + Seek,
    name: &str,
    limit: u64,
    output: &mut impl Write,
) -> Result<u64> {
    copy(&mut open(archive)?, name, limit, output)
}

fn open<R: Read + Seek>(archive: R) -> Result<ZipArchive<R>> {
    let mut archive = ZipArchive::new(archive).context("not a zip archive")?;
    for index in 0..archive.len() {
        let entry = archive
            .by_index_raw(index)
            .with_context(|| format!("entry {index}"))?;
        let name = entry.name();
        ensure!(
            is_plain_path(name.trim_end_matches('/')),
            "refused: entry `{}` leaves the target folder",
            name.escape_default()
        );
        ensure!(
            !entry.is_symlink(),
            "refused: entry `{}` is a link",
            name.escape_default()
        );
    }
    Ok(archive)
}

fn copy<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    name: &str,
    limit: u64,
    output: &mut impl Write,
) -> Result<u64> {
    let entry = archive
        .by_name(name)
        .with_context(|| format!("entry `{name}`"))?;
    // The length in the header may lie: read one byte more than allowed at most.
    let written = io::copy(&mut entry.take(limit.saturating_add(1)), output)
        .with_context(|| format!("entry `{name}`"))?;
    if written > limit {
        bail!("refused: entry `{name}` is longer than {limit} bytes");
    }
    Ok(written)
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// A zip archive with these entries.
    pub(in super::super) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in entries {
            writer
                .start_file(*name, SimpleFileOptions::default())
                .unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn wanted(path: &str, bytes: u64) -> Listed {
        Listed {
            path: path.into(),
            bytes,
            sha256: String::new(),
        }
    }

    fn unpack(archive: &[u8], list: &[Listed]) -> Result<String> {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("in/target");
        fs::create_dir_all(&target).unwrap();
        let result = files(Cursor::new(archive), "model", list, &target);
        // Whatever happens, nothing may appear beside the target.
        assert_eq!(fs::read_dir(folder.path().join("in")).unwrap().count(), 1);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        result?;
        Ok(fs::read_to_string(target.join(&list[0].path)).unwrap())
    }

    #[test]
    fn only_the_files_asked_for_are_written() {
        let archive = zip(&[
            ("model/a.txt", b"hello"),
            ("model/b/c.txt", b"deep"),
            ("setup.py", b"x"),
        ]);
        assert_eq!(unpack(&archive, &[wanted("a.txt", 5)]).unwrap(), "hello");
        assert_eq!(unpack(&archive, &[wanted("b/c.txt", 4)]).unwrap(), "deep");
        let text = format!("{:#}", unpack(&archive, &[wanted("z.txt", 4)]).unwrap_err());
        assert!(text.contains("model/z.txt"), "{text}");
    }

    #[test]
    fn entries_that_leave_the_folder_refuse_the_whole_archive() {
        for name in [
            "../evil",
            "/etc/evil",
            "model/../../evil",
            "..\\evil",
            "a/./b",
        ] {
            let archive = zip(&[("model/a.txt", b"hello"), (name, b"evil")]);
            let text = format!("{:#}", unpack(&archive, &[wanted("a.txt", 5)]).unwrap_err());
            assert!(text.contains("refused"), "{name}: {text}");
        }
    }

    #[test]
    fn links_refuse_the_whole_archive() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer
            .start_file("model/a.txt", SimpleFileOptions::default())
            .unwrap();
        writer.write_all(b"hello").unwrap();
        writer
            .add_symlink("model/link", "/etc/passwd", SimpleFileOptions::default())
            .unwrap();
        let archive = writer.finish().unwrap().into_inner();
        let text = format!("{:#}", unpack(&archive, &[wanted("a.txt", 5)]).unwrap_err());
        assert!(text.contains("is a link"), "{text}");
    }

    #[test]
    fn files_longer_or_shorter_than_listed_are_refused() {
        let bomb = vec![0_u8; 1 << 20];
        let archive = zip(&[("model/a.txt", &bomb)]);
        assert!(archive.len() < 5000);
        let text = format!(
            "{:#}",
            unpack(&archive, &[wanted("a.txt", 1000)]).unwrap_err()
        );
        assert!(text.contains("longer than 1000"), "{text}");
        let text = format!(
            "{:#}",
            unpack(&archive, &[wanted("a.txt", 1 << 21)]).unwrap_err()
        );
        assert!(text.contains("instead of"), "{text}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
            prop_assert!(unpack(&bytes, &[wanted("a.txt", 5)]).is_err());
        }

        #[test]
        fn damaged_archives_never_give_a_longer_file(at in 0_usize..110, byte in any::<u8>()) {
            let mut archive = zip(&[("model/a.txt", b"hello")]);
            let at = at % archive.len();
            archive[at] = byte;
            if let Ok(text) = unpack(&archive, &[wanted("a.txt", 5)]) {
                prop_assert_eq!(text.len(), 5);
            }
        }
    }
}
