//! Files of NumPy, of the crate `npyz`, and of nobody.

use std::fs;
use std::path::PathBuf;

use npyz::{Order, WriterBuilder};
use proptest::prelude::*;

use super::{Array, read, write_f32};

fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/fixtures/npy", name]
        .iter()
        .collect()
}

/// What `make_arrays.py` puts into every fixture.
const VALUES: [f32; 6] = [0.5, -1.0, 2.0, 0.25, 3.0, -8.0];

/// A file with `content` in a folder of its own.
fn file(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("array.npy");
    fs::write(&path, content).unwrap();
    (folder, path)
}

#[test]
fn what_numpy_writes_is_read() {
    for name in ["f4_c", "f4_fortran", "f8_c", "f8_big_endian_fortran"] {
        let array = read(fixture(&format!("{name}.npy"))).unwrap();
        assert_eq!(array.table(), Ok([3, 2]), "{name}");
        assert_eq!(array.floats().unwrap(), VALUES, "{name}");
        assert!(array.element().is_float());
    }
    let list = read(fixture("i2_list.npy")).unwrap();
    assert_eq!(list.length(), Ok(3));
    assert_eq!(list.integers().unwrap(), [-2, 0, 300]);
}

#[test]
fn what_is_written_is_what_numpy_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("array.npy");
    write_f32(&path, [3, 2], &VALUES).unwrap();
    assert_eq!(
        fs::read(&path).unwrap(),
        fs::read(fixture("f4_c.npy")).unwrap()
    );
    let error = write_f32(&path, [2, 2], &VALUES).unwrap_err().to_string();
    assert!(error.contains("6 for a table of 2 x 2"), "{error}");
    assert!(write_f32(&path, [usize::MAX, 2], &VALUES).is_err());
}

#[test]
fn the_crate_npyz_agrees() {
    let (_folder, path) = file(&[]);
    write_f32(&path, [2, 3], &VALUES).unwrap();
    let bytes = fs::read(&path).unwrap();
    let theirs = npyz::NpyFile::new(&bytes[..]).unwrap();
    assert_eq!(theirs.shape(), [2, 3]);
    assert_eq!(theirs.into_vec::<f32>().unwrap(), VALUES);
    let mut content = Vec::new();
    let writer = npyz::WriteOptions::new().default_dtype().shape(&[2, 3]);
    let writer = writer.order(Order::Fortran).writer(&mut content);
    let mut writer = writer.begin_nd().unwrap();
    writer.extend([1_i64, 4, 2, 5, 3, 6]).unwrap();
    writer.finish().unwrap();
    fs::write(&path, content).unwrap();
    assert_eq!(read(&path).unwrap().integers().unwrap(), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn files_of_another_length_are_refused() {
    let good = fs::read(fixture("f4_c.npy")).unwrap();
    for content in [&good[..good.len() - 1], &[good.as_slice(), &[0]].concat()] {
        let (_folder, path) = file(content);
        let error = read(&path).unwrap_err().to_string();
        assert!(
            error.contains("array.npy") && error.contains("says that 24 follow"),
            "{error}"
        );
    }
    let text = String::from_utf8_lossy(&good[10..128]);
    for (shape, reason) in [
        ("(9000000000, 0)", "without elements"),
        ("(9000000000000000000, 3)", "than can be counted"),
    ] {
        let text = text.replace("(3, 2)", shape);
        let length = (text.len() as u16).to_le_bytes();
        let (_folder, path) = file(&[&good[..8], &length, text.as_bytes()].concat());
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

/// Whether the file of `content` is an array; it must not take the program down.
fn is_read(content: &[u8]) -> bool {
    let (_folder, path) = file(content);
    let numbers = |array: Array<'_>| (array.floats().is_ok(), array.integers().is_ok());
    read(&path).map(numbers).is_ok()
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_no_array(content in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(!is_read(&content));
        let start = b"\x93NUMPY\x01\x00\x10\x00";
        prop_assert!(!is_read(&[&start[..], &content].concat()));
    }

    #[test]
    fn a_changed_byte_never_panics(place in 0_usize..152, byte in any::<u8>()) {
        let mut content = fs::read(fixture("f8_c.npy")).unwrap();
        content[place] = byte;
        is_read(&content);
        prop_assert!(!is_read(&content[..place]));
    }

    #[test]
    fn what_is_written_is_read(columns in 1_usize..5, bits in prop::collection::vec(any::<u32>(), 0..40)) {
        let rows = bits.len() / columns;
        let values: Vec<f32> = bits[..rows * columns].iter().map(|&b| f32::from_bits(b)).collect();
        let (_folder, path) = file(&[]);
        write_f32(&path, [rows, columns], &values).unwrap();
        let array = read(&path).unwrap();
        prop_assert_eq!(array.table(), Ok([rows, columns]));
        let back: Vec<u32> = array.floats().unwrap().iter().map(|v| v.to_bits()).collect();
        prop_assert_eq!(&back[..], &bits[..rows * columns]);
    }
}
