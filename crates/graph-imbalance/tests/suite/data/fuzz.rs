//! Damaged files: an error or a sound graph, whatever a byte says.

use std::fs;
use std::path::Path;

use plm_graph_imbalance::Result;
use plm_graph_imbalance::data::{Dataset, read_npz, read_planetoid, read_safetensors};
use plm_graph_imbalance::graph::{EdgePolicy, Weights};
use proptest::prelude::*;

use super::planetoid::{PARTS, copy};
use super::{assert_valid, fixture};

/// An error has a text; a graph is sound.
fn check(result: Result<Dataset>) {
    match result {
        Ok(dataset) => assert_valid(&dataset),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Writes a file that is not there. Some file systems flush one that is overwritten, which takes long.
fn write(file: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(file);
    fs::write(file, bytes).unwrap();
}

/// At most `count` offsets below `length`, evenly spread.
fn sample(length: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..length).step_by(length.div_ceil(count).max(1))
}

/// Reads `file` cut short at and with changed bytes at `count` offsets.
fn damage(file: &Path, count: usize, read: impl Fn() -> Result<Dataset>) {
    let bytes = fs::read(file).unwrap();
    for at in sample(bytes.len(), count) {
        write(file, &bytes[..at]);
        assert!(
            read().is_err() || file.ends_with("ind.tiny.test.index"),
            "cut at {at}"
        );
        for byte in [bytes[at] ^ 0x01, bytes[at] ^ 0x80, 0xff, 0x00] {
            let mut changed = bytes.clone();
            changed[at] = byte;
            write(file, &changed);
            check(read());
        }
    }
    write(file, &bytes);
    assert!(read().is_ok());
}

#[test]
fn pickles() {
    let folder = tempfile::tempdir().unwrap();
    copy(folder.path());
    for part in PARTS {
        let file = folder.path().join(format!("ind.tiny.{part}"));
        damage(&file, 40, || read_planetoid(folder.path(), "tiny"));
    }
}

#[test]
fn archives() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("g.npz");
    for name in ["sparse", "dense", "heterophilous"] {
        fs::copy(fixture(&format!("npz/{name}.npz")), &file).unwrap();
        damage(&file, 200, || read_npz(&file, EdgePolicy::default()));
    }
}

#[test]
fn tensors() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["split.safetensors", "masks.safetensors.gz"] {
        let file = folder.path().join(name);
        fs::copy(fixture(&format!("safetensors/{name}")), &file).unwrap();
        damage(&file, 250, || read_safetensors(&file, Weights::Drop));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_bytes(
        magic in prop::sample::select(vec![&b""[..], b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08"]),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let bytes = [magic, &bytes].concat();
        for name in ["g.npz", "g.safetensors", "g.safetensors.gz"] {
            let file = folder.path().join(name);
            write(&file, &bytes);
            match name {
                "g.npz" => check(read_npz(&file, EdgePolicy::default())),
                _ => check(read_safetensors(&file, Weights::Drop)),
            }
        }
    }

    #[test]
    fn several_changed_bytes(
        name in prop::sample::select(vec!["npz/sparse.npz", "npz/dense.npz", "safetensors/split.safetensors"]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = fs::read(fixture(name)).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let file = folder.path().join("g.safetensors");
        write(&file, &bytes);
        match name.starts_with("npz") {
            true => check(read_npz(&file, EdgePolicy::default())),
            false => check(read_safetensors(&file, Weights::Drop)),
        }
    }
}
