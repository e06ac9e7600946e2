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
/// [`Error::Setting`] and [`Error::Core`] where `probe` was prepared for a model of more positions or words:
/// then nothing is written. [`Error::Core`] where the directory cannot be written or does not load strictly,
/// [`Error::Export`] where the scores differ by more, or one is no number: then the directory stays.
pub fn export(
    student: &Pretrained<EncoderForSequenceClassification>,
    dir: impl AsRef<Path>,
    options: &SaveOptions,
    probe: &Prepared<'_>,
    tolerance: f64,
    device: &Device,
) -> Result<ExportReport> {
    let dir = dir.as_ref();
    probe.check_model(&student.model.encoder.config)?;
    student.save(dir, options)?;
    let back = Pretrained::<EncoderForSequenceClassification>::load(dir, device)?;
    let before = predict(&student.model, probe, BATCH, device)?;
    let after = predict(&back.model, probe, BATCH, device)?;
    let difference = before
        .iter()
        .flatten()
        .zip(after.iter().flatten())
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, larger);
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

/// The larger of two, and NaN where one is: `f64::max` would pass over it.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_that_is_no_number_is_the_largest() {
        let largest = |gaps: [f64; 3]| gaps.into_iter().fold(0.0, larger);
        assert_eq!(largest([1.0, 3.0, 2.0]), 3.0);
        for place in 0..3 {
            let mut gaps = [1.0; 3];
            gaps[place] = f64::NAN;
            assert!(largest(gaps).is_nan(), "{place}");
        }
    }
}
