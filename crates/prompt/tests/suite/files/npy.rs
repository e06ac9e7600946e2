//! NumPy's files.

use std::fs;
use std::path::Path;

use npyz::{Order, WriterBuilder};
use plm_prompt::io::load_npy;

use super::{bytes, prompt};

/// Writes `values` as the crate `npyz` does.
fn write<T: npyz::AutoSerialize + Copy>(path: &Path, shape: &[u64], order: Order, values: &[T]) {
    let mut file = Vec::new();
    let writer = npyz::WriteOptions::new().default_dtype().shape(shape);
    let mut writer = writer.order(order).writer(&mut file).begin_nd().unwrap();
    writer.extend(values.iter().copied()).unwrap();
    writer.finish().unwrap();
    fs::write(path, file).unwrap();
}

/// A file by hand: `version`, the text of the header, the numbers.
fn by_hand(version: u8, descr: &str, numbers: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (2, 3), }}\n");
    let mut file = b"\x93NUMPY".to_vec();
    file.extend([version, 0]);
    match version {
        1 => file.extend((text.len() as u16).to_le_bytes()),
        _ => file.extend((text.len() as u32).to_le_bytes()),
    }
    file.extend(text.as_bytes());
    file.extend(numbers);
    file
}

#[test]
fn every_layout_gives_the_same_prompt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prompt.npy");
    let prompt = prompt(2, 3);
    let rows = prompt.values();
    let columns: Vec<f32> = [0, 3, 1, 4, 2, 5].map(|at| rows[at]).to_vec();
    let wide = |values: &[f32]| {
        values
            .iter()
            .map(|&value| f64::from(value))
            .collect::<Vec<_>>()
    };
    write(&path, &[2, 3], Order::C, rows);
    assert_eq!(load_npy(&path).unwrap(), prompt);
    write(&path, &[2, 3], Order::Fortran, &columns);
    assert_eq!(load_npy(&path).unwrap(), prompt);
    write(&path, &[2, 3], Order::C, &wide(rows));
    assert_eq!(load_npy(&path).unwrap(), prompt);
    write(&path, &[2, 3], Order::Fortran, &wide(&columns));
    assert_eq!(load_npy(&path).unwrap(), prompt);
    let big: Vec<u8> = rows.iter().flat_map(|value| value.to_be_bytes()).collect();
    let wide: Vec<u8> = wide(rows)
        .iter()
        .flat_map(|value| value.to_be_bytes())
        .collect();
    for version in [1, 2, 3] {
        for (descr, numbers) in [("<f4", &bytes(rows)), (">f4", &big), (">f8", &wide)] {
            fs::write(&path, by_hand(version, descr, numbers)).unwrap();
            assert_eq!(load_npy(&path).unwrap(), prompt, "{version} {descr}");
        }
    }
}

#[test]
fn other_arrays_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prompt.npy");
    let refused = || {
        let error = load_npy(&path).unwrap_err().to_string();
        assert!(error.contains("prompt.npy"), "{error}");
        error
    };
    write(&path, &[6], Order::C, &[0.0_f32; 6]);
    assert!(refused().contains("[6], must be a table: a prompt has two axes"));
    write(&path, &[2, 3], Order::C, &[0_i32; 6]);
    assert!(refused().contains("read are f4 and f8"));
    write(&path, &[1, 2], Order::C, &[0.0_f64, 1e300]);
    assert!(refused().contains("value 1 is inf"));
    let good = by_hand(1, "<f4", &[0; 24]);
    fs::write(&path, &good[..good.len() - 1]).unwrap();
    assert!(refused().contains("says that 24 follow"));
    fs::write(&path, [good.as_slice(), &[0]].concat()).unwrap();
    assert!(refused().contains("says that 24 follow"));
    // No bytes, but more rows than anyone can loop over.
    let text = String::from_utf8_lossy(&good[10..good.len() - 24]);
    let huge = text
        .replace("(2, 3)", "(1000000000, 0)")
        .replace("False", "True");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((huge.len() as u16).to_le_bytes());
    file.extend(huge.as_bytes());
    fs::write(&path, file).unwrap();
    assert!(refused().contains("without elements"));
}
