//! Writing a student that loads alone.

use std::path::Path;

use burn::tensor::Device;
use plm_core::checkpoint::{SaveOptions, TensorSource};
use plm_core::models::{EncoderForSequenceClassification, Pretrained};

use super::predict::{Prepared, predict};
use crate::{Error, Result};

/// Texts that the written student is checked with, at a time.
const BATCH: usize = 32;

/// What checking an exported student found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExportReport {
    /// Tensors in the file.
    pub tensors: usize,
    /// Largest difference of class scores between the student in memory and the one read back.
    pub difference: f64,
}

/// Writes `student` as a Hugging Face directory with its tokenizer and the names of its classes, reads it
/// back, and compares class scores on `probe`: they may differ by `tolerance`, which must not be 0 for
/// half-precision files.
///
/// # Errors
/// [`Error::Core`] where the directory cannot be written or does not load strictly, [`Error::Export`]
/// where the scores differ by more.
pub fn export(
    student: &Pretrained<EncoderForSequenceClassification>,
    dir: impl AsRef<Path>,
    options: &SaveOptions,
    probe: &Prepared<'_>,
    tolerance: f64,
    device: &Device,
) -> Result<ExportReport> {
    let dir = dir.as_ref();
    student.save(dir, options)?;
    let back = Pretrained::<EncoderForSequenceClassification>::load(dir, device)?;
    let before = predict(&student.model, probe, BATCH, device)?;
    let after = predict(&back.model, probe, BATCH, device)?;
    let difference = before
        .iter()
        .flatten()
        .zip(after.iter().flatten())
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max);
    // The comparison is false for NaN too.
    if difference <= tolerance && before.len() == after.len() {
        return Ok(ExportReport {
            tensors: TensorSource::open(dir)?.len(),
            difference,
        });
    }
    Err(Error::Export {
        path: dir.to_path_buf(),
        difference,
        tolerance,
    })
}
