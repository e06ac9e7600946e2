use burn::module::Module;
use burn::tensor::Device;
use plm_core::nn::DropoutMode;

use super::batch::Prepared;
use super::{CandidateSet, EventClassifier};
use crate::gin::Statistics;
use crate::{Error, Result};

/// The class of each candidate; none where its text does not fit into the encoder's length, which is
/// to be counted as a miss. The candidates' own classes are not looked at.
///
/// # Errors
/// [`Error::Core`] where a candidate does not fit model or sentence or has a score that is not finite,
/// graphs are missing, or `batch` is 0.
pub fn predict(
    model: &EventClassifier,
    set: CandidateSet<'_>,
    batch: usize,
    device: &Device,
) -> Result<Vec<Option<usize>>> {
    if batch == 0 {
        return Err(Error::invalid("batch", "is 0, must be positive"));
    }
    let device = device.clone().inner();
    let model = model.valid();
    let prepared = Prepared::new(&model, set)?;
    let lengths = prepared.lengths();
    let mut order: Vec<usize> = (0..prepared.usable.len()).collect();
    order.sort_by_key(|&row| lengths[row]);
    let mut classes = vec![None; set.candidates.len()];
    for rows in order.chunks(batch) {
        let batch = prepared.batch(&model, rows, &device)?;
        let logits = model.forward(&batch, Statistics::Running, DropoutMode::Off)?;
        let logits: Vec<f32> = logits.into_data().iter().collect();
        for (&row, scores) in rows.iter().zip(logits.chunks_exact(model.config.classes)) {
            let number = prepared.usable[row];
            if let Some(class) = scores.iter().position(|score| !score.is_finite()) {
                let reason = format!(
                    "class {class} has the score {}, must be finite",
                    scores[class]
                );
                return Err(Error::invalid(format!("candidate {number}"), reason));
            }
            let best = (0..scores.len())
                .rev()
                .max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
            classes[number] = best;
        }
    }
    Ok(classes)
}
