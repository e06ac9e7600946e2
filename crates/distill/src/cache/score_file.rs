//! Scores of all teachers in NumPy's `.npy` files, as MUKI's released code keeps them.
//!
//! An array of 32-bit floats `[examples, teachers]`, joined with the data set by position. It has neither
//! ids nor settings: nothing shows that a file is of other texts or teachers.

use std::path::Path;

use plm_core::check::{finite, same_size};
use plm_core::files::npy;

use crate::{Error, Result};

/// Writes `rows`, one for each example with one score for each teacher, to `path`.
///
/// # Errors
/// [`Error::Size`] where rows differ in length or have no score, [`Error::NotFinite`] for a score that is
/// no finite number; [`Error::Core`] where the file cannot be written.
pub fn export_npy(path: impl AsRef<Path>, rows: &[Vec<f32>]) -> Result<()> {
    let teachers = rows.first().map_or(0, Vec::len);
    for (example, row) in rows.iter().enumerate() {
        let what = format!("scores of example {example}");
        same_size(&what, row.len(), teachers.max(1))?;
        finite(&what, row.iter().copied())?;
    }
    Ok(npy::write_f32(
        path,
        [rows.len(), teachers],
        &rows.concat(),
    )?)
}

/// The scores in the file at `path`, one row for each example with one score for each teacher. 64-bit
/// floats, either byte order and either order of the axes are read, too.
///
/// # Errors
/// [`Error::Core`] where the file cannot be read or is no such array; [`Error::NotFinite`] for a score
/// that is no finite number.
pub fn import_npy(path: impl AsRef<Path>) -> Result<Vec<Vec<f32>>> {
    let path = path.as_ref();
    let array = npy::read(path)?;
    if !array.element().is_float() {
        let reason = format!(
            "elements of type {}; scores are of type f4 or f8",
            array.element()
        );
        return Err(Error::format(path, reason));
    }
    let format = |error: npy::ArrayError| Error::format(path, error.to_string());
    let [examples, teachers] = array.table().map_err(format)?;
    if teachers == 0 && examples > 0 {
        let reason = format!("{examples} examples without a score; there is one for each teacher");
        return Err(Error::format(path, reason));
    }
    let values = array.floats().map_err(format)?;
    let rows = values.chunks(teachers.max(1)).map(<[f32]>::to_vec);
    let rows: Vec<Vec<f32>> = rows.collect();
    for (example, row) in rows.iter().enumerate() {
        finite(
            format_args!("{}: scores of example {example}", path.display()),
            row.iter().copied(),
        )?;
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// What `numpy.save` writes for an array of `shape` with elements of type `descr`.
    fn saved(descr: &str, fortran: &str, shape: &str, values: &[u8]) -> Vec<u8> {
        let text =
            format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
        let mut file = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        file.extend(format!("{text:<117}\n").bytes());
        file.extend(values);
        file
    }

    fn bytes(values: &[f32]) -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    }

    #[test]
    fn files_are_those_of_numpy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.npy");
        let rows = vec![vec![0.25, 1.0], vec![0.5, 0.0], vec![0.125, 0.75]];
        export_npy(&path, &rows).unwrap();
        let written = fs::read(&path).unwrap();
        assert_eq!(
            written,
            saved("<f4", "False", "(3, 2)", &bytes(&rows.concat()))
        );
        assert_eq!(import_npy(&path).unwrap(), rows);
        let columns = [0.25_f64, 0.5, 0.125, 1.0, 0.0, 0.75];
        let columns: Vec<u8> = columns.iter().flat_map(|v| v.to_be_bytes()).collect();
        fs::write(&path, saved(">f8", "True", "(3, 2)", &columns)).unwrap();
        assert_eq!(import_npy(&path).unwrap(), rows);
        export_npy(&path, &[]).unwrap();
        assert_eq!(import_npy(&path).unwrap(), Vec::<Vec<f32>>::new());
    }

    #[test]
    fn what_is_no_score_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.npy");
        let export = |rows: &[Vec<f32>]| export_npy(&path, rows).unwrap_err().to_string();
        assert_eq!(
            export(&[vec![1.0], vec![]]),
            "scores of example 1: 0, expected 1"
        );
        assert_eq!(
            export(&[vec![], vec![]]),
            "scores of example 0: 0, expected 1"
        );
        let text = export(&[vec![1.0], vec![f32::NAN]]);
        assert!(
            text.starts_with("scores of example 1: value 0 is NaN"),
            "{text}"
        );
        assert!(!path.exists());
        for (content, reason) in [
            (
                saved("<f4", "False", "(2,)", &[0; 8]),
                "[2], must be a table",
            ),
            (
                saved("<i4", "False", "(2, 1)", &[0; 8]),
                "type i4; scores are",
            ),
            (
                saved("<f4", "False", "(2, 0)", &[]),
                "2 examples without a score",
            ),
            (
                saved("<f4", "False", "(2, 1)", &bytes(&[1.0, f32::NAN])),
                "example 1: value 0 is NaN",
            ),
            (
                saved("<f4", "False", "(2, 2)", &[0; 8]),
                "says that 16 follow",
            ),
            (b"0.5 0.5".to_vec(), "does not begin"),
        ] {
            fs::write(&path, content).unwrap();
            let error = import_npy(&path).unwrap_err().to_string();
            assert!(
                error.contains("scores.npy") && error.contains(reason),
                "{error}"
            );
        }
    }
}
