//! Files that are not what they say.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::TensorSource;
use super::fixture;
use crate::Error;

fn refused(path: &Path) -> Error {
    let error = TensorSource::open(path).unwrap_err();
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(error.to_string().contains(name), "{error}");
    error
}

/// A file `name` of `content` in a directory of its own.
fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, content).unwrap();
    (dir, path)
}

const KINDS: [&str; 4] = [
    "model.safetensors",
    "pytorch_model.bin",
    "model.safetensors.index.json",
    "weights.pt",
];

#[test]
fn empty_files_are_refused() {
    for name in KINDS {
        let (_dir, path) = file(name, b"");
        assert!(matches!(refused(&path), Error::Format { .. }), "{name}");
    }
}

#[test]
fn a_hundred_megabytes_of_noise_are_refused() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut noise = vec![0; 100_000_000];
    for bytes in noise.as_chunks_mut::<8>().0 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *bytes = state.to_le_bytes();
    }
    for name in KINDS {
        let (_dir, path) = file(name, &noise);
        assert!(matches!(refused(&path), Error::Format { .. }), "{name}");
    }
    // A header that just fits the file, but holds noise.
    noise[..8].copy_from_slice(&99_999_992_u64.to_le_bytes());
    let (_dir, path) = file("model.safetensors", &noise);
    assert!(matches!(refused(&path), Error::Format { .. }));
}

#[test]
fn every_truncation_is_refused() {
    let whole = fs::read(fixture("f32").join("model.safetensors")).unwrap();
    let (_dir, path) = file("model.safetensors", &whole);
    assert_eq!(TensorSource::open(&path).unwrap().len(), 20);
    for length in (0..whole.len()).step_by(61).chain([whole.len() - 1]) {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(matches!(refused(&path), Error::Format { .. }), "{length}");
    }
}

#[test]
fn every_truncation_of_a_torch_file_is_refused_or_fails_to_read() {
    for name in ["torch", "torch-legacy"] {
        let whole = fs::read(fixture(name).join("pytorch_model.bin")).unwrap();
        let (_dir, path) = file("pytorch_model.bin", &whole);
        assert_eq!(TensorSource::open(&path).unwrap().len(), 20);
        for length in (0..whole.len()).step_by(97).chain([whole.len() - 1]) {
            fs::write(&path, &whole[..length]).unwrap();
            match TensorSource::open(&path) {
                Err(Error::Format { .. }) => {}
                Err(other) => panic!("{name} {length}: {other}"),
                Ok(source) => assert!(source.fingerprint().is_err(), "{name} {length}"),
            }
        }
    }
}

#[test]
fn a_directory_in_place_of_a_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("model.safetensors")).unwrap();
    let error = TensorSource::open(dir.path()).unwrap_err();
    assert!(error.to_string().contains("not a regular file"), "{error}");
    assert!(matches!(error, Error::Format { .. }));
}

#[test]
fn paths_without_weights_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let error = TensorSource::open(dir.path()).unwrap_err();
    assert!(matches!(error, Error::Checkpoint { .. }));
    assert!(error.to_string().contains("pytorch_model.bin"), "{error}");
    assert!(matches!(
        refused(&dir.path().join("absent")),
        Error::Io { .. }
    ));
    let (_dir, path) = file("model.onnx", b"x");
    assert!(matches!(refused(&path), Error::Format { .. }));
    // A path through a file.
    let below = path.join("model.safetensors");
    assert!(matches!(refused(&below), Error::Io { .. }));
}

#[cfg(unix)]
#[test]
fn files_without_permission_are_an_io_error() {
    use std::io::ErrorKind;
    use std::os::unix::fs::PermissionsExt;

    let bytes = fs::read(fixture("f32").join("model.safetensors")).unwrap();
    let (_dir, path) = file("model.safetensors", &bytes);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&path).is_ok() {
        // The superuser may read it all the same: links and directories are what stops that user.
        return;
    }
    match refused(&path) {
        Error::Io { source, .. } => assert_eq!(source.kind(), ErrorKind::PermissionDenied),
        other => panic!("{other}"),
    }
}

#[cfg(unix)]
#[test]
fn links_to_nowhere_and_to_themselves_are_an_io_error() {
    for target in ["nowhere", "model.safetensors"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model.safetensors");
        std::os::unix::fs::symlink(target, &path).unwrap();
        assert!(matches!(refused(&path), Error::Io { .. }), "{target}");
    }
}

#[test]
fn a_tar_archive_is_refused() {
    let mut bytes = vec![0; 1024];
    bytes[257..262].copy_from_slice(b"ustar");
    let (_dir, path) = file("pytorch_model.bin", &bytes);
    assert!(refused(&path).to_string().contains("TAR"));
}

/// A copy of the sharded checkpoint whose index is `change`d.
fn sharded(change: impl FnOnce(String) -> String) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(fixture("sharded")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    let index = dir.path().join("model.safetensors.index.json");
    let text = fs::read_to_string(&index).unwrap();
    fs::write(&index, change(text)).unwrap();
    (dir, index)
}

const BIAS: &str = r#""cls.predictions.bias": "model-00003-of-00003.safetensors","#;

#[test]
fn an_index_stays_in_its_directory() {
    for target in [
        "../model.safetensors",
        "/etc/passwd",
        "a/b.safetensors",
        "..",
    ] {
        let line = BIAS.replace("model-00003-of-00003.safetensors", target);
        let (_dir, index) = sharded(|text| text.replace(BIAS, &line));
        let error = refused(&index);
        assert!(matches!(error, Error::Format { .. }), "{error}");
        assert!(error.to_string().contains(target), "{error}");
    }
}

#[test]
fn an_index_and_its_shards_must_agree() {
    let (_dir, index) = sharded(|text| text.replace("00003-of", "00009-of"));
    let error = TensorSource::open(&index).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    assert!(error.to_string().contains("00009-of"), "{error}");

    let other = BIAS.replace("00003-of", "00001-of");
    let (_dir, index) = sharded(|text| text.replace(BIAS, &other));
    let error = TensorSource::open(&index).unwrap_err();
    assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
    assert!(
        error.to_string().contains("`cls.predictions.bias`"),
        "{error}"
    );

    let (_dir, index) = sharded(|text| text.replace(BIAS, &format!("{BIAS}{other}")));
    assert!(refused(&index).to_string().contains("listed twice"));

    let (_dir, index) = sharded(|text| text.replace(BIAS, ""));
    let source = TensorSource::open(&index).unwrap();
    assert_eq!(source.unlisted(), ["cls.predictions.bias"]);
    assert_eq!(source.len(), 18);

    let (dir, index) = sharded(|text| text);
    fs::copy(
        dir.path().join("model-00002-of-00003.safetensors"),
        dir.path().join("model-00003-of-00003.safetensors"),
    )
    .unwrap();
    let error = TensorSource::open(index).unwrap_err();
    assert!(error.to_string().contains("is also in"), "{error}");
}

#[test]
fn indexes_of_other_shapes_are_refused() {
    for text in [
        "",
        "[]",
        "{}",
        r#"{"weight_map": {}}"#,
        r#"{"weight_map": {"a": 1}}"#,
    ] {
        let (_dir, path) = file("model.safetensors.index.json", text.as_bytes());
        assert!(matches!(refused(&path), Error::Format { .. }), "{text}");
    }
}
